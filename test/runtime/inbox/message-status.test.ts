/** L6, P4, P5: what a sender hears of its messages, as their owner and its own owner keep it. */
import { isBucketName } from '../../../runtime/contract/bucket-name.ts';
import {
  ORDER_HOLD_MS,
  ORDER_SWEEP_MS,
  UNACKNOWLEDGED_MAX,
  WANTED_RETRY_MS,
  WANTED_SEARCHES_MAX,
} from '../../../runtime/contract/limits.ts';
import { createSlotMap, expandTable, SlotRouter } from '../../../runtime/contract/slot-map.ts';
import type { MessageStatus } from '../../../runtime/ports/inbox-feed.ts';
import { decodeStatusEnvelope, encodeStatusEnvelope, isStatusEnvelope } from '../../../runtime/wire/status-envelope.ts';
import { SEND_STATUS_WANTED } from '../../../runtime/wire/v2/send.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const DEVICE = Buffer.alloc(8, 1);
const wanted = (sequence: number, previous = 0, bodies = ['hello']) => ({ sequence, previous, bodies, flags: SEND_STATUS_WANTED });
const seen = (statuses: readonly MessageStatus[]) => statuses.map(({ delivered, read }) => ({ delivered, read }));
const through = (last: number) => [{ after: 0, through: last }];
const place = (reader: TestReader, i: number, index = 0) => ({ bucket: 0, position: reader.pushes[i]?.position as number, index });

async function answer(core: CoreUnderTest, alice: TestReader, subscription: ReturnType<CoreUnderTest['attach']>) {
  const before = alice.statuses.length;
  subscription.askStatus(DEVICE, Buffer.from('bob'));
  await core.settle();
  expect(alice.statuses.length).toBe(before + 1);
  return seen(alice.statuses.slice(-1))[0];
}

async function bobReads(core: CoreUnderTest, ...sends: readonly ReturnType<typeof wanted>[]) {
  const [alice, bob] = [new TestReader(), new TestReader()];
  const asAlice = core.attach(alice, 'alice');
  const asBob = core.attach(bob);
  const origin = core.origin();
  for (const one of sends) origin.send(one);
  await core.settle();
  return { alice, bob, asAlice, asBob };
}

it('an acknowledgement tells the sender’s session, with the commit that forgets the messages', async () => {
  const core = await CoreUnderTest.start();
  const { alice, bob, asBob } = await bobReads(core, wanted(1), wanted(2, 1, ['a', 'b', 'c']));
  asBob.acknowledge(place(bob, 1, 1));
  await core.settle();
  expect(alice.statuses).toEqual([{ device: DEVICE, recipient: Buffer.from('bob'), delivered: through(3), read: [] }]);
  asBob.acknowledge(place(bob, 1, 2));
  await core.settle();
  expect(seen(alice.statuses.slice(1))).toEqual([{ delivered: through(4), read: [] }]);
});

it('a message without the wish says nothing, and leaves no row', async () => {
  const core = await CoreUnderTest.start();
  const { alice, bob, asAlice, asBob } = await bobReads(core, { ...wanted(1), flags: 0 });
  asBob.acknowledge(place(bob, 0));
  await core.settle();
  expect(alice.statuses).toEqual([]);
  expect([...core.disk.marks.keys()].filter((key) => /[dr]$/.test(key))).toEqual([]);
  expect(await answer(core, alice, asAlice)).toEqual({ delivered: [], read: [] });
});

it('what was read is told as read, never beyond what is stored for the reader', async () => {
  const core = await CoreUnderTest.start();
  const { alice, asBob } = await bobReads(core, wanted(1), wanted(2, 1));
  asBob.markRead({ device: DEVICE, sender: Buffer.from('alice'), sequences: [{ after: 0, through: 1 }] });
  asBob.markRead({ device: DEVICE, sender: Buffer.from('alice'), sequences: [{ after: 1, through: 9 }] });
  asBob.markRead({ device: DEVICE, sender: Buffer.from('nobody'), sequences: [{ after: 0, through: 9 }] });
  await core.settle();
  expect(seen(alice.statuses)).toEqual([{ delivered: [], read: through(2) }]);
});

