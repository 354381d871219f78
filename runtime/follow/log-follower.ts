import type { StoredEnvelope } from '../ports/inbox-store.ts';

/** The log that is followed, and where its entries go. An object of its user’s, so that a reader costs no closures. */
export interface FollowedLog {
  /** One page after a position, ascending; an empty page means the end. */
  read(after: number): Promise<StoredEnvelope[]>;
  push(entry: StoredEnvelope): void;
  /** A read failed; the follower stands still until `retry`. */
  failed(error: unknown): void;
}

/**
 * Reads a log from a position to its tail and on: pages from the store while it is behind, envelopes from memory once it has caught up.
 * Each entry is pushed once, ascending. It stops at credit 0 and then falls back to the store, so a slow reader costs no memory (L8).
 */
export class LogFollower {
  private readonly log: FollowedLog;
  private after: number;
  private credit: number;
  private isLive = false;
  private isReading = false;
  private isStopped = false;
  /** Commits seen; a page read while this grew may not have been the end. */
  private commits = 0;

  /** Starts after a position, 0 for the beginning. */
  constructor(log: FollowedLog, { after, creditBytes }: { after: number; creditBytes: number }) {
    this.log = log;
    this.after = after;
    this.credit = creditBytes;
  }

  /** Position of the last entry pushed. */
  get pushedThrough(): number {
    return this.after;
  }

  /** Bytes it may still push; below 0 by at most one envelope. */
  get creditBytes(): number {
    return this.credit;
  }

  /** Begins to read; also goes on after a failed read. */
  start(): void {
    if (this.isStopped || this.isReading || this.isLive || this.credit <= 0) return;
    this.isReading = true;
    this.readOn().catch((error: unknown) => {
      this.isReading = false;
      this.log.failed(error);
    });
  }

  stop(): void {
    this.isStopped = true;
  }

  grant(bytes: number): void {
    this.credit += bytes;
    this.start();
  }

  /** The log grew by this entry; called after its commit, in order. */
  committed(entry: StoredEnvelope): void {
    this.commits++;
    if (this.isStopped || entry.position <= this.after) return;
    if (this.isLive && this.credit > 0) {
      this.give(entry);
      return;
    }
    this.isLive = false;
    this.start();
  }

  private async readOn(): Promise<void> {
    while (!this.isStopped && this.credit > 0) {
      const commits = this.commits;
      const page = await this.log.read(this.after);
      for (const entry of page) {
        if (this.isStopped || this.credit <= 0) break;
        this.give(entry);
      }
      if (page.length === 0 && commits === this.commits) {
        this.isLive = true;
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
