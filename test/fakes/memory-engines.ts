import { openDistributedStore } from '../../runtime/adapters/inbox-store-distributed.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { InboxStore, StoreBounds } from '../../runtime/ports/inbox-store.ts';
import type { Lease } from '../../runtime/ports/ownership.ts';
import { MemoryLogStorage } from '../../runtime/simulation/memory-group-log.ts';
import { MemoryRowStorage, type RowFaults } from '../../runtime/simulation/memory-group-rows.ts';
import { SeededRandom } from '../../runtime/simulation/seeded-random.ts';
import { ProcessClock, VirtualTime } from '../../runtime/simulation/virtual-time.ts';

const UNBOUNDED = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };

/** Time that passes as fast as it is waited for. */
export class HurriedTime {
  readonly time = new VirtualTime();
  private isStopped = false;

  constructor() {
    void this.run();
  }

  stop(): void {
    this.isStopped = true;
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      await this.time.run(this.time.nowMs + 50);
      await new Promise(setImmediate);
    }
  }
}

/** A lease that a test takes away. */
export class TestLease implements Lease {
  readonly epoch: number;
  isHeld = true;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  async release(): Promise<void> {
    this.isHeld = false;
  }
}

/** A group’s log and rows in memory, and the processes that own them one after the other. */
export class MemoryEngines {
  readonly hurried: HurriedTime;
  readonly log: MemoryLogStorage;
  readonly rows = new MemoryRowStorage();
  rowFaults: RowFaults = {};
  readonly heard: string[] = [];
  private lease: TestLease | undefined;
  private epoch = 0;

  constructor({ seed = 1, hurried = new HurriedTime() } = {}) {
    this.hurried = hurried;
    this.log = new MemoryLogStorage({ clock: this.clock(), random: new SeededRandom(seed) });
  }

  clock(): ProcessClock {
    return new ProcessClock(this.hurried.time);
  }

  /** Opens the store in the next epoch, when the lease before it is over. */
  async open({ bounds = { inbox: UNBOUNDED, outbox: UNBOUNDED }, clock = this.clock() as Clock } = {}): Promise<InboxStore> {
    if (this.lease?.isHeld === true) throw new IrisError('STATE_IN_USE', `the group is held in epoch ${this.lease.epoch}`);
    return await this.openAs(this.newLease(), { bounds, clock });
  }

  /** Takes the lease away from whoever has it. */
  newLease(): TestLease {
    if (this.lease !== undefined) this.lease.isHeld = false;
    this.lease = new TestLease(++this.epoch);
    return this.lease;
  }

  openAs(lease: TestLease, { bounds, clock }: { bounds: StoreBounds; clock: Clock }): Promise<InboxStore> {
    return openDistributedStore({
      log: this.log.open(clock),
      rows: this.rows.open(this.rowFaults),
      lease,
      clock,
      bounds,
      failed: (error) => this.heard.push(`failed: ${String(error)}`),
      broken: (reason) => this.heard.push(`broken: ${reason}`),
      lost: (reason) => this.heard.push(`lost: ${reason}`),
    });
  }
}
