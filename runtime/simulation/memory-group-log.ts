import { AppendQueue, LOG_ENTRY_BYTES_MAX } from '../adapters/append-queue.ts';
import { IrisError } from '../contract/errors.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { GroupLog, LogEntry } from '../ports/group-log.ts';
import { Durability } from '../wire/durability.ts';

/** Shares of produce requests, 0 to 1, that go wrong in a way the port allows; their sum is 1 at most. */
export interface LogFaults {
  /** Nothing is stored, and the owner hears so. */
  readonly refused: number;
  /** Stored, but the answer is lost. */
  readonly lost: number;
  /** The owner hears that it failed; the entries come later, behind whatever has come meanwhile. */
  readonly late: number;
  /** Stored twice, as by a driver that tries again without the broker’s help. */
  readonly doubled: number;
}

export const NO_LOG_FAULTS: LogFaults = { refused: 0, lost: 0, late: 0, doubled: 0 };
/** Milliseconds for a quorum to store a part, after which a late one comes at most, and after which its owner hears that it failed. */
const STORE_MS = 4;
const LATE_MS = 30_000;
const FAILED_MS = 18_000;
/** Bytes of a part that is read. */
const READ_BYTES = 4 * 1_048_576;

/** What a cluster keeps of one group’s log: it outlives the processes that append. Its clock is the cluster’s. */
export class MemoryLogStorage {
  readonly entries: LogEntry[] = [];
  faults: LogFaults = NO_LOG_FAULTS;
  /** By its clock’s monotonic time; nothing is stored or read before. */
  awayUntilMs = 0;
  private end = 0;
  private start = 0;
  private readonly clock: Clock;
  private readonly random: Random;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.clock = clock;
    this.random = random;
  }

  /** @param clock of the process: when that is dead, no answer arrives any more */
  open(clock: Clock): GroupLog {
    const queue = new AppendQueue((part) => this.store(part, clock));
    return {
      name: 'a log in memory',
      entryBytesMax: LOG_ENTRY_BYTES_MAX,
      durability: Durability.D2q,
      append: (entries) => queue.append(entries),
      read: (offset) => this.read(offset, clock),
      close: async () => queue.close(new IrisError('ENGINE_UNAVAILABLE', 'the log is closed')),
    };
  }

  /** Retention: what lies before `offset` goes. */
  removeBefore(offset: number): void {
    this.start = offset;
    const kept = this.entries.findIndex((entry) => entry.offset >= offset);
    this.entries.splice(0, kept === -1 ? this.entries.length : kept);
  }

  private async store(part: readonly Buffer[], clock: Clock): Promise<number> {
    await wait(this.clock, this.random.fraction() * STORE_MS);
    const fault = this.random.fraction();
    const { refused, lost, late, doubled } = this.faults;
    if (this.isAway || fault < refused) return this.failed(clock);
    if (fault < refused + late) {
      this.clock.after(this.random.fraction() * LATE_MS, () => this.put(part));
      return this.failed(clock);
    }
    const last = this.put(part);
    if (fault < refused + late + lost) return this.failed(clock);
    if (fault < refused + late + lost + doubled) this.put(part);
    await wait(clock, this.random.fraction());
    return last;
  }

  private async failed(clock: Clock): Promise<never> {
    await wait(clock, FAILED_MS);
    throw unavailable();
  }

  private put(part: readonly Buffer[]): number {
    for (const body of part) this.entries.push({ offset: this.end++, body: Buffer.from(body) });
    const last = this.end - 1;
    // An engine’s own records take offsets too.
    if (this.random.fraction() < 0.1) this.end++;
    return last;
  }

  private async *read(offset: number, clock: Clock): AsyncGenerator<readonly LogEntry[]> {
    const { start, end } = this;
    if (offset < start) throw new IrisError('ENGINE_INVALID', `the log begins at ${start}, asked for ${offset}: entries are gone`);
    if (offset > end) throw new IrisError('ENGINE_INVALID', `the log ends at ${end}, asked for ${offset}: it was made anew`);
    let next = offset;
    for (;;) {
      await wait(clock, this.random.fraction());
      if (this.isAway) throw unavailable();
      const part = this.part(next, end);
      const last = part.at(-1);
      if (last === undefined) return;
      next = last.offset + 1;
      yield part;
    }
  }

  private part(from: number, end: number): LogEntry[] {
    const part: LogEntry[] = [];
    let bytes = 0;
    for (const entry of this.entries) {
      if (entry.offset < from) continue;
      bytes += entry.body.length;
      if (entry.offset >= end || (part.length > 0 && bytes > READ_BYTES)) break;
      part.push(entry);
    }
    return part;
  }

  private get isAway(): boolean {
    return this.clock.monotonicMs() < this.awayUntilMs;
  }
}

function unavailable(): IrisError {
  return new IrisError('ENGINE_UNAVAILABLE', 'the log is away');
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
