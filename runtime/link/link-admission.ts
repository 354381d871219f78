import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.ts';

/** Of all owners; 0 before a link is made. */
export function breakerCounters(telemetry: Telemetry) {
  return {
    timesOpened: telemetry.counter('iris_breaker_opened_total', 'Times that sends to an owner began to be refused at once'),
    refusedAtOnce: telemetry.counter('iris_breaker_refused_total', 'Envelopes refused at once since their owner does not answer'),
  };
}

/** Whether sends to one owner are let through, told and counted. */
export class LinkAdmission {
  readonly breaker: CircuitBreaker;
  private readonly address: string;
  private readonly telemetry: Telemetry;
  private readonly counters: ReturnType<typeof breakerCounters>;

  constructor({ clock, telemetry }: { clock: Clock; telemetry: Telemetry }, address: string) {
    this.address = address;
    this.telemetry = telemetry;
    this.counters = breakerCounters(telemetry);
    this.breaker = new CircuitBreaker(clock, (state, reason) => this.changed(state, reason));
  }

  /** Undefined where a send is let through. */
  refusal(): Refusal | undefined {
    const retryAfterMs = this.breaker.admit();
    if (retryAfterMs === undefined) return undefined;
    this.counters.refusedAtOnce.value++;
    return { code: 'SHARD_UNAVAILABLE', message: `the shard’s owner at ${this.address} does not answer`, retryAfterMs };
  }

  private changed(state: BreakerState, reason: string): void {
    const fields = { address: this.address, state, reason };
    if (state === 'closed') this.telemetry.log.info('breaker-closed', fields);
    else this.telemetry.log.warn(state === 'open' ? 'breaker-opened' : 'breaker-tries', fields);
    if (state === 'open') this.counters.timesOpened.value++;
  }
}
