/** B1-B3, B6, B8, L2, L3: an inbox gets more buckets, and fewer, while messages come; its owner stops at any point. */
import { bucketOfSender, readBucketName } from '../../../runtime/contract/bucket-name.ts';
import { BUCKET_QUERY_RETRY_MS, CALM_MS, PROMOTION_SWEEP_MS } from '../../../runtime/contract/limits.ts';
import { createSlotMap, expandTable, SlotRouter } from '../../../runtime/contract/slot-map.ts';
import { RecordKind } from '../../../runtime/ports/inbox-store.ts';
import { SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { bodiesOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const bob = Buffer.from('bob');

/** The bodies in every bucket of a user and in its own inbox, by inbox, in the order of the log. */
function storedByInbox(core: CoreUnderTest): Map<string, string[]> {
  const rows = [...core.disk.inboxes].map(([key, envelopes]): [string, string[]] => {
    const name = Buffer.from(key.split(' ')[0] as string, 'hex').toString('latin1');
    return [name, [...envelopes].sort(([a], [b]) => a - b).flatMap(([, envelope]) => bodiesOf(envelope))];
  });
  return new Map(rows.filter(([, bodies]) => bodies.length > 0));
}

/** What waits for bob, generation after generation. */
function stored(core: CoreUnderTest): string[] {
  return [...storedByInbox(core)].toSorted(([a], [b]) => generation(a) - generation(b)).flatMap(([, bodies]) => bodies);
}

function generation(inbox: string): number {
  return readBucketName(Buffer.from(inbox, 'latin1'))?.generation ?? 0;
}

async function promoted(core: CoreUnderTest, count: number): Promise<void> {
  const promotion = core.inboxes.promote(bob, count);
  await core.settle();
  await promotion;
  await core.settle();
}

it('puts what comes after a promotion to 5 buckets into the bucket of its sender, in order, and leaves the rest where it was', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  origin.send({ sequence: 1, bodies: ['before'] });
  await core.settle();
  await promoted(core, 5);
  for (let i = 0; i < 10; i++) origin.send({ sequence: 2 + i, previous: 1 + i, bodies: [`MSG_${i}`] });
  for (let sender = 0; sender < 40; sender++) origin.send({ sender: `s${sender}`, bodies: [`from s${sender}`] });
  await core.settle();
  const inboxes = storedByInbox(core);
  expect(inboxes.get('bob')).toEqual(['before']);
  const ofAlice = [...inboxes.values()].filter((bodies) => bodies.some((body) => body.startsWith('MSG_')));
  expect(ofAlice.map((bodies) => bodies.filter((body) => body.startsWith('MSG_')))).toEqual([
    Array.from({ length: 10 }, (_, i) => `MSG_${i}`),
  ]);
  expect(inboxes.size).toBe(6);
  for (const [inbox, bodies] of inboxes) {
    const index = readBucketName(Buffer.from(inbox, 'latin1'))?.index;
    for (const body of bodies.filter((text) => text.startsWith('from '))) expect(bucketOfSender(Buffer.from(body.slice(5)), 5)).toBe(index);
  }
  expect(origin.layouts).toEqual([{ user: 'bob', generation: 1 }]);
});

it('keeps a layout whose writing was dropped: it is written again, and a restart finds what its buckets took (L1)', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  const makeBatch = core.disk.batch.bind(core.disk);
  let failures = 0;
  core.disk.batch = () => {
    const batch = makeBatch();
    const setRecord = batch.setRecord.bind(batch);
    batch.setRecord = (kind, user, value) => {
      if (kind === RecordKind.layout && failures++ < 2) throw new Error('a record that cannot be made');
      setRecord(kind, user, value);
    };
    return batch;
  };
  const promotion = core.inboxes.promote(bob, 3);
  const refused = expect(promotion).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await core.settle();
  await refused;
  origin.send({ sequence: 1, bodies: ['into a bucket'] });
  await core.settle();
  await core.clock.advance(2 * BUCKET_QUERY_RETRY_MS + 1);
  await core.settle();
  expect(failures).toBeGreaterThan(2);
  await core.restart();
  const reader = new TestReader();
  core.attach(reader, 'bob');
  await core.settle();
  expect([stored(core), reader.layouts.at(-1)?.map(({ number }) => number)]).toEqual([['into a bucket'], [0, 1]]);
});

it('spreads senders evenly over the buckets (χ², 99.9 %)', () => {
  const counts = Array.from({ length: 100 }, () => 0);
  const senders = 100_000;
  for (let i = 0; i < senders; i++) counts[bucketOfSender(Buffer.from(`user-${i}`), 100)]!++;
  const expected = senders / 100;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(148.2);
});

