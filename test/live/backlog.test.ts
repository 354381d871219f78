/** D6: fifty readers with 100,000 waiting messages each delay nobody who is online, and are done in bounded time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fill, OneEdge } from './one-edge.ts';
import { quantile, report, seeded } from './traffic.ts';

const USERS = 50;
const MESSAGES_EACH = 100_000;
const DRAIN_MS_MAX = 90_000;
const readers = Array.from({ length: 10 }, (_, i) => `reader-${i}`);
const one = OneEdge.forThisFile();

/** p99 of each of so many seconds’ deliveries while `goesOn`, the median of them: one stall of the machine is one window. */
async function p99While(goesOn: (windows: number) => boolean): Promise<number> {
  const { traffic } = one;
  const windows: number[] = [];
  while (goesOn(windows.length)) {
    traffic.latenciesMs = [];
    await traffic.run(seeded(), { from: ['sender'], to: readers, perSecond: 200, signal: AbortSignal.timeout(3_000) });
    await traffic.settled();
    windows.push(quantile(traffic.latenciesMs, 0.99));
  }
  return quantile(windows, 0.5);
}

async function drained(): Promise<{ messages: number; ms: number; disorder: number }> {
  const script = join(__dirname, 'drain-inboxes.ts');
  const child = spawn(process.execPath, [script, one.address, String(USERS), String(MESSAGES_EACH)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return JSON.parse(line.toString()) as { messages: number; ms: number; disorder: number };
}

it('delays nobody who is online, and is done in bounded time (D6)', async () => {
  const { traffic } = one;
  await traffic.connect('sender');
  for (const reader of readers) await traffic.read(reader);
  const behind = Array.from({ length: USERS }, (_, i) => `behind-${i}`);
  await fill(await traffic.connect('filler'), behind, { each: MESSAGES_EACH, bodyBytes: 128 });
  await p99While((windows) => windows < 1);
  const alone = await p99While((windows) => windows < 4);
  let isDraining = true;
  const drain = drained().finally(() => {
    isDraining = false;
  });
  const beside = await p99While(() => isDraining);
  const { messages, ms, disorder } = await drain;
  const ratio = beside / alone;
  report(
    `D6: ${USERS} readers drained ${messages} messages in ${(ms / 1_000).toFixed(1)} s; p99 of others ${alone.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside them, ratio ${ratio.toFixed(2)}`,
  );
  traffic.judge('D6');
  expect([messages, disorder]).toEqual([USERS * MESSAGES_EACH, 0]);
  expect(ms).toBeLessThan(DRAIN_MS_MAX);
  // The second term is this machine's noise: a p99 of a few milliseconds is one scheduler's slice away from its double.
  expect(beside).toBeLessThan(Math.max(alone * 1.5, alone + 25));
}, 240_000);
