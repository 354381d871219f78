import { BREAKER_DOWN_MS, BREAKER_FAILURES, BREAKER_OPEN_FIRST_MS, BREAKER_OPEN_LAST_MS, BREAKER_PROBE_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * Stops sends toward an owner that does not answer, so that they are refused at once instead of waiting for APPEND_TIMEOUT_MS each (R20).
 *
 *   closed    -> open       BREAKER_FAILURES in a row, or the link is down for BREAKER_DOWN_MS
 *   open      -> half-open  the link is up, and the wait after failures is over
 *   half-open -> closed     the one probe it lets through is answered
 *   half-open -> open       the probe fails, or the link breaks
 *
 * A break shorter than BREAKER_DOWN_MS is bridged by waiting, as if there were no breaker.
 */
export class CircuitBreaker {
  state: BreakerState = 'closed';
  private readonly clock: Clock;
  private readonly changed: (state: BreakerState, reason: string) => void;
  private failures = 0;
  private openMs = BREAKER_OPEN_FIRST_MS;
  private openUntilMs = 0;
  /** Undefined while the link is up. */
  private downSinceMs: number | undefined;
  private isProbing = false;

  /** The link is down at first. */
  constructor(clock: Clock, changed: (state: BreakerState, reason: string) => void) {
    this.clock = clock;
    this.changed = changed;
    this.downSinceMs = clock.monotonicMs();
  }

  /** Lets a send through, which in `half-open` is the probe, or says after how many milliseconds to try again. */
  admit(): number | undefined {
    if (this.state === 'closed') {
      if (this.downSinceMs === undefined) return undefined;
      const downMs = this.clock.monotonicMs() - this.downSinceMs;
      if (downMs < BREAKER_DOWN_MS) return undefined;
      this.become('open', `the link is down for ${Math.round(downMs)} ms`);
    }
    if (this.state === 'open') {
      const leftMs = this.openUntilMs - this.clock.monotonicMs();
      if (this.downSinceMs !== undefined || leftMs > 0) return Math.max(leftMs, BREAKER_OPEN_FIRST_MS);
      this.become('half-open', 'the wait is over');
    }
    if (this.isProbing) return BREAKER_PROBE_MS;
    this.isProbing = true;
    return undefined;
  }

  linkUp(): void {
    this.downSinceMs = undefined;
    if (this.state === 'open') this.become('half-open', 'the link is up');
  }

  linkDown(): void {
    this.downSinceMs ??= this.clock.monotonicMs();
    if (this.state === 'half-open') this.become('open', 'the link broke');
  }

  /** The owner answered. */
  succeeded(): void {
    this.failures = 0;
    if (this.state === 'closed') return;
    this.openMs = BREAKER_OPEN_FIRST_MS;
    this.become('closed', 'the owner answered');
  }

  /** So many sends were not answered in time, or not taken by an owner in trouble. */
  failed(count: number): void {
    this.failures += count;
    if (this.state === 'open' || count === 0 || (this.state === 'closed' && this.failures < BREAKER_FAILURES)) return;
    this.openUntilMs = this.clock.monotonicMs() + this.openMs;
    this.openMs = Math.min(this.openMs * 2, BREAKER_OPEN_LAST_MS);
    this.become('open', `${this.failures} sends in a row failed`);
  }

  private become(state: BreakerState, reason: string): void {
    this.state = state;
    this.isProbing = false;
    this.changed(state, reason);
  }
}