it.each([0, 1, 2, 3])('drops a duplicate and keeps order across %i changes of the buckets', async (changes) => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  origin.send({ sequence: 1, bodies: ['1'] });
  await core.settle();
  for (let i = 0; i < changes; i++) await promoted(core, [7, 1, 3][i] as number);
  origin.send({ sequence: 1, bodies: ['1'] }, { flags: SEND_RETRY });
  const early = origin.send({ sequence: 3, previous: 2, bodies: ['3'] });
  await core.settle();
  expect(stored(core)).toEqual(['1']);
  expect(origin.outcome(early)).toBe('appended');
  origin.send({ sequence: 2, previous: 1, bodies: ['2'] });
  await core.settle();
  expect(stored(core)).toEqual(['1', '2', '3']);
});

it('takes what waits for its predecessor along into the new generation, through a restart', async () => {
  const core = await CoreUnderTest.start();
  core.origin().send({ sequence: 2, previous: 1, bodies: ['2'] });
  await core.settle();
  await promoted(core, 4);
  await core.restart();
  core.origin().send({ sequence: 1, bodies: ['1'] });
  await core.settle();
  expect(stored(core)).toEqual(['1', '2']);
  expect(core.disk.parked.size).toBe(0);
});

it('tells its reader of the new buckets, and that the old ones are over once they are read', async () => {
  const core = await CoreUnderTest.start();
  core.origin().send({ sequence: 1, bodies: ['1'] });
  await core.settle();
  const reader = new TestReader();
  const read = core.attach(reader, 'bob', { creditBytes: 1 });
  await core.settle();
  await promoted(core, 2);
  expect(reader.generations.at(-1)).toBe(1);
  expect([reader.bodies, reader.isAtEnd]).toEqual([['1'], false]);
  read.grant(1_000);
  await core.settle();
  expect(reader.isAtEnd).toBe(true);
});

it('lets the later login keep a bucket, whatever the order in which two readers reach its owner', async () => {
  const core = await CoreUnderTest.start();
  await promoted(core, 1);
  core.origin().send({});
  await core.settle();
  const inbox = [...storedByInbox(core).keys()].find((name) => name !== 'bob') as string;
  const [later, earlier] = [new TestReader(), new TestReader()];
  core.attach(later, inbox, { loginStamp: 20, isReattached: true });
  core.attach(earlier, inbox, { loginStamp: 10, isReattached: true });
  await core.settle();
  expect([later.bodies, later.ends, earlier.bodies, earlier.ends]).toEqual([['hello'], [], [], ['replaced']]);
});

it('forgets a generation when it is read, and its senders when their window is over', async () => {
  const core = await CoreUnderTest.start();
  await promoted(core, 3);
  await promoted(core, 1);
  await core.inboxes.sweepBuckets();
  await core.settle();
  const reader = new TestReader();
  core.attach(reader);
  await core.settle();
  expect(reader.layouts.at(-1)?.map(({ number, isDrained }) => [number, isDrained])).toEqual([
    [0, true],
    [1, true],
    [2, false],
  ]);
  await core.clock.advance(8 * 24 * 3_600_000);
  await core.inboxes.sweepBuckets();
  await core.settle();
  expect(reader.layouts.at(-1)?.map(({ number }) => number)).toEqual([2]);
});

it('an inbox that cannot be read does not keep those behind it from being looked after (F14)', async () => {
  const core = await CoreUnderTest.start();
  const carol = Buffer.from('carol');
  await promoted(core, 3);
  const promotion = core.inboxes.promote(carol, 3);
  await core.settle();
  await promotion;
  await core.settle();
  const { openStore } = core;
  const readInbox = openStore.readInbox.bind(openStore);
  openStore.readInbox = (user, ...rest) => (user.equals(bob) ? Promise.reject(new Error('damaged')) : readInbox(user, ...rest));
  await core.inboxes.sweepBuckets();
  await core.settle();
  const reader = new TestReader();
  core.attach(reader, 'carol');
  await core.settle();
  expect(reader.layouts.at(-1)?.map(({ isDrained }) => isDrained)).toEqual([true, false]);
  expect(core.telemetry.count('bucket-failed')).toBeGreaterThan(0);
});

it('refuses a change while the last one is under way, and counts out of range', async () => {
  const core = await CoreUnderTest.start();
  await expect(core.inboxes.promote(bob, 0)).rejects.toMatchObject({ code: 'COMMAND_INVALID' });
  await expect(core.inboxes.promote(bob, 1_025)).rejects.toMatchObject({ code: 'COMMAND_INVALID' });
  const first = core.inboxes.promote(bob, 2);
  await expect(core.inboxes.promote(bob, 3)).rejects.toMatchObject({ code: 'OVERLOADED' });
  await core.settle();
  await expect(first).resolves.toEqual({ user: 'bob', generation: 1, buckets: 2 });
});

it('changes nothing for a user who is demoted without having been promoted', async () => {
  const core = await CoreUnderTest.start();
  await expect(core.inboxes.promote(bob, 1)).resolves.toEqual({ user: 'bob', generation: 0, buckets: 1 });
  expect(core.disk.records.size).toBe(0);
});

