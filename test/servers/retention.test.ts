/** L4: at the port of real nodes, a reader who comes too late is told of what is gone before the rest, through kill -9, and once. */
import { IrisClient, type MessageGap } from '../../runtime/client/index.ts';
import { NodePair, until } from './node-pair.ts';
import { V2Client } from './v2-client.ts';

let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_090, {}, { inboxRetentionMs: 2_000 });
});
afterAll(() => pair.stop());

const connect = (user: string) => IrisClient.connect({ addresses: [pair.address], user });

it('tells the client of expired messages, by number and time, then delivers what follows', async () => {
  const alice = await connect('alice');
  const firstMs = Date.now();
  for (const body of ['one', 'two', 'three']) await alice.send('bob', body);
  await until(async () => (await pair.metric('core', 'iris_inbox_expired_total')) === 3, 'three expired', 20_000);
  const listed = JSON.parse((await pair.admin('core', '/gaps')).body) as { inboxes: object[]; outboxes: object[] };
  expect(listed).toMatchObject({ inboxes: [{ user: 'bob', messages: 3 }], outboxes: [] });
  await alice.send('bob', 'four');
  await pair.core.kill();
  await pair.startCore();
  // A client of version 2 has no word for it; it gets what follows, and the gap stays for one who has.
  const old = await V2Client.logIn(pair.address, 'bob', { versionMin: 2, versionMax: 2 });
  expect((await old.deliver()).messages.map(String)).toEqual(['four']);
  old.end();
  const gaps: MessageGap[] = [];
  const bob = await connect('bob');
  bob.onGap((gap) => gaps.push(gap));
  for await (const message of bob.messages()) {
    expect([gaps.length, message.text()]).toEqual([1, 'four']);
    break;
  }
  expect(gaps).toMatchObject([{ messages: 3, reason: 'expired' }]);
  expect(gaps[0]?.firstSentAtMs).toBeGreaterThanOrEqual(firstMs - 1_000);
  await bob.close();
  const again = await connect('bob');
  again.onGap((gap) => gaps.push(gap));
  for await (const message of again.messages()) {
    again.ack(message);
    break;
  }
  expect(gaps).toHaveLength(1);
  await Promise.all([again.close(), alice.close()]);
}, 60_000);
