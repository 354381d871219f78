import { APPEND_TIMEOUT_MS, LATENCY_SAMPLE_MS } from '../contract/limits.ts';
import { Latency } from '../measure/latency.ts';
import type { Publisher } from '../ports/bus.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeStamp, STAMPS_PER_MS } from '../wire/envelope.ts';

/**
 * What clients of one edge wait for (O1): their login, the acknowledgement of a message, its delivery. Acknowledgements and deliveries are
 * sampled, one of each every LATENCY_SAMPLE_MS at most, so that a message costs a comparison and no look at the clock.
 */
export class SessionTimes {
  private readonly clock: Clock;
  private readonly loginCount: { value: number };
  private readonly logins: Latency;
  private readonly acknowledgements: Latency;
  private readonly deliveries: Latency;
  private sampled:
    | { readonly publisher: Publisher; readonly sequence: number; readonly sinceMs: number; readonly timeout: Timer }
    | undefined;
  private isSendDue = true;
  private isDeliveryDue = true;

  constructor(parts: { telemetry: Telemetry; clock: Clock }) {
    this.clock = parts.clock;
    this.loginCount = parts.telemetry.counter('iris_logins_total', 'Successful logins');
    this.logins = new Latency('iris_login', 'Milliseconds from a connection to its login', parts);
    this.acknowledgements = new Latency('iris_acknowledge', 'Milliseconds from a message to its acknowledgement', parts);
    this.deliveries = new Latency('iris_delivery', 'Milliseconds from a message at its sender’s edge to its reader’s', parts);
  }

  loggedIn(ms: number): void {
    this.loginCount.value++;
    this.logins.add(ms);
  }

  sent(publisher: Publisher, sequence: number): void {
    if (!this.isSendDue) return;
    this.isSendDue = false;
    // What was refused, or whose sender has gone, ends with its time.
    const timeout = this.clock.after(APPEND_TIMEOUT_MS, () => this.restSends());
    this.sampled = { publisher, sequence, sinceMs: this.clock.monotonicMs(), timeout };
  }

  acknowledged(publisher: Publisher, sequence: number, count: number): void {
    const { sampled } = this;
    if (sampled?.publisher !== publisher || sampled.sequence < sequence || sampled.sequence >= sequence + count) return;
    sampled.timeout.stop();
    this.acknowledgements.add(this.clock.monotonicMs() - sampled.sinceMs);
    this.restSends();
  }

  /** `sinceStamp` is the reader’s login: what it was away for has waited for it, not for us. Wall clocks of two edges are compared. */
  delivered(buffer: Buffer, at: number, sinceStamp: number): void {
    if (!this.isDeliveryDue) return;
    const stamp = envelopeStamp(buffer, at);
    if (stamp < sinceStamp) return;
    this.deliveries.add(Math.max(0, this.clock.nowMs() - stamp / STAMPS_PER_MS));
    this.isDeliveryDue = false;
    this.clock.after(LATENCY_SAMPLE_MS, () => {
      this.isDeliveryDue = true;
    });
  }

  private restSends(): void {
    this.sampled = undefined;
    this.clock.after(LATENCY_SAMPLE_MS, () => {
      this.isSendDue = true;
    });
  }
}
