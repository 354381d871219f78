import type { Clock } from '../ports/clock.ts';
import { STAMPS_PER_MS } from '../wire/envelope.ts';

/** Hybrid logical clock of one edge: stamps grow even where the wall clock stands or jumps back (X17). */
export class Stamps {
  private readonly clock: Clock;
  private last = 0;
  private lookedMs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  next(): number {
    this.look();
    return this.nextAsLooked();
  }

  /** Looks at the clock, for all that came in one read of a socket. */
  look(): void {
    this.lookedMs = this.clock.nowMs();
  }

  /** By the last look: who asks for each message of a read has looked when it came. */
  nextAsLooked(): number {
    this.last = Math.max(this.last + 1, this.lookedMs * STAMPS_PER_MS);
    return this.last;
  }
}
