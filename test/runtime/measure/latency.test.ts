import { LATENCY_SAMPLES_MAX, LATENCY_WINDOW_MS } from '../../../runtime/contract/limits.ts';
import { Latency } from '../../../runtime/measure/latency.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

function latency() {
  const [clock, telemetry] = [new ManualClock(), new MemoryTelemetry()];
  return { clock, telemetry, one: new Latency('iris_work', 'Work', { clock, telemetry }) };
}

describe('a latency', () => {
  it('tells the percentiles of its samples', () => {
    const { telemetry, one } = latency();
    for (let ms = 1; ms <= 100; ms++) one.add(ms);
    expect(['p50', 'p95', 'p99'].map((p) => telemetry.value(`iris_work_${p}_ms`))).toEqual([50, 95, 99]);
  });

  it('has no figure without samples, and none of what is over a minute old', async () => {
    const { clock, telemetry, one } = latency();
    expect(telemetry.value('iris_work_p95_ms')).toBeNaN();
    one.add(7);
    await clock.advance(LATENCY_WINDOW_MS - 1);
    one.add(3);
    expect(telemetry.value('iris_work_p99_ms')).toBe(7);
    await clock.advance(1);
    expect(telemetry.value('iris_work_p99_ms')).toBe(3);
  });

  it('keeps the newest samples when there are more than it holds (L7: its memory is bounded)', () => {
    const { telemetry, one } = latency();
    for (let i = 0; i < LATENCY_SAMPLES_MAX; i++) one.add(1_000);
    for (let i = 0; i < LATENCY_SAMPLES_MAX; i++) one.add(1);
    expect(telemetry.value('iris_work_p99_ms')).toBe(1);
  });
});
