/** L6, P4, P5: the released client and the commands, with real nodes: what a sender hears, in order, through dying nodes. */
import type { StatusUpdate } from '../../runtime/client/index.ts';
import { IrisClient, type IrisMessage } from '../../runtime/client/index.ts';
import { runIris, startIris } from '../commands/run-iris.ts';
import { NodePair, until } from './node-pair.ts';

let pair: NodePair;
let users = 0;
const name = (prefix: string) => `${prefix}-${++users}`;
const connect = (user: string) => IrisClient.connect({ addresses: [pair.address], user });

async function take(client: IrisClient, count: number): Promise<IrisMessage[]> {
  const taken: IrisMessage[] = [];
  for await (const message of client.messages()) {
    taken.push(message);
    if (taken.length === count) break;
  }
  return taken;
}

beforeAll(async () => {
  pair = await NodePair.start(22_560);
});
afterAll(() => pair.stop());

it('tells each status of a send once and in order, and only of those that asked', async () => {
  const bobName = name('bob');
  const [alice, bob] = [await connect(name('alice')), await connect(bobName)];
  const updates: StatusUpdate[] = [];
  alice.onStatus((update) => updates.push(update));
  const batch = await alice.sendBatch(bobName, ['a', 'b'], { status: true });
  await alice.send(bobName, 'c');
  const messages = await take(bob, 3);
  bob.ack(messages[0] as IrisMessage);
  expect(await alice.statusOf(batch)).toBe('sent');
  bob.ack(messages[1] as IrisMessage);
  expect(await alice.reached(batch, 'delivered')).toBe(true);
  for (const message of messages) {
    bob.ack(message);
    bob.markRead(message);
  }
  expect(await alice.reached(batch, 'read')).toBe(true);
  expect(await alice.statusOf(batch)).toBe('read');
  const seen = { to: bobName, sequence: batch.sequence, count: 2 };
  expect(updates).toEqual(['pending', 'sent', 'delivered', 'read'].map((status) => ({ ...seen, status })));
  await Promise.all([alice.close(), bob.close()]);
});

it('hears of what happened while it was away, and keeps what it knew when the core dies', async () => {
  const bobName = name('bob');
  const [alice, bob] = [await connect(name('alice')), await connect(bobName)];
  const first = await alice.send(bobName, 'first', { status: true });
  const second = await alice.send(bobName, 'second', { status: true });
  const messages = await take(bob, 2);
  bob.ack(messages[0] as IrisMessage);
  expect(await alice.reached(first, 'delivered')).toBe(true);
  await pair.edge.kill();
  await pair.core.kill();
  bob.ack(messages[1] as IrisMessage);
  bob.markRead(messages[0] as IrisMessage);
  expect(await alice.statusOf(first)).toBe('delivered');
  await pair.startCore();
  await pair.startEdge();
  expect(await alice.reached(second, 'delivered')).toBe(true);
  expect(await alice.reached(first, 'read')).toBe(true);
  expect([await alice.statusOf(first), await alice.statusOf(second)]).toEqual(['read', 'delivered']);
  await Promise.all([alice.close(), bob.close()]);
}, 60_000);

it('says false when a status is not reached in time, and ends waits when it is closed', async () => {
  const alice = await connect(name('alice'));
  const receipt = await alice.send(name('nobody'), 'hello?', { status: true });
  expect(await alice.reached(receipt, 'delivered', { timeoutMs: 100 })).toBe(false);
  const waiting = alice.reached(receipt, 'read', { timeoutMs: 3_600_000 });
  await alice.close();
  expect(await waiting).toBe(false);
});

it('iris send --wait and iris listen --read', async () => {
  const [aliceName, bobName] = [name('alice'), name('bob')];
  const at = ['--at', pair.address];
  const listener = startIris(['listen', '--as', bobName, '--read', '--count', '1', ...at]);
  await listener.line('stderr', /listens/);
  const sent = await runIris(['send', '--as', aliceName, '--to', bobName, '--wait', 'read', '--json', 'seen?', ...at]);
  expect([sent.code, JSON.parse(sent.stdout)]).toMatchObject([0, { status: 'read', durability: 'D2' }]);
  expect((await listener.ended).code).toBe(0);
  const late = await runIris(['send', '--as', aliceName, '--to', bobName, '--wait', 'delivered', '--timeout', '0.2', 'away', ...at]);
  expect([late.code, late.stdout]).toEqual([1, expect.stringMatching(/status: sent/)]);
  expect((await runIris(['send', '--as', 'a', '--to', 'b', '--wait', 'soon', 'x', ...at])).code).toBe(2);
}, 60_000);

it('a client that asks nothing costs its reader and its core no status', async () => {
  const bobName = name('bob');
  const [alice, bob] = [await connect(name('alice')), await connect(bobName)];
  const before = await pair.metric('core', 'iris_statuses_grown_total');
  await alice.send(bobName, 'quiet');
  const [message] = await take(bob, 1);
  bob.ack(message as IrisMessage);
  bob.markRead(message as IrisMessage);
  await bob.close();
  await until(async () => (await pair.metric('core', 'iris_statuses_grown_total')) === before, 'no status grew');
  await alice.close();
});
