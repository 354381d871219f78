import { openDistributedStore } from '../adapters/inbox-store-distributed.ts';
import { FileOwnership } from '../adapters/ownership-file.ts';
import { IrisError } from '../contract/errors.ts';
import { INBOX_BYTES_MAX, INBOX_ENVELOPES_MAX, OUTBOX_BYTES_MAX, OUTBOX_ENVELOPES_MAX } from '../contract/limits.ts';
import type { GroupLog } from '../ports/group-log.ts';
import type { StoreBounds } from '../ports/inbox-store.ts';
import { MemoryLogStorage, NO_LOG_FAULTS } from './memory-group-log.ts';
import { MemoryRowStorage, type RowFaults } from './memory-group-rows.ts';
import type { NodeStorage, StoreAccess, StoreUser } from './node-storage.ts';
import { ProcessDisk } from './process-disk.ts';
import { SectorDisk } from './sector-disk.ts';
import type { SeededRandom } from './seeded-random.ts';
import { ProcessClock, type VirtualTime } from './virtual-time.ts';

const BOUNDS: StoreBounds = {
  inbox: { envelopesMax: INBOX_ENVELOPES_MAX, bytesMax: INBOX_BYTES_MAX },
  outbox: { envelopesMax: OUTBOX_ENVELOPES_MAX, bytesMax: OUTBOX_BYTES_MAX },
};
/** Of produce requests, while nothing else is wrong with the log. */
const LOG_FAULTS = { refused: 0.0005, lost: 0.001, late: 0.001, doubled: 0.01 };
/** One call in so many fails, and one change in so many ends its `apply` half done. */
const CALLS_OF_A_FAILURE = 400;
const CHANGES_OF_A_FAILURE = 4_000;
/** Milliseconds of a call. */
const CALL_MS = 4;
const LEASE_DISK_BYTES = 1_048_576;

/** What one process has under way. */
interface UnderWay {
  appends: number;
  reads: number;
}

/** A group’s log and rows on engines that outlive its processes and lose nothing, with what such engines do wrong. */
export class EngineStorage implements NodeStorage {
  private readonly time: VirtualTime;
  private readonly random: SeededRandom;
  private readonly log: MemoryLogStorage;
  private readonly rows = new MemoryRowStorage();
  /** Where leases stand: it keeps what was written, as a quorum does. */
  private readonly leases: SectorDisk;
  private readonly processes = new Map<string, UnderWay>();
  private rowsAwayUntilMs = 0;
  private isCalm = false;

  constructor(time: VirtualTime, random: SeededRandom) {
    this.time = time;
    this.random = random;
    this.log = new MemoryLogStorage({ clock: new ProcessClock(time), random });
    this.log.faults = LOG_FAULTS;
    this.leases = new SectorDisk({ random, capacityBytes: LEASE_DISK_BYTES });
  }

  access({ clock, holder }: StoreUser): StoreAccess {
    const { random } = this;
    const disk = new ProcessDisk(this.leases, { clock, random, isSlow: () => false });
    const underWay = { appends: 0, reads: 0 };
    this.processes.set(holder, underWay);
    const epochInLog = async () => this.rows.checkpoint?.epoch ?? 0;
    return {
      ownership: (lost) => new FileOwnership({ disk, clock, holder, directory: '/leases', epochInLog, lost }),
      openStore: (lease, hearer) => {
        const log = counted(this.log.open(clock), underWay);
        return openDistributedStore({ log, rows: this.rows.open(this.faultsOf(clock, underWay)), lease, clock, bounds: BOUNDS, ...hearer });
      },
    };
  }

  isCommitting(holder: string): boolean {
    return (this.processes.get(holder)?.appends ?? 0) > 0;
  }

  isReading(holder: string): boolean {
    return (this.processes.get(holder)?.reads ?? 0) > 0;
  }

  processEnded(holder: string): void {
    this.processes.delete(holder);
  }

  /** The engines have machines of their own. */
  losePower(): void {
    // Nothing is lost.
  }

  /** The log is away. */
  fillUntil(atMs: number): void {
    this.log.awayUntilMs = atMs;
  }

  /** The rows are away. */
  slowUntil(atMs: number): void {
    this.rowsAwayUntilMs = atMs;
  }

  /** Engines fail by themselves, all the time. */
  failSome(): boolean {
    return false;
  }

  calm(): void {
    this.isCalm = true;
    this.log.faults = NO_LOG_FAULTS;
  }

  /** Engines check what they keep, and have copies. */
  flip(): undefined {
    return undefined;
  }

  private faultsOf(clock: ProcessClock, underWay: UnderWay): RowFaults {
    const { random } = this;
    const fails = (oneIn: number) => !this.isCalm && random.oneIn(oneIn);
    const answer = () => {
      if (this.time.nowMs < this.rowsAwayUntilMs || fails(CALLS_OF_A_FAILURE))
        throw new IrisError('ENGINE_UNAVAILABLE', 'the rows are away');
    };
    const waitFor = async (call: string, ms: number) => {
      const reads = call.startsWith('read') ? 1 : 0;
      underWay.reads += reads;
      await pause(clock, ms);
      if (!clock.step()) await never();
      underWay.reads -= reads;
      answer();
    };
    return {
      before: (call) => waitFor(call, random.between(0.1, CALL_MS)),
      endsHere: () => !clock.step() || fails(CHANGES_OF_A_FAILURE),
      after: async () => {
        if (!clock.step()) await never();
        answer();
      },
    };
  }
}

function counted(log: GroupLog, underWay: UnderWay): GroupLog {
  return {
    name: log.name,
    entryBytesMax: log.entryBytesMax,
    durability: log.durability,
    read: (offset) => log.read(offset),
    close: () => log.close(),
    append: async (entries) => {
      underWay.appends++;
      try {
        return await log.append(entries);
      } finally {
        underWay.appends--;
      }
    },
  };
}

function pause(clock: ProcessClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

/** The process has ended meanwhile. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}
