import type { Clock } from '../ports/clock.ts';
import { STAMPS_PER_MS } from '../wire/envelope.ts';

/** Hybrid logical clock of one edge: stamps grow even where the wall clock stands or jumps back (X17). */
export class Stamps {
  private readonly clock: Clock;
  private last = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  next(): number {
    this.last = Math.max(this.last + 1, this.clock.nowMs() * STAMPS_PER_MS);
    return this.last;
  }
}
