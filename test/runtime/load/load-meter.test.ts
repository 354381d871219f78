/** X21: under load typing gives way first, then presence, then receipts, and nothing flutters. */
import * as limits from '../../../runtime/contract/limits.ts';
import { LagWindow } from '../../../runtime/load/lag-window.ts';
import { LoadMeter } from '../../../runtime/load/load-meter.ts';
import type { Sheddable } from '../../../runtime/ports/load-level.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

const KINDS: readonly Sheddable[] = ['typing', 'presence', 'receipts'];

function meterUnderTest() {
  const clock = new ManualClock();
  const telemetry = new MemoryTelemetry();
  const fill = { value: 0 };
  const signals = [{ name: 'queue', from: limits.LOAD_QUEUE_SHARE, read: () => fill.value }];
  return { clock, telemetry, fill, meter: new LoadMeter({ clock, telemetry, signals }) };
}

it.each<[number, Sheddable[]]>([
  [0, []],
  [limits.LOAD_QUEUE_SHARE[0], ['typing']],
  [limits.LOAD_QUEUE_SHARE[1], ['typing', 'presence']],
  [limits.LOAD_QUEUE_SHARE[2], ['typing', 'presence', 'receipts']],
])('at a queue filled to %d it sheds %j, and counts it', async (value, shed) => {
  const { clock, telemetry, fill, meter } = meterUnderTest();
  fill.value = value;
  await clock.advance(limits.LOAD_SAMPLE_MS);
  expect(KINDS.filter((kind) => meter.sheds(kind))).toEqual(shed);
  expect(KINDS.map((kind) => telemetry.value(`iris_shed_${kind}_total`))).toEqual(KINDS.map((kind) => (shed.includes(kind) ? 1 : 0)));
  expect(telemetry.value('iris_load_level')).toBe(shed.length);
  expect(meter.retryAfterMs(200)).toBe(200 * 2 ** shed.length);
});

it('rises at once and falls a step at a time, after LOAD_CALM_MS each', async () => {
  const { clock, fill, meter, telemetry } = meterUnderTest();
  fill.value = 1;
  await clock.advance(limits.LOAD_SAMPLE_MS);
  fill.value = 0;
  const levels: number[] = [];
  for (let i = 0; i < 4; i++) {
    levels.push(meter.level);
    await clock.advance(limits.LOAD_CALM_MS);
  }
  expect(levels).toEqual([3, 2, 1, 0]);
  expect([telemetry.count('load-rises'), telemetry.count('load-falls')]).toEqual([1, 3]);
});

it('keeps its level while a signal swings around the threshold', async () => {
  const { clock, fill, meter, telemetry } = meterUnderTest();
  for (let i = 0; i < 50; i++) {
    fill.value = i % 2 === 0 ? limits.LOAD_QUEUE_SHARE[0] : 0;
    await clock.advance(limits.LOAD_SAMPLE_MS);
  }
  expect([meter.level, telemetry.lines.length]).toEqual([1, 1]);
});

it('takes one long stall of the event loop for no load, and a loop that is late again and again for one', () => {
  const window = new LagWindow(limits.LOAD_LAG_SAMPLES);
  window.add(5_000);
  expect(window.p99).toBe(0);
  window.add(limits.LOAD_LAG_MS[0]);
  expect(window.p99).toBe(limits.LOAD_LAG_MS[0]);
  for (let i = 0; i < limits.LOAD_LAG_SAMPLES; i++) window.add(1);
  expect(window.p99).toBe(1);
});

it('stops its timer', () => {
  const { clock, meter } = meterUnderTest();
  meter.stop();
  expect(clock.waiting).toBe(0);
});
