/** L3, L4, L8: readers of inboxes: from the cursor to the tail and on, taken over, acknowledged in part, slow. */

import { bucketName } from '../../../runtime/contract/bucket-name.ts';
import { ERROR_CODES } from '../../../runtime/contract/errors.ts';
import { createSlotMap, expandTable, SlotRouter } from '../../../runtime/contract/slot-map.ts';
import { APPEND_BUCKET, APPEND_FORWARDED, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

async function coreWith(count: number): Promise<CoreUnderTest> {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  for (let sequence = 1; sequence <= count; sequence++) origin.send({ sequence, bodies: [`m${sequence}`] });
  await core.settle();
  return core;
}

it('pushes what waits and then what comes, once and in order', async () => {
  const core = await coreWith(3);
  const reader = new TestReader();
  core.attach(reader);
  core.origin().send({ device: 2, sequence: 1, bodies: ['live'] });
  await core.settle();
  core.origin().send({ device: 2, sequence: 2, bodies: ['later'] });
  await core.settle();
  expect(reader.bodies).toEqual(['m1', 'm2', 'm3', 'live', 'later']);
});

it('pushes within the credit and goes on as more is granted', async () => {
  const core = await coreWith(20);
  const reader = new TestReader();
  const subscription = core.attach(reader, 'bob', { creditBytes: 1 });
  await core.settle();
  expect(reader.bodies).toEqual(['m1']);
  subscription.grant(100_000);
  await core.settle();
  expect(reader.bodies).toEqual(Array.from({ length: 20 }, (_, i) => `m${i + 1}`));
});

it('forgets what is acknowledged and gives the rest to the next reader', async () => {
  const core = await coreWith(5);
  const first = new TestReader();
  const subscription = core.attach(first);
  await core.settle();
  subscription.acknowledge({ bucket: 0, position: first.pushes[2]?.position as number, index: 0 });
  await core.settle();
  expect(core.stored()).toEqual(['m4', 'm5']);
  const second = new TestReader();
  core.attach(second);
  await core.settle();
  expect([first.ends, second.bodies]).toEqual([['replaced'], ['m4', 'm5']]);
});

it('ignores a cursor beyond what it pushed, of another bucket, or of another store', async () => {
  const core = await coreWith(3);
  const reader = new TestReader();
  const subscription = core.attach(reader, 'bob', { acknowledged: [{ bucket: 0, position: 2 ** 52, index: 0 }] });
  await core.settle();
  subscription.acknowledge({ bucket: 0, position: 2 ** 52, index: 0 });
  subscription.acknowledge({ bucket: 7, position: reader.pushes[2]?.position as number, index: 0 });
  await core.settle();
  expect(reader.bodies).toEqual(['m1', 'm2', 'm3']);
  expect(core.stored()).toEqual(['m1', 'm2', 'm3']);
});

it.each<[string, boolean]>([
  ['when that has been pushed', true],
  ['when the reader has the rest and leaves', false],
])(
  'counts an acknowledgement of what an earlier link brought, which comes before it is pushed again, %s (L2, L6)',
  async (_when, isPushed) => {
    const core = await coreWith(3);
    const first = new TestReader();
    core.attach(first);
    await core.settle();
    const position = first.pushes[isPushed ? 1 : 2]?.position as number;
    const again = core.attach(new TestReader(), 'bob', { creditBytes: 1 });
    again.acknowledge({ bucket: 0, position, index: 0 });
    await core.settle();
    expect(core.stored()).toEqual(['m1', 'm2', 'm3']);
    if (isPushed) again.grant(100_000);
    else again.detach({ flush: true });
    await core.settle();
    expect(core.stored()).toEqual(isPushed ? ['m3'] : []);
  },
);

it('pushes the rest of a batch that was acknowledged in part, and leaves no trace of it afterwards', async () => {
  const core = await CoreUnderTest.start();
  core.origin().send({ sequence: 1, bodies: ['a', 'b', 'c'] });
  await core.settle();
  const first = new TestReader();
  const subscription = core.attach(first);
  await core.settle();
  const position = first.pushes[0]?.position as number;
  subscription.acknowledge({ bucket: 0, position, index: 0 });
  subscription.detach({ flush: false });
  await core.settle();
  const second = new TestReader();
  const again = core.attach(second);
  await core.settle();
  expect(second.bodies).toEqual(['b', 'c']);
  again.acknowledge({ bucket: 0, position, index: 2 });
  await core.settle();
  expect([core.disk.inboxRows, core.disk.partials.size]).toEqual([0, 0]);
});

it('never shows again what the reader’s cursor covers, even while a commit is under way when it attaches (L2)', async () => {
  const core = await coreWith(3);
  const reader = new TestReader();
  core.attach(reader);
  await core.settle();
  const position = reader.pushes[2]?.position as number;
  core.origin().send({ device: 2, sequence: 1, bodies: ['new'] });
  const next = new TestReader();
  await Promise.resolve();
  core.clock.soon(() => {
    core.attach(next, 'bob', { acknowledged: [{ bucket: 0, position, index: 0 }] });
  });
  await core.settle();
  expect(next.bodies).toEqual(['new']);
});

it('resumes after what was shown when a link broke, and not before', async () => {
  const core = await coreWith(4);
  const first = new TestReader();
  core.attach(first, 'bob', { creditBytes: 100 });
  await core.settle();
  const shown = first.pushes.map(({ position }) => ({ bucket: 0, position, index: 0 })).slice(-1);
  const second = new TestReader();
  core.attach(second, 'bob', { shown });
  await core.settle();
  expect([...first.bodies, ...second.bodies]).toEqual(['m1', 'm2', 'm3', 'm4']);
});

describe('readers that acknowledge one by one (v1)', () => {
  const v1 = { isSelective: true };

  it('hand the inbox over without a repeat; what the older one leaves unacknowledged comes when it closes', async () => {
    const core = await coreWith(4);
    const [older, newer] = [new TestReader(), new TestReader()];
    const first = core.attach(older, 'bob', v1);
    await core.settle();
    core.attach(newer, 'bob', v1);
    first.remove(0, older.pushes[1]?.position as number);
    core.origin().send({ device: 2, sequence: 1, bodies: ['live'] });
    await core.settle();
    expect([older.bodies, older.ends, newer.bodies]).toEqual([['m1', 'm2', 'm3', 'm4'], ['replaced'], ['live']]);
    first.detach({ flush: false });
    await core.settle();
    expect(newer.bodies).toEqual(['live', 'm1', 'm3', 'm4']);
  });

  it('find everything unacknowledged at the next login (W3)', async () => {
    const core = await coreWith(3);
    const first = core.attach(new TestReader(), 'bob', v1);
    await core.settle();
    first.detach({ flush: false });
    await core.settle();
    const second = new TestReader();
    core.attach(second, 'bob', v1);
    await core.settle();
    expect(second.bodies).toEqual(['m1', 'm2', 'm3']);
  });
});

it('reads on after the store could not be read', async () => {
  const core = await coreWith(2);
  core.disk.failing.reads = 1;
  const reader = new TestReader();
  core.attach(reader);
  await core.clock.advance(3_000);
  expect([reader.bodies, core.telemetry.count('inbox-read-failed')]).toEqual([['m1', 'm2'], 1]);
});

it('tells flushed only after what was acknowledged is on the disk (BYE)', async () => {
  const core = await coreWith(2);
  const reader = new TestReader();
  const subscription = core.attach(reader);
  await core.settle();
  const synced = core.disk.syncedCommits;
  core.disk.failing.commits = 1;
  subscription.acknowledge({ bucket: 0, position: reader.pushes[1]?.position as number, index: 0 });
  subscription.detach({ flush: true });
  await core.settle();
  expect(reader.ends).toEqual([]);
  await core.clock.advance(1_000);
  expect([reader.ends, core.stored(), core.disk.syncedCommits]).toEqual([['flushed'], [], synced + 1]);
});

it('says who is online, and since when one is not', async () => {
  const core = await coreWith(0);
  const bob = Buffer.from('bob');
  expect(await core.inboxes.status(bob)).toEqual({ isOnline: false, lastSeenSeconds: 0 });
  const subscription = core.attach(new TestReader());
  expect(await core.inboxes.status(bob)).toEqual({ isOnline: true, lastSeenSeconds: 0 });
  subscription.detach({ flush: false });
  await core.settle();
  expect(await core.inboxes.status(bob)).toEqual({ isOnline: false, lastSeenSeconds: Math.floor(core.clock.nowMs() / 1_000) });
});

it('keeps a message for another region in the outbox of its group, also of its own region, since the sender’s edge may have an older map', async () => {
  const group = (id: string, firstShard: number) => ({ id, firstShard, shardCount: 1, address: `127.0.0.1:${firstShard + 1}` });
  const map = createSlotMap({
    environment: 'unit',
    version: 1,
    shards: 3,
    regions: [
      { code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [group('tokyo-0', 0), group('tokyo-1', 1)] },
      { code: 'lima', awsRegion: 'us-east-1', groups: [group('lima-0', 2)] },
    ],
  });
  const router = new SlotRouter(map, expandTable(map));
  const names = Array.from({ length: 100 }, (_, i) => `user-${i}`);
  const [own, sibling, far] = [0, 1, 2].map((shard) => names.find((name) => router.shardOf(Buffer.from(name)) === shard) as string);
  const core = await CoreUnderTest.start(router);
  const origin = core.origin();
  const sent = [own, sibling, far].map((recipient) => origin.send({ recipient: recipient as string, bodies: [recipient as string] }));
  await core.settle();
  expect(sent.map((correlation) => origin.outcome(correlation))).toEqual(['appended', 'appended', 'appended']);
  const brought = origin.send({ recipient: sibling as string, sequence: 9 }, { flags: APPEND_FORWARDED });
  await core.settle();
  expect(origin.outcome(brought)).toBe('SHARD_MOVED');
  // So is a bucket’s: between two cores of different maps it went to and fro, twice as much each time, until a disk was full (L8).
  const buckets = names.map((name) => bucketName(Buffer.from(name), 1, 0, 7)).filter((name) => router.shardOf(name) === 1);
  const bucket = (buckets[0] as Buffer).toString('latin1');
  const origins = [core.origin(), core.origin()] as const;
  const bridged = origins[0].send({ recipient: bucket, sequence: 1 }, { flags: SEND_RETRY | APPEND_FORWARDED });
  const direct = origins[1].send({ recipient: bucket, sequence: 1 }, { flags: SEND_RETRY | APPEND_BUCKET });
  await core.settle();
  expect([origins[0].outcome(bridged), origins[1].outcome(direct)]).toEqual(['SHARD_MOVED', 'appended']);
  expect(ERROR_CODES.SHARD_MOVED.retry).toBe(true);
  expect(core.stored(own)).toEqual([own]);
  expect(core.outbox.map(({ group: name }) => name)).toEqual(['tokyo-1', 'lima-0', 'tokyo-1']);
  expect([...core.disk.outboxes.keys()]).toEqual(['tokyo-1', 'lima-0']);
});
