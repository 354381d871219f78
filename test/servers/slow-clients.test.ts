/** F9, L8, A8: a client that does not read costs a bounded amount of memory, delays nobody, and finds everything when it reads on. */
import { encodePing } from '../../runtime/wire/v2/ping.ts';
import { NodePair } from './node-pair.ts';
import { status, V1Client } from './v1-client.ts';
import { framed, sendFrame, V2Client } from './v2-client.ts';

/** What an edge may grow by while it holds SESSION_QUEUED_BYTES_MAX and an envelope or two per client; the rest is the collector’s. */
const GROWTH_KILOBYTES_MAX = 60_000;
let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_050);
});
afterAll(() => pair.stop());

it('a reader that stops keeps its messages in the inbox, others get theirs at once, and it continues where it stood', async () => {
  const slow = await V2Client.logIn(pair.address, 'slow');
  slow.raw.socket.pause();
  const [alice, bob] = [await V2Client.logIn(pair.address, 'alice'), await V2Client.logIn(pair.address, 'bob')];
  const batches = 150;
  const sendAll = async (recipient: string, first: number) => {
    for (let batch = 0; batch < batches; batch++) {
      const bodies = Array.from({ length: 500 }, (_, i) => `${batch * 500 + i}`.padEnd(1_000, '.'));
      await alice.raw.writeAll(sendFrame(recipient, first + batch * 500, bodies));
      await alice.sent();
    }
  };
  // The same for somebody who is away: what that leaves is not the slow reader’s.
  await sendAll('away', 1);
  const before = pair.edge.residentKilobytes;
  await sendAll('slow', 75_001);
  const startMs = performance.now();
  alice.send('bob', 150_001, ['you read, so you get it']);
  await bob.deliver();
  expect(performance.now() - startMs).toBeLessThan(1_000);
  expect(pair.edge.residentKilobytes - before).toBeLessThan(GROWTH_KILOBYTES_MAX);
  slow.raw.socket.resume();
  for (let next = 0; next < batches * 500; ) {
    const { messages } = await slow.deliver();
    for (const message of messages) expect(Number.parseInt(message.toString('latin1', 0, 8), 10)).toBe(next++);
  }
}, 60_000);

it.each(['large after small', 'largest only'])(
  'a reader that stops for a while never loses its credit: %s',
  async (which) => {
    const [user, sender] = [`stops ${which}`, `sends ${which}`];
    const alice = await V2Client.logIn(pair.address, sender);
    const sizes = which === 'largest only' ? Array.from({ length: 12 }, () => 16) : [3, 16, 3, 16, 1, 1, 16, 3, 16, 16, 3, 16];
    const slow = await V2Client.logIn(pair.address, user);
    slow.raw.socket.pause();
    let sequence = 1;
    for (const count of sizes) {
      const bodies = Array.from({ length: count }, () => Buffer.alloc(65_500, 0x78));
      await alice.raw.writeAll(sendFrame(user, sequence, bodies, { previous: sequence - 1 }));
      sequence += count;
      await alice.sent();
    }
    slow.raw.socket.resume();
    const counts: number[] = [];
    while (counts.length < sizes.length) counts.push((await slow.deliver()).count);
    expect(counts).toEqual(sizes);
  },
  30_000,
);

it.each<[string, (address: string) => Promise<{ raw: V2Client['raw'] }>, Buffer]>([
  ['v2 PINGs', (address) => V2Client.logIn(address, 'pinger'), framed((out) => encodePing(out, 1))],
  ['v1 group requests', (address) => V1Client.logIn(address, 'grouper'), Buffer.from('3000016730000167', 'hex')],
  ['v1 status requests', (address) => V1Client.logIn(address, 'asker'), status('asker')],
])(
  'a client that sends %s and reads no answer is not read on, so it costs what its bound says',
  async (_, open, request) => {
    const client = await open(pair.address);
    client.raw.socket.pause();
    const before = pair.edge.residentKilobytes;
    const chunk = Buffer.concat(Array.from({ length: 20_000 }, () => request));
    const { socket } = client.raw;
    const deadline = AbortSignal.timeout(10_000);
    let takenMs = performance.now();
    // What the edge and both systems take without reading an answer away is a few megabytes; then nothing moves any more.
    while (performance.now() - takenMs < 700 && !deadline.aborted) {
      if (socket.writableLength === 0) {
        client.raw.write(chunk);
        takenMs = performance.now();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(deadline.aborted).toBe(false);
    expect((await pair.admin('edge', '/healthz')).status).toBe(200);
    expect(pair.edge.residentKilobytes - before).toBeLessThan(GROWTH_KILOBYTES_MAX);
    client.raw.end();
  },
  60_000,
);
