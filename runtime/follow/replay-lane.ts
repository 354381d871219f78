import * as limits from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';

/** One reader in the slow lane. */
export interface Lagging {
  /** Whose inbox it reads, all buckets alike; undefined for what is no user’s. */
  readonly owner?: string | undefined;
  /** Bytes it was given turns for and may not have taken yet; kept by the lane. */
  underWayBytes: number;
  /** When these count no longer. */
  overMs: number;
}

interface Waiting {
  readonly reader: Lagging;
  readonly resolve: (bytes: number) => void;
}

/**
 * The slow lane of a core: readers far behind take turns, a page each, round robin. While nothing is pushed live they go as fast as the
 * events between them allow; while something is, they share REPLAY_BYTES_PER_MS and have REPLAY_UNDER_WAY_BYTES on the links, so that a
 * backlog delays no one, also where the edge is slower than the core (D6). A reader that takes nothing for REPLAY_SETTLE_MS stands
 * behind its own client and counts no longer, so a turn always comes.
 */
export class ReplayLane {
  private readonly clock: Clock;
  private readonly waiting: Waiting[] = [];
  private readonly underWay = new Set<Lagging>();
  private underWayBytes = 0;
  private isScheduled = false;
  /** Turns that are still given at the slow pace, since something was pushed live. */
  private slowTurns = 0;
  /** The one whom they were pushed to; undefined when there were several. */
  private liveOwner: string | undefined;
  private lastMs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.lastMs = clock.monotonicMs();
  }

  /** Readers that wait for their turn: one entry each, so bounded by the readers attached (L8). */
  get length(): number {
    return this.waiting.length;
  }

  /** Something was pushed as it came. Who is pushed to live from some buckets delays nobody by catching up with the others. */
  pushedLive(owner?: string): void {
    if (this.slowTurns === 0) this.liveOwner = owner;
    else if (this.liveOwner !== owner) this.liveOwner = undefined;
    this.slowTurns = limits.REPLAY_SLOW_TURNS;
  }

  private get isSlow(): boolean {
    if (this.slowTurns === 0) return false;
    const { liveOwner } = this;
    return liveOwner === undefined || this.waiting.some(({ reader }) => reader.owner !== liveOwner);
  }

  /** Resolves when it is the reader’s turn to read one page, with the bytes it may have. */
  turn(reader: Lagging): Promise<number> {
    return new Promise((resolve) => {
      this.waiting.push({ reader, resolve });
      if (!this.isScheduled) this.schedule();
    });
  }

  /** The reader has taken so many bytes, or will never take them. */
  settle(reader: Lagging, bytes: number): void {
    const settled = Math.min(bytes, reader.underWayBytes);
    reader.underWayBytes -= settled;
    this.underWayBytes -= settled;
    if (reader.underWayBytes === 0) this.underWay.delete(reader);
  }

  private schedule(): void {
    this.isScheduled = true;
    if (this.isSlow) this.clock.after(limits.REPLAY_PAUSE_MS, () => this.give());
    else this.clock.soon(() => this.give());
  }

  private give(): void {
    const now = this.clock.monotonicMs();
    this.isScheduled = false;
    const bytes = this.isSlow ? this.slowShare(now) : limits.REPLAY_BYTES_AT_ONCE;
    if (bytes > 0) {
      this.lastMs = now;
      if (this.slowTurns > 0) this.slowTurns--;
      this.share(bytes, now);
    }
    if (this.waiting.length > 0) this.schedule();
  }

  /** What may be read now beside live pushes: a turn at least, unless enough is under way. */
  private slowShare(now: number): number {
    for (const reader of this.underWay) if (reader.overMs <= now) this.settle(reader, reader.underWayBytes);
    if (this.underWayBytes >= limits.REPLAY_UNDER_WAY_BYTES) return 0;
    const earned = Math.max(limits.REPLAY_TURN_BYTES, (now - this.lastMs) * limits.REPLAY_BYTES_PER_MS);
    return Math.min(earned, limits.REPLAY_UNDER_WAY_BYTES);
  }

  private share(bytes: number, now: number): void {
    const served = this.waiting.splice(0, Math.floor(bytes / limits.REPLAY_TURN_BYTES));
    for (const { reader, resolve } of served) {
      const each = bytes / served.length;
      reader.underWayBytes += each;
      reader.overMs = now + limits.REPLAY_SETTLE_MS;
      this.underWay.add(reader);
      this.underWayBytes += each;
      resolve(each);
    }
  }
}
