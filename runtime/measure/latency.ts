import { LATENCY_SAMPLES_MAX, LATENCY_WINDOW_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/**
 * How long one kind of work takes: `<name>_p50_ms`, `_p95_ms` and `_p99_ms` of the newest LATENCY_SAMPLES_MAX samples of the last
 * LATENCY_WINDOW_MS; NaN while there are none, so that a silent node does not repeat what was.
 */
export class Latency {
  private readonly clock: Clock;
  private readonly takenMs = new Float64Array(LATENCY_SAMPLES_MAX).fill(Number.NEGATIVE_INFINITY);
  private readonly samples = new Float64Array(LATENCY_SAMPLES_MAX);
  private next = 0;

  constructor(name: string, what: string, { telemetry, clock }: { telemetry: Telemetry; clock: Clock }) {
    this.clock = clock;
    for (const percent of [50, 95, 99]) {
      telemetry.gauge(`${name}_p${percent}_ms`, `${what}, percentile ${percent} of the last minute`, () => this.percentile(percent));
    }
  }

  add(ms: number): void {
    this.takenMs[this.next] = this.clock.monotonicMs();
    this.samples[this.next] = ms;
    this.next = (this.next + 1) % LATENCY_SAMPLES_MAX;
  }

  percentile(percent: number): number {
    const since = this.clock.monotonicMs() - LATENCY_WINDOW_MS;
    const fresh = this.samples.filter((_, index) => (this.takenMs[index] as number) > since).sort();
    return fresh[Math.ceil((fresh.length * percent) / 100) - 1] ?? Number.NaN;
  }
}
