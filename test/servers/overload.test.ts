/** X21, L7, L8: at the port of real nodes, a full link sheds by level and refuses what it cannot hold; what was taken is delivered, once and in order. */
import { encodeMessageStatusQuery } from '../../runtime/wire/v2/message-status.ts';
import { NodePair, until } from './node-pair.ts';
import { status, V1Client } from './v1-client.ts';
import { framed, V2Client } from './v2-client.ts';

const BODY = 'x'.repeat(1_000);
/** A session may have 8 MiB under way, an eighth of what the link may. */
const BATCHES = 8;

let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_080);
});
afterAll(() => pair.stop());

async function flood(user: string): Promise<V2Client> {
  const client = await V2Client.logIn(pair.address, user);
  for (let batch = 0; batch < BATCHES; batch++) {
    const first = 1 + 1_000 * batch;
    const bodies = Array.from({ length: 1_000 }, (_, i) => `${first + i} ${BODY}`);
    client.send(`to-${user}`, first, bodies, { previous: first - 1 });
  }
  return client;
}

const level = () => pair.metric('edge', 'iris_load_level');

it('rises with what waits, refuses v1 presence at level 2 with FF, receipts at level 3, and delivers everything it took when the core goes on', async () => {
  const asker = await V1Client.logIn(pair.address, 'asker');
  await asker.handled();
  const teller = await V2Client.logIn(pair.address, 'teller', { versionMax: 3 });
  pair.core.pause();
  const clients = [await flood('a'), await flood('b'), await flood('c')];
  await until(async () => (await level()) === 1, 'level 1');
  for (const user of ['d', 'e']) clients.push(await flood(user));
  await until(async () => (await level()) === 2, 'level 2');
  asker.raw.write(status('anyone'));
  const refusal = await asker.raw.take(5);
  // 500 ms when calm, twice as long with each level.
  expect([refusal[0], refusal.readUInt32BE(1)]).toEqual([0xff, 2_000]);
  expect(await pair.metric('edge', 'iris_shed_presence_total')).toBeGreaterThan(0);
  for (const user of ['f', 'g']) clients.push(await flood(user));
  await until(async () => (await level()) === 3, 'level 3');
  teller.raw.write(framed((out) => encodeMessageStatusQuery(out, Buffer.from('anyone'))));
  expect((await teller.fault()).code).toBe('SIGNALS_LIMITED');
  expect(await pair.metric('edge', 'iris_shed_receipts_total')).toBe(1);
  pair.core.resume();
  for (const client of clients)
    for (let batch = 0; batch < BATCHES; batch++) expect((await client.sent()).sequence).toBe(1 + 1_000 * batch);
  await until(async () => (await level()) === 0, 'calm again', 20_000);
  for (const user of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    const reader = await V2Client.logIn(pair.address, `to-${user}`);
    let next = 1;
    while (next <= 1_000 * BATCHES) {
      const { bucket, position, messages } = await reader.deliver();
      for (const message of messages) expect(Number.parseInt(message.toString('utf8', 0, 5), 10)).toBe(next++);
      reader.ack({ bucket, position, index: messages.length - 1 });
    }
    reader.end();
  }
  for (const client of [...clients, teller]) client.end();
}, 60_000);
