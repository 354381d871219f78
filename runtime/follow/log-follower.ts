import { REPLAY_FREE_BYTES } from '../contract/limits.ts';
import type { StoredEnvelope } from '../ports/inbox-store.ts';
import type { Lagging, ReplayLane } from './replay-lane.ts';

/** The log that is followed, and where its entries go. An object of its user’s, so that a reader costs no closures. */
export interface FollowedLog {
  /** Whose inbox it is; undefined for what is no user’s. */
  readonly owner?: string;
  /** One page of about `bytesMax` after a position, ascending; an empty page means the end. */
  read(after: number, bytesMax: number): Promise<StoredEnvelope[]>;
  push(entry: StoredEnvelope): void;
  /** Everything stored has been pushed; comes again after each time that it fell behind. */
  caughtUp?(): void;
  /** A read failed; the follower stands still until `retry`. */
  failed(error: unknown): void;
}

/**
 * Reads a log from a position to its tail and on: pages from the store while it is behind, envelopes from memory once it has caught up.
 * Each entry is pushed once, ascending. It stops at credit 0 and then falls back to the store, so a slow reader costs no memory (L8).
 */
export class LogFollower implements Lagging {
  private readonly log: FollowedLog;
  private readonly lane: ReplayLane;
  private after: number;
  private credit: number;
  private isLive = false;
  private isBegun = false;
  private isReading = false;
  private isStopped = false;
  /** What the lane keeps of it; and the bytes of its turn that are left, when it takes turns. */
  underWayBytes = 0;
  overMs = 0;
  private turnBytes = REPLAY_FREE_BYTES;
  /** Bytes read since it was last at the tail. */
  private behindBytes = 0;
  /** Commits seen; a page read while this grew may not have been the end. */
  private commits = 0;

  /** Starts after a position, 0 for the beginning. */
  constructor(log: FollowedLog, { lane, after, creditBytes }: { lane: ReplayLane; after: number; creditBytes: number }) {
    this.log = log;
    this.lane = lane;
    this.after = after;
    this.credit = creditBytes;
  }

  get owner(): string | undefined {
    return this.log.owner;
  }

  /** Position of the last entry pushed. */
  get pushedThrough(): number {
    return this.after;
  }

  /** Bytes it may still push; below 0 by at most one envelope. */
  get creditBytes(): number {
    return this.credit;
  }

  /** True while everything stored has been pushed. */
  get isAtEnd(): boolean {
    return this.isLive;
  }

  /** Begins to read; also goes on after a failed read. */
  start(): void {
    this.isBegun = true;
    if (this.isStopped || this.isReading || this.isLive || this.credit <= 0) return;
    this.isReading = true;
    this.readOn().catch((error: unknown) => {
      this.isReading = false;
      this.log.failed(error);
    });
  }

  stop(): void {
    this.isStopped = true;
    this.lane.settle(this, this.underWayBytes);
  }

  grant(bytes: number): void {
    this.credit += bytes;
    if (this.underWayBytes > 0) this.lane.settle(this, bytes);
    // Credit may come before the reading begins; what is committed until then is read from the store.
    if (this.isBegun) this.start();
  }

  /** Uses up credit for something pushed beside the log. */
  charge(bytes: number): void {
    this.credit -= bytes;
  }

  /** The log grew by this entry; called after its commit, in order. */
  committed(entry: StoredEnvelope): void {
    this.commits++;
    if (this.isStopped || entry.position <= this.after) return;
    if (this.isLive && this.credit > 0) {
      this.lane.pushedLive(this.log.owner);
      this.give(entry);
      return;
    }
    this.isLive = false;
    this.start();
  }

  private async readOn(): Promise<void> {
    while (!this.isStopped && this.credit > 0) {
      // A read of no bytes would find nothing, and pass for the end of the log.
      if (this.behindBytes >= REPLAY_FREE_BYTES || this.turnBytes <= 0) this.turnBytes = await this.lane.turn(this);
      if (this.isStopped || this.credit <= 0) break;
      const commits = this.commits;
      const page = await this.log.read(this.after, Math.min(this.credit, this.turnBytes));
      for (const entry of page) {
        if (this.isStopped || this.credit <= 0) break;
        this.behindBytes += entry.envelope.length;
        this.turnBytes -= entry.envelope.length;
        this.give(entry);
      }
      if (this.turnBytes > 0) this.lane.settle(this, this.turnBytes);
      if (page.length === 0 && commits === this.commits) {
        this.isLive = true;
        this.behindBytes = 0;
        this.lane.settle(this, this.underWayBytes);
        this.turnBytes = REPLAY_FREE_BYTES;
        this.log.caughtUp?.();
        break;
      }
    }
    this.isReading = false;
  }

  private give(entry: StoredEnvelope): void {
    this.after = entry.position;
    this.credit -= entry.envelope.length;
    this.log.push(entry);
  }
}
