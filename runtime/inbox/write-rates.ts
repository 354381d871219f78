import { RATE_SAMPLE_MESSAGES, RATED_INBOXES_MAX } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * How many messages a second each inbox takes, from every RATE_SAMPLE_MESSAGES-th message of the core: a cold inbox costs an addition, a
 * hot one is known to some percent.
 */
export class WriteRates {
  private readonly clock: Clock;
  private samples = new Map<string, number>();
  private rates = new Map<string, number>();
  private sinceMs: number;
  private left = RATE_SAMPLE_MESSAGES;

  constructor(clock: Clock) {
    this.clock = clock;
    this.sinceMs = clock.monotonicMs();
  }

  /** `inbox` is one byte a character. */
  took(inbox: string, messages: number): void {
    this.left -= messages;
    if (this.left > 0) return;
    const samples = 1 + Math.floor(-this.left / RATE_SAMPLE_MESSAGES);
    this.left += samples * RATE_SAMPLE_MESSAGES;
    const known = this.samples.get(inbox);
    if (known === undefined && this.samples.size >= RATED_INBOXES_MAX) return;
    this.samples.set(inbox, (known ?? 0) + samples);
  }

  /** Ends a window: `of` and `above` speak of it until the next one ends. */
  turn(): void {
    const nowMs = this.clock.monotonicMs();
    const seconds = Math.max(0.001, (nowMs - this.sinceMs) / 1_000);
    this.rates = new Map([...this.samples].map(([inbox, samples]) => [inbox, (samples * RATE_SAMPLE_MESSAGES) / seconds]));
    this.samples = new Map();
    this.sinceMs = nowMs;
  }

  /** Messages a second in the last window. */
  of(inbox: string): number {
    return this.rates.get(inbox) ?? 0;
  }

  above(messagesPerSecond: number): [inbox: string, messagesPerSecond: number][] {
    return [...this.rates].filter(([, rate]) => rate > messagesPerSecond);
  }
}