it('a crash loses no status that its sender has seen', async () => {
  const core = await CoreUnderTest.start();
  const { bob, asBob } = await bobReads(core, wanted(1), wanted(2, 1));
  asBob.acknowledge(place(bob, 1));
  asBob.markRead({ device: DEVICE, sender: Buffer.from('alice'), sequences: through(1) });
  await core.settle();
  await core.restart();
  const alice = new TestReader();
  expect(await answer(core, alice, core.attach(alice, 'alice'))).toEqual({ delivered: through(2), read: through(1) });
});

it.each(['a cursor it attached with', 'a cursor after its link came back'])(
  'a reader’s acknowledgement by %s counts, though memory never knew what it covers',
  async (how) => {
    const core = await CoreUnderTest.start();
    const { bob } = await bobReads(core, wanted(1), wanted(2, 1), wanted(3, 2));
    await core.restart();
    const [alice, again] = [new TestReader(), new TestReader()];
    const asAlice = core.attach(alice, 'alice');
    const cursor = place(bob, 1);
    if (how.includes('attached')) core.attach(again, 'bob', { acknowledged: [cursor] });
    else {
      const subscription = core.attach(again, 'bob', { isReattached: true, shown: [place(bob, 2)] });
      await core.settle();
      subscription.acknowledge(cursor);
      subscription.detach({ flush: true });
    }
    await core.settle();
    expect(await answer(core, alice, asAlice)).toEqual({ delivered: through(2), read: [] });
    expect(core.stored()).toEqual(['hello']);
    expect(again.ends).toEqual(how.includes('attached') ? [] : ['flushed']);
  },
);

it('an acknowledgement whose senders the store cannot say at once tells them when it can; at the end it counts all the same', async () => {
  const core = await CoreUnderTest.start();
  const { bob } = await bobReads(core, wanted(1), wanted(2, 1), wanted(3, 2));
  await core.restart();
  const alice = new TestReader();
  const asAlice = core.attach(alice, 'alice');
  const attach = async (i: number, failures: number) => {
    core.disk.failing.reads = failures;
    core.attach(new TestReader(), 'bob', { acknowledged: [place(bob, i)] });
    await core.clock.advance(WANTED_SEARCHES_MAX * WANTED_RETRY_MS);
  };
  await attach(0, WANTED_SEARCHES_MAX - 1);
  expect(await answer(core, alice, asAlice)).toEqual({ delivered: through(1), read: [] });
  expect(core.telemetry.count('status-lookup-failed')).toBe(0);
  await attach(1, WANTED_SEARCHES_MAX);
  expect(await answer(core, alice, asAlice)).toEqual({ delivered: through(1), read: [] });
  expect([core.stored(), core.telemetry.count('status-lookup-failed')]).toEqual([['hello'], 1]);
});

it('one that is acknowledged by itself (v1) says nothing of those left out', async () => {
  const core = await CoreUnderTest.start();
  const alice = new TestReader();
  const bob = new TestReader();
  core.attach(alice, 'alice');
  const asBob = core.attach(bob, 'bob', { isSelective: true });
  for (const [sequence, previous] of [
    [1, 0],
    [5, 1],
    [9, 5],
  ] as const)
    core.origin().send(wanted(sequence, previous));
  await core.settle();
  asBob.remove(0, bob.pushes[1]?.position as number);
  await core.settle();
  asBob.remove(0, bob.pushes[0]?.position as number);
  await core.settle();
  expect(seen(alice.statuses).map(({ delivered }) => delivered)).toEqual([[{ after: 1, through: 5 }], [{ after: 0, through: 5 }]]);
});

it('a message of a bucket says nothing of older generations, which may lie with a region that is lost (F19)', async () => {
  const core = await CoreUnderTest.start();
  const { alice } = await bobReads(core, wanted(1), wanted(2, 1));
  void core.inboxes.promote(Buffer.from('bob'), 1);
  void core.inboxes.promote(Buffer.from('bob'), 2);
  await core.clock.advance(1_000);
  core.origin().send(wanted(3, 2));
  core.origin().send(wanted(4, 3));
  await core.clock.advance(1_000);
  const bucket = [...core.disk.inboxes.keys()].map((key) => Buffer.from(key.split(' ')[0] as string, 'hex')).find(isBucketName) as Buffer;
  const reader = new TestReader();
  const subscription = core.attach(reader, bucket.toString('latin1'));
  await core.settle();
  subscription.acknowledge(place(reader, 1));
  await core.settle();
  expect(seen(alice.statuses)).toEqual([{ delivered: [{ after: 2, through: 4 }], read: [] }]);
});

