import type { Clock } from '../ports/clock.ts';

/** Recipients whose last sequence is remembered. */
const REMEMBERED_MAX = 100_000;
/** Milliseconds it is remembered: well inside the server’s seven days, outside any usual delay between regions. GIVEN_UP_MS of owners is not below it. */
const REMEMBERED_MS = 24 * 3_600_000;

/**
 * The last sequence sent to each recipient. It travels with the next message, so that the recipient’s owner can tell a message that
 * came too early (L3).
 */
export class Predecessors {
  private readonly clock: Clock;
  private readonly last = new Map<string, { sequence: number; atMs: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Remembers the new last sequence and returns the one before it, 0 when there is none. */
  replace(recipient: string, sequence: number): number {
    const nowMs = this.clock.monotonicMs();
    const previous = this.last.get(recipient);
    this.last.delete(recipient);
    this.last.set(recipient, { sequence, atMs: nowMs });
    if (this.last.size > REMEMBERED_MAX) this.forgetOldest();
    return previous === undefined || nowMs - previous.atMs > REMEMBERED_MS ? 0 : previous.sequence;
  }

  /** The message was not stored and will not be sent again: the next one follows what came before it. */
  restore(recipient: string, sequence: number, previous: number): void {
    const last = this.last.get(recipient);
    if (last?.sequence === sequence) this.last.set(recipient, { sequence: previous, atMs: last.atMs });
  }

  private forgetOldest(): void {
    for (const recipient of this.last.keys()) {
      this.last.delete(recipient);
      return;
    }
  }
}
