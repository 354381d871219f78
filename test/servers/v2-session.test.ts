/** L1-L4, L7, A1: v2 at the port of real nodes: sends answered, deliveries from the cursor, take-over, leaving in order. */
import { Opcode, VERSION_MAX } from '../../runtime/wire/v2/opcodes.ts';
import { SEND_RETRY } from '../../runtime/wire/v2/send.ts';
import { NodePair } from './node-pair.ts';
import { V1Client } from './v1-client.ts';
import { hello, sendFrame, V2Client } from './v2-client.ts';

let pair: NodePair;
let users = 0;
const name = (prefix: string) => `${prefix}-${++users}`;
const texts = (messages: readonly Buffer[]) => messages.map(String);

beforeAll(async () => {
  pair = await NodePair.start(22_020);
});
afterAll(() => pair.stop());

it('answers HELLO and SEND in one write, with the class that survives power loss (L1)', async () => {
  const client = await V2Client.open(pair.address);
  const bob = name('bob');
  client.raw.write(Buffer.concat([hello('alice'), sendFrame(bob, 1, ['hi']), sendFrame(bob, 2, ['a', 'b', 'c'], { previous: 1 })]));
  const welcome = await client.expect(Opcode.Welcome);
  expect(welcome.u8()).toBe(2);
  const answered = [await client.sent(), await client.sent()];
  expect(answered).toEqual([
    { sequence: 1, count: 1, durability: 2 },
    { sequence: 2, count: 3, durability: 2 },
  ]);
  const reader = await V2Client.logIn(pair.address, bob);
  const [one, two] = [await reader.deliver(), await reader.deliver()];
  expect([one.sender, texts(one.messages), texts(two.messages)]).toEqual(['alice', ['hi'], ['a', 'b', 'c']]);
});

it.each([
  [2, 2, 2],
  [2, 3, 3],
  [1, 9, VERSION_MAX],
])('serves a client of versions %i to %i with %i (F16, X16)', async (versionMin, versionMax, agreed) => {
  const client = await V2Client.open(pair.address);
  client.raw.write(hello(name('alice'), { versionMin, versionMax }));
  expect((await client.expect(Opcode.Welcome)).u8()).toBe(agreed);
});

it('acknowledges a retry again and delivers it once (L2, A5)', async () => {
  const [alice, bob] = [await V2Client.logIn(pair.address, name('alice')), name('bob')];
  const reader = await V2Client.logIn(pair.address, bob);
  alice.send(bob, 1, ['once']);
  await alice.sent();
  alice.send(bob, 1, ['once'], { flags: SEND_RETRY });
  expect((await alice.sent()).sequence).toBe(1);
  alice.send(bob, 2, ['then'], { previous: 1 });
  expect([texts((await reader.deliver()).messages), texts((await reader.deliver()).messages)]).toEqual([['once'], ['then']]);
});

it('shows a v1 sender’s batch as one envelope and reaches v1 readers, both with true senders (L5)', async () => {
  const [oldName, youngName] = [name('old'), name('young')];
  const [old, young] = [await V1Client.logIn(pair.address, oldName), await V2Client.logIn(pair.address, youngName)];
  await old.handled();
  old.send(youngName, 'from v1');
  const delivered = await young.deliver();
  expect([delivered.sender, texts(delivered.messages)]).toEqual([oldName, ['from v1']]);
  young.send(oldName, 1, ['to', 'v1']);
  expect((await old.messages(2)).map(({ body }) => body)).toEqual(['to', 'v1']);
});

it('delivers after a reconnect what comes after the cursor, within a batch too (L4)', async () => {
  const [alice, bob] = [await V2Client.logIn(pair.address, name('alice')), name('bob')];
  alice.send(bob, 1, ['a', 'b', 'c']);
  alice.send(bob, 4, ['d'], { previous: 3 });
  const first = await V2Client.logIn(pair.address, bob);
  const [batch] = [await first.deliver(), await first.deliver()];
  first.end();
  const cursor = { bucket: batch.bucket, position: batch.position, index: 1 };
  const second = await V2Client.logIn(pair.address, bob, { cursors: [cursor] });
  const rest = [await second.deliver(), await second.deliver()];
  expect(rest.map(({ firstIndex, messages }) => texts(messages.slice(firstIndex)))).toEqual([['c'], ['d']]);
  second.end();
  const third = await V2Client.logIn(pair.address, bob);
  expect((await third.deliver()).firstIndex).toBe(2);
});

it('answers BYE once the acknowledgements are durable: the next login gets nothing', async () => {
  const [alice, bob] = [await V2Client.logIn(pair.address, name('alice')), name('bob')];
  alice.send(bob, 1, ['read me']);
  const reader = await V2Client.logIn(pair.address, bob);
  const { bucket, position } = await reader.deliver();
  reader.ack({ bucket, position, index: 0 });
  await reader.bye();
  const again = await V2Client.logIn(pair.address, bob);
  expect(await again.ping(1)).toBe(1);
  alice.send(bob, 2, ['new'], { previous: 1 });
  expect(texts((await again.deliver()).messages)).toEqual(['new']);
});

it('tells the older session SESSION_REPLACED and closes it; the newer one reads everything unacknowledged', async () => {
  const [alice, bob] = [await V2Client.logIn(pair.address, name('alice')), name('bob')];
  const first = await V2Client.logIn(pair.address, bob);
  alice.send(bob, 1, ['for whom?']);
  await first.deliver();
  const second = await V2Client.logIn(pair.address, bob);
  expect((await first.fault()).code).toBe('SESSION_REPLACED');
  await first.raw.closed();
  expect(texts((await second.deliver()).messages)).toEqual(['for whom?']);
});

it('loses nothing acknowledged when the core is killed with -9, and answers sends made meanwhile (F2, B7)', async () => {
  const [alice, bob] = [await V2Client.logIn(pair.address, name('alice')), name('bob')];
  const reader = await V2Client.logIn(pair.address, bob);
  alice.send(bob, 1, ['before']);
  await alice.sent();
  await reader.deliver();
  await pair.core.kill();
  alice.send(bob, 2, ['meanwhile'], { previous: 1 });
  await pair.startCore();
  expect(await alice.sent()).toEqual({ sequence: 2, count: 1, durability: 2 });
  expect(texts((await reader.deliver()).messages)).toEqual(['meanwhile']);
  const later = await V2Client.logIn(pair.address, bob);
  expect([texts((await later.deliver()).messages), texts((await later.deliver()).messages)]).toEqual([['before'], ['meanwhile']]);
});
