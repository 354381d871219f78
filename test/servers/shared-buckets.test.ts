/** P7, B1, B3, B8, L1-L3: the buckets of a promoted inbox over one connection and over several, with real nodes. */
import { IrisClient, type IrisMessage } from '../../runtime/client/index.ts';
import { NodePair, until } from './node-pair.ts';

const BUCKETS = 100;
const SENDERS = 50;
const EACH = 40;
let pair: NodePair;
const connect = (user: string, connections = 1) => IrisClient.connect({ addresses: [pair.address], user, connections });

async function promote(user: string, buckets: number): Promise<void> {
  const { status } = await pair.command('promote', { user, buckets });
  expect(status).toBe(200);
}

/** Every sender’s messages, each named by its sender and number; one sender after the other in small turns. */
async function sendAll(senders: readonly IrisClient[], to: string, from: number): Promise<void> {
  for (let number = from; number < from + EACH; number++) {
    await Promise.all(senders.map((sender, i) => sender.send(to, `${i}/${number}`)));
  }
}

async function take(client: IrisClient, count: number): Promise<IrisMessage[]> {
  const taken: IrisMessage[] = [];
  for await (const message of client.messages()) {
    taken.push(message);
    client.ack(message);
    if (taken.length === count) break;
  }
  return taken;
}

/** Each once, and each sender’s in order. */
function expectOnceAndInOrder(messages: readonly IrisMessage[], each: number): void {
  const seen = new Map<string, number>();
  for (const message of messages) {
    const [sender, number] = message.text().split('/') as [string, string];
    expect(Number(number)).toBe(seen.get(sender) ?? 0);
    seen.set(sender, Number(number) + 1);
  }
  expect([seen.size, ...new Set(seen.values())]).toEqual([SENDERS, each]);
}

let senders: IrisClient[];

beforeAll(async () => {
  pair = await NodePair.start(22_620);
  senders = await Promise.all(Array.from({ length: SENDERS }, (_, i) => connect(`fan-${i}`)));
}, 30_000);
afterAll(async () => {
  await Promise.all(senders.map((sender) => sender.close()));
  await pair.stop();
});

it.each([1, 4])(
  'drains 100 buckets by the time of their messages over %i connections, each once, and then hears what comes',
  async (connections) => {
    const bob = `bob-${connections}`;
    await promote(bob, BUCKETS);
    await sendAll(senders, bob, 0);
    const reader = await connect(bob, connections);
    const waiting = await take(reader, SENDERS * EACH);
    expectOnceAndInOrder(waiting, EACH);
    const times = waiting.map(({ sentAtMs }) => sentAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(reader.connections).toBe(connections);
    await sendAll(senders, bob, EACH);
    const live = await take(reader, SENDERS * EACH);
    expectOnceAndInOrder([...waiting, ...live], 2 * EACH);
    expect(await reader.close()).toBe(true);
    const again = await connect(bob, connections);
    await senders[0]?.send(bob, 'last');
    expect((await take(again, 1)).map((message) => message.text())).toEqual(['last']);
    await again.close();
  },
  60_000,
);

it('goes through changes of the buckets while messages come, over 3 connections', async () => {
  const bob = 'bob-changing';
  const reader = await connect(bob, 3);
  const all = take(reader, SENDERS * EACH * 4);
  let from = 0;
  for (const buckets of [7, 2, 1, 30]) {
    const sending = sendAll(senders, bob, from);
    await promote(bob, buckets);
    await sending;
    from += EACH;
  }
  expectOnceAndInOrder(await all, EACH * 4);
  await reader.close();
}, 60_000);

it('ends all connections when the user logs in elsewhere, and the other login has what was not acknowledged', async () => {
  const bob = 'bob-twice';
  await promote(bob, 10);
  const first = await connect(bob, 4);
  await senders[0]?.send(bob, 'one');
  const iterator = first.messages();
  expect((await iterator.next()).value?.text()).toBe('one');
  await until(() => first.connections === 4, 'the buckets are shared');
  const second = await connect(bob, 4);
  await expect(iterator.next()).rejects.toMatchObject({ code: 'SESSION_REPLACED' });
  expect((await take(second, 1)).map((message) => message.text())).toEqual(['one']);
  await second.close();
}, 60_000);

it.each([0, 17, 1.5])('refuses %d connections', async (connections) => {
  await expect(connect('bob-refused', connections)).rejects.toMatchObject({ code: 'COMMAND_INVALID' });
});