describe('an inbox that takes more than 10,000 messages a second', () => {
  const group = (id: string, firstShard: number) => ({ id, firstShard, shardCount: 1, address: `127.0.0.1:${firstShard + 1}` });
  const map = createSlotMap({
    environment: 'unit',
    version: 1,
    shards: 2,
    regions: [{ code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [group('tokyo-0', 0), group('tokyo-1', 1)] }],
  });
  const router = new SlotRouter(map, expandTable(map));
  const here = Array.from({ length: 20 }, (_, i) => `user-${i}`).filter((user) => router.homeOfUser(Buffer.from(user)).group === 'tokyo-0');
  const [hot, cold] = here as [string, string];
  const bodies = Array.from({ length: 1_000 }, () => 'x');
  let sent = 0;

  /** `perSecond` messages for one window of rates. */
  async function load(core: CoreUnderTest, perSecond: number): Promise<void> {
    const origin = core.origin();
    const envelopes = (perSecond * PROMOTION_SWEEP_MS) / 1_000 / bodies.length;
    for (let i = 0; i < envelopes; i++) origin.send({ recipient: hot, sequence: 1 + bodies.length * sent++, bodies });
    origin.send({ recipient: cold, sender: 'carol' });
    await core.clock.advance(PROMOTION_SWEEP_MS);
    const swept = core.inboxes.sweepBuckets();
    for (let i = 0; i < 5; i++) await core.settle();
    await swept;
  }

  const layoutOf = async (core: CoreUnderTest, user: string) => {
    const reader = new TestReader();
    core.attach(reader, user).detach({ flush: false });
    return reader.layouts.at(-1)?.at(-1);
  };

  it('gets as many buckets as its load needs and a half more; its neighbour keeps its one (F15)', async () => {
    const core = await CoreUnderTest.start(router);
    await load(core, 8_000);
    expect(await layoutOf(core, hot)).toBeUndefined();
    await load(core, 40_000);
    expect((await layoutOf(core, hot))?.salts).toHaveLength(6);
    expect(await layoutOf(core, cold)).toBeUndefined();
  });

  it('goes back to one bucket when it has been calm for CALM_MS, not before, and stays as it is under an operator’s hand', async () => {
    const core = await CoreUnderTest.start(router);
    let perSecond = 3_000;
    core.owners = {
      bucket: async () => ({ isSealed: true, isEmpty: true, messagesPerSecond: perSecond }),
      finalMarks: async () => undefined,
    };
    await load(core, 40_000);
    await load(core, 0);
    await core.clock.advance(CALM_MS);
    await load(core, 0);
    expect((await layoutOf(core, hot))?.salts).toHaveLength(6);
    perSecond = 0;
    await load(core, 0);
    await core.clock.advance(CALM_MS);
    await load(core, 0);
    expect(await layoutOf(core, hot)).toMatchObject({ number: 2, isAutomatic: true, salts: [expect.any(Number)] });
    const byHand = core.inboxes.promote(Buffer.from(hot), 3);
    await core.settle();
    await byHand;
    await core.clock.advance(CALM_MS);
    await load(core, 0);
    await core.clock.advance(CALM_MS);
    await load(core, 0);
    expect(await layoutOf(core, hot)).toMatchObject({ number: 3, isAutomatic: false });
  });
});

it('refuses more buckets while a node is linked that cannot read them, by its name, and obeys who insists (F16)', async () => {
  const core = await CoreUnderTest.start();
  core.nodesWithoutBuckets = ['tokyo-edge-1', 'tokyo-edge-1'];
  await expect(core.inboxes.promote(bob, 2)).rejects.toMatchObject({
    code: 'COMMAND_INVALID',
    message: expect.stringMatching(/^tokyo-edge-1 of an older release .* upgrade it, or add --force$/),
  });
  await expect(core.inboxes.promote(bob, 1)).resolves.toMatchObject({ buckets: 1 });
  const forced = core.inboxes.promote(bob, 2, { isForced: true });
  await core.settle();
  expect((await forced).buckets).toBe(2);
});

it('tells a further connection of a login where the buckets are, and nobody whose login does not read the inbox', async () => {
  const core = await CoreUnderTest.start();
  await promoted(core, 2);
  core.attach(new TestReader(), 'bob', { loginStamp: 5 });
  await core.settle();
  expect(core.inboxes.reading(bob, 5)?.layout.generations.at(-1)?.salts).toHaveLength(2);
  expect(core.inboxes.reading(bob, 4)).toBeUndefined();
  core.attach(new TestReader(), 'bob', { loginStamp: 9 });
  await core.settle();
  expect(core.inboxes.reading(bob, 5)).toBeUndefined();
  expect(core.inboxes.reading(Buffer.from('alice'), 0)).toBeUndefined();
});
