/** W2, D6, L8: 200,000 messages that wait for one user of the original’s protocol come once, in order, and in bounded memory. */
import { setTimeout as pause } from 'node:timers/promises';
import { RawSocket } from '../servers/raw-socket.ts';
import { ack, login } from '../servers/v1-client.ts';
import { fill, OneEdge } from './one-edge.ts';
import { report } from './traffic.ts';

const MESSAGES = 200_000;
const BODY_BYTES = 1_000;
const PACKET_BYTES = 23 + BODY_BYTES;
/** What a socket’s buffers, the window of one session and the collector’s slack take, 8 to 66 MiB; the messages are 191 MiB. */
const EDGE_GROWTH_KILOBYTES_MAX = 96_000;
/** The same, and the blocks of the log that the core keeps in memory, 64 MiB. */
const CORE_GROWTH_KILOBYTES_MAX = 112_000;
const one = OneEdge.forThisFile();

/** Logs in, reads nothing for a while, then everything, and acknowledges each message; resolves to how many were not the next. */
async function drain(raw: RawSocket): Promise<number> {
  let [next, disorder] = [0, 0];
  let rest: Buffer = Buffer.alloc(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  raw.socket.removeAllListeners('data');
  raw.socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const acks: Buffer[] = [];
    let at = 0;
    for (; rest.length - at >= PACKET_BYTES; at += PACKET_BYTES) {
      if (rest[at] !== 0x10 || Number.parseInt(rest.toString('latin1', at + 23, at + 31), 10) !== next++) disorder++;
      acks.push(ack(Buffer.from(rest.subarray(at + 3, at + 19))));
    }
    rest = rest.subarray(at);
    if (acks.length > 0) raw.write(Buffer.concat(acks));
    if (next >= MESSAGES) resolve();
  });
  raw.socket.pause();
  await pause(2_000);
  raw.socket.resume();
  await promise;
  return disorder;
}

it('a login delivers all of them once, in order, in bounded memory, and a second one nothing (W2)', async () => {
  await fill(await one.traffic.connect('filler'), ['behind'], { each: MESSAGES, bodyBytes: BODY_BYTES });
  const { edge, core } = one;
  const before = [edge.residentKilobytes, core.residentKilobytes] as const;
  let peak: readonly [number, number] = [0, 0];
  const watch = setInterval(() => {
    peak = [Math.max(peak[0], edge.residentKilobytes - before[0]), Math.max(peak[1], core.residentKilobytes - before[1])];
  }, 50);
  const raw = await RawSocket.open(one.address);
  raw.write(login('behind'));
  await raw.take(9);
  const startMs = performance.now();
  const disorder = await drain(raw);
  const seconds = (performance.now() - startMs - 2_000) / 1_000;
  clearInterval(watch);
  await pause(500);
  raw.end();
  const again = await RawSocket.open(one.address);
  again.write(login('behind'));
  await again.take(9);
  await pause(1_000);
  const megabytes = (kilobytes: number) => (kilobytes / 1_024).toFixed(0);
  report(
    `W2: ${MESSAGES} messages of ${BODY_BYTES} B to one v1 user in ${seconds.toFixed(1)} s; the edge grew by ${megabytes(peak[0])} MiB, the core by ${megabytes(peak[1])} MiB; loss bound 3/N = ${(3 / MESSAGES).toExponential(1)}`,
  );
  expect(disorder).toBe(0);
  expect(again.socket.bytesRead).toBe(9);
  expect(peak[0]).toBeLessThan(EDGE_GROWTH_KILOBYTES_MAX);
  expect(peak[1]).toBeLessThan(CORE_GROWTH_KILOBYTES_MAX);
}, 120_000);
