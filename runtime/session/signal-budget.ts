import { SIGNALS_BURST_MAX, SIGNALS_PER_SECOND } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * How many frames beside messages a session may still send: reads, status and presence queries, typing. They cost an owner work without an
 * answer that would slow their sender down (A8).
 */
export class SignalBudget {
  private readonly clock: Clock;
  private left = SIGNALS_BURST_MAX;
  private countedMs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.countedMs = clock.monotonicMs();
  }

  /** False when it is used up. */
  take(): boolean {
    const nowMs = this.clock.monotonicMs();
    this.left = Math.min(SIGNALS_BURST_MAX, this.left + ((nowMs - this.countedMs) * SIGNALS_PER_SECOND) / 1_000);
    this.countedMs = nowMs;
    if (this.left < 1) return false;
    this.left--;
    return true;
  }
}