it('a message that was passed over is not delivered because a later one is (L3)', async () => {
  const core = await CoreUnderTest.start();
  const { alice, bob, asBob } = await bobReads(core, wanted(1), wanted(5, 3));
  await core.clock.advance(ORDER_HOLD_MS + ORDER_SWEEP_MS);
  expect(bob.pushes.length).toBe(2);
  asBob.acknowledge(place(bob, 1));
  await core.settle();
  expect(seen(alice.statuses.slice(-1))[0]?.delivered).toEqual([
    { after: 0, through: 1 },
    { after: 3, through: 5 },
  ]);
  core.origin().send(wanted(3, 1));
  await core.settle();
  asBob.acknowledge(place(bob, 2));
  await core.settle();
  expect(seen(alice.statuses.slice(-1))[0]?.delivered).toEqual([{ after: 0, through: 5 }]);
});

describe('with the sender at home in another region', () => {
  const map = createSlotMap({
    environment: 'unit',
    version: 1,
    shards: 2,
    regions: [
      { code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [{ id: 'tokyo-0', firstShard: 0, shardCount: 1, address: '127.0.0.1:1' }] },
      { code: 'lima', awsRegion: 'us-east-1', groups: [{ id: 'lima-0', firstShard: 1, shardCount: 1, address: '127.0.0.1:2' }] },
    ],
  });
  const router = new SlotRouter(map, expandTable(map));
  const names = Array.from({ length: 40 }, (_, i) => `user-${i}`);
  const homed = (group: string) => names.find((name) => router.homeOf(router.shardOf(Buffer.from(name))).group === group) as string;
  const [here, there] = [homed('tokyo-0'), homed('lima-0')];

  it('one envelope of a commit says everything, is no message, and may come twice', async () => {
    const core = await CoreUnderTest.start(router);
    const bob = new TestReader();
    const asBob = core.attach(bob, here);
    for (const [sequence, previous] of [
      [1, 0],
      [2, 1],
    ] as const)
      core.origin().send({ ...wanted(sequence, previous), sender: there, recipient: here });
    await core.settle();
    asBob.acknowledge(place(bob, 1));
    asBob.markRead({ device: DEVICE, sender: Buffer.from(there), sequences: through(1) });
    await core.settle();
    expect(core.outbox.map(({ group }) => group)).toEqual(['lima-0']);
    const envelope = core.outbox[0]?.entry.envelope as Buffer;
    expect(isStatusEnvelope(envelope)).toBe(true);
    const news = { device: DEVICE, sender: Buffer.from(there), recipient: Buffer.from(here), delivered: through(2), read: through(1) };
    expect(decodeStatusEnvelope(envelope)).toEqual(news);
  });

  it('the sender’s owner keeps the news, tells the sender once, and delivers nothing', async () => {
    const core = await CoreUnderTest.start(router);
    const alice = new TestReader();
    core.attach(alice, here);
    const news = { device: DEVICE, sender: Buffer.from(here), recipient: Buffer.from(there), delivered: through(2), read: [] };
    const origin = core.origin();
    const answers = [origin.sendEnvelope(encodeStatusEnvelope(news)), origin.sendEnvelope(encodeStatusEnvelope(news))];
    await core.settle();
    expect(answers.map((one) => origin.outcome(one))).toEqual(['appended', 'appended']);
    const late = origin.sendEnvelope(encodeStatusEnvelope({ ...news, delivered: through(1) }));
    await core.settle();
    expect(origin.outcome(late)).toBe('appended');
    expect([seen(alice.statuses), alice.bodies, core.stored(here)]).toEqual([[{ delivered: through(2), read: [] }], [], []]);
  });
});

it('more wishes than memory keeps are looked up in the store', async () => {
  const core = await CoreUnderTest.start();
  const count = UNACKNOWLEDGED_MAX + 10;
  const alice = new TestReader();
  core.attach(alice, 'alice');
  const bob = new TestReader();
  const asBob = core.attach(bob, 'bob', { creditBytes: 1 << 30 });
  const origin = core.origin();
  for (let sequence = 1; sequence <= count; sequence++) origin.send(wanted(sequence, sequence - 1, ['x']));
  await core.settle();
  expect(bob.pushes.length).toBe(count);
  asBob.acknowledge(place(bob, count - 1));
  await core.settle();
  expect(seen(alice.statuses.slice(-1))[0]?.delivered).toEqual(through(count));
}, 60_000);
