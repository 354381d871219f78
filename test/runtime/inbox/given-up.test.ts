/** F19, L3: a region is given up while it is lost; conversations with its users go on at once, and what it held is taken if it comes after all. */
import { bucketName } from '../../../runtime/contract/bucket-name.ts';
import { GIVEN_UP_MS, ORDER_HOLD_MS } from '../../../runtime/contract/limits.ts';
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { drainedOf, failedBack, failedOver, givenUpOf } from '../../../runtime/contract/slot-map-failover.ts';
import { homesOf, movedTo, settled } from '../../../runtime/contract/slot-map-moves.ts';
import { PULL_LATER } from '../../../runtime/ports/handover.ts';
import { envelopeRecipient, readdress } from '../../../runtime/wire/envelope.ts';
import { decodeStatusEnvelope, encodeStatusEnvelope, type StatusNews } from '../../../runtime/wire/status-envelope.ts';
import { APPEND_BUCKET, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { bodiesOf, envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const group = (id: string, firstShard: number) => ({ id, firstShard, shardCount: 1, address: `127.0.0.1:${firstShard + 1}` });
const first = createSlotMap({
  environment: 'unit',
  version: 1,
  shards: 2,
  regions: [
    { code: 'lima', awsRegion: 'us-east-1', groups: [group('lima-0', 0)] },
    { code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [group('tokyo-0', 1)] },
  ],
});
const names = Array.from({ length: 100 }, (_, i) => `user-${i}`);
const [ofLima, ofTokyo] = [0, 1].map((shard) => names.find((name) => readSlotMap(first).shardOf(Buffer.from(name)) === shard) as string);
const to = (recipient: string, sequence: number, sender = 'alice') => ({
  sender,
  recipient,
  sequence,
  previous: sequence - 1,
  bodies: [`m${sequence}`],
});

async function givenUp(): Promise<CoreUnderTest> {
  const core = await CoreUnderTest.start(readSlotMap(first));
  const over = failedOver(first, 'lima', core.clock.nowMs());
  core.slots.change(readSlotMap(over));
  await core.settle();
  core.slots.change(readSlotMap(givenUpOf(over, 'lima', core.clock.nowMs())));
  await core.settle();
  return core;
}

it('delivers what names a predecessor from before, and the predecessor once if it comes after all', async () => {
  const core = await givenUp();
  const origin = core.origin();
  origin.send(to(ofLima as string, 6));
  await core.settle();
  expect(core.stored(ofLima)).toEqual(['m6']);
  for (const sequence of [5, 4, 5]) origin.send(to(ofLima as string, sequence), { flags: SEND_RETRY });
  await core.settle();
  expect(core.stored(ofLima)).toEqual(['m6', 'm5', 'm4']);
});

it('takes what is sent to a bucket that only the lost region knew to the user', async () => {
  const core = await givenUp();
  const origin = core.origin();
  const { current } = core.slots;
  const bucket = Array.from({ length: 100 }, (_, salt) => bucketName(Buffer.from(ofLima as string), 1, 0, salt)).find(
    (name) => current.homeOfUser(name).group === 'tokyo-0',
  ) as Buffer;
  const sent = [1, 7].map((sequence) =>
    origin.sendEnvelope(readdress(envelopeOf(to(ofLima as string, sequence, `sender-${sequence}`)), bucket), { flags: APPEND_BUCKET }),
  );
  await core.settle();
  expect([sent.map((correlation) => origin.outcome(correlation)), core.stored(ofLima)]).toEqual([
    ['appended', 'appended'],
    ['m1', 'm7'],
  ]);
});

it('goes on so after a restart, under newer maps and for a day; others wait as ever', async () => {
  const core = await givenUp();
  const { map } = core.slots.current;
  await core.restart(readSlotMap({ ...movedTo(map, homesOf(map)), moving: undefined }));
  const origin = core.origin();
  origin.send(to(ofLima as string, 6));
  origin.send(to(ofTokyo as string, 6));
  await core.settle();
  expect([core.stored(ofLima), core.stored(ofTokyo)]).toEqual([['m6'], []]);
  await core.clock.advance(GIVEN_UP_MS);
  origin.send(to(ofLima as string, 6, 'bert'));
  await core.settle();
  expect(core.stored(ofLima)).toEqual(['m6']);
  await core.clock.advance(ORDER_HOLD_MS + 2_000);
  expect(core.stored(ofLima)).toEqual(['m6', 'm6']);
});

it('stands behind cursors of the lost log also where the map of the failover was missed, running or restarted (L1)', async () => {
  const core = await CoreUnderTest.start(readSlotMap(first));
  const over = failedOver(first, 'lima', core.clock.nowMs());
  const map = readSlotMap(givenUpOf(over, 'lima', core.clock.nowMs()));
  const from = over.moving?.positionsFrom as number;
  core.slots.change(map);
  await core.settle();
  expect(core.inboxes.nextPosition).toBeGreaterThanOrEqual(from);
  const restarted = await CoreUnderTest.start(map);
  expect(restarted.inboxes.nextPosition).toBeGreaterThanOrEqual(from);
  expect(readSlotMap(first).positionsFrom).toBe(0);
});

it('is remembered of several regions, the oldest forgotten, and refused of one that is not lost', () => {
  const over = failedOver(first, 'lima', 0);
  const once = givenUpOf(over, 'lima', 0);
  const twice = givenUpOf({ ...over, givenUp: once.givenUp }, 'lima', GIVEN_UP_MS - 1);
  expect([once.givenUp?.length, twice.givenUp?.length]).toEqual([1, 2]);
  expect(givenUpOf({ ...over, givenUp: twice.givenUp }, 'lima', GIVEN_UP_MS).givenUp?.length).toBe(2);
  expect(() => givenUpOf(first, 'lima', 0)).toThrow(/not failed over/);
});

describe('L1: what lies in buckets that only the region’s layouts named', () => {
  /** A bucket of someone of lima that a core of tokyo has. */
  const bucketOf = (core: CoreUnderTest) =>
    Array.from({ length: 100 }, (_, salt) => bucketName(Buffer.from(ofLima as string), 1, 0, salt)).find(
      (name) => core.slots.current.homeOfUser(name).group === 'tokyo-0',
    ) as Buffer;

  it('goes to their users from the cores of other regions, parked ones too, and once only', async () => {
    const core = await CoreUnderTest.start(readSlotMap(first));
    const origin = core.origin();
    const bucket = bucketOf(core);
    core.owners = { ...core.owners, finalMarks: async (_address, { keys }) => keys.map(() => undefined) };
    for (const sequence of [1, 2, 9])
      origin.sendEnvelope(readdress(envelopeOf({ ...to(ofLima as string, sequence), device: 3 }), bucket), { flags: APPEND_BUCKET });
    await core.settle();
    const over = failedOver(first, 'lima', core.clock.nowMs());
    core.slots.change(readSlotMap(over));
    await core.settle();
    const map = readSlotMap(givenUpOf(over, 'lima', core.clock.nowMs()));
    core.slots.change(map);
    await core.settle();
    expect(core.stored(ofLima)).toEqual(['m9', 'm1', 'm2']);
    await core.restart(map);
    for (const sequence of [1, 2, 9]) core.origin().send({ ...to(ofLima as string, sequence), device: 3 }, { flags: SEND_RETRY });
    await core.settle();
    expect(core.stored(ofLima)).toEqual(['m9', 'm1', 'm2']);
  });

  it('is all there is: until they may pass for new ones, nobody there is promoted', async () => {
    const core = await givenUp();
    const promote = () => core.inboxes.promote(Buffer.from(ofLima as string), 2);
    await expect(promote()).rejects.toThrow(/given up; promote it after iris failback, or 24 hours after it was/);
    await core.clock.advance(GIVEN_UP_MS);
    const promotion = promote();
    await core.settle();
    expect(await promotion).toMatchObject({ buckets: 2 });
    const origin = core.origin();
    const sent = origin.send(to(ofLima as string, 1));
    await core.settle();
    expect(origin.outcome(sent)).toBe('appended');
  });
});

describe('a core of the region comes back', () => {
  const bob = ofTokyo as string;
  const overTokyo = (core: CoreUnderTest) => failedOver(first, 'tokyo', core.clock.nowMs());

  /** Promoted, with a message in its bucket, one before that, and one that waits for its predecessor. */
  async function astray(): Promise<CoreUnderTest> {
    const core = await CoreUnderTest.start(readSlotMap(first));
    const origin = core.origin();
    origin.send(to(bob, 1));
    await core.settle();
    const promotion = core.inboxes.promote(Buffer.from(bob), 2);
    await core.settle();
    await promotion;
    origin.send(to(bob, 2));
    origin.send(to(bob, 9));
    await core.settle();
    await core.restart(readSlotMap(givenUpOf(overTokyo(core), 'tokyo', core.clock.nowMs())));
    await core.settle();
    return core;
  }

  it('sends on what it holds, out of buckets to the user itself', async () => {
    const core = await astray();
    const sent = core.outbox.map(({ group, entry }) => [group, envelopeRecipient(entry.envelope).toString(), bodiesOf(entry.envelope)]);
    expect(sent).toHaveLength(3);
    expect(sent).toEqual(expect.arrayContaining(['m1', 'm2', 'm9'].map((body) => ['lima-0', bob, [body]])));
    expect([core.inboxes.handover.straysLeft, core.telemetry.value('iris_strays_left')]).toEqual([0, 0]);
  });

  it('sends on, once, what became of messages of those who lived there (L6)', async () => {
    const core = await CoreUnderTest.start(readSlotMap(first));
    const news = { device: Buffer.alloc(8, 1), sender: Buffer.from(bob), recipient: Buffer.from('carol') };
    const [delivered, read] = [[{ after: 0, through: 5 }], [{ after: 2, through: 3 }]];
    core.origin().sendEnvelope(encodeStatusEnvelope({ ...news, delivered, read }));
    await core.settle();
    const map = readSlotMap(givenUpOf(overTokyo(core), 'tokyo', core.clock.nowMs()));
    await core.restart(map);
    await core.settle();
    await core.restart(map);
    await core.settle();
    const sent = core.outbox.map(({ group, entry }) => [group, decodeStatusEnvelope(entry.envelope)]);
    const united = {
      delivered: sent.flatMap(([, one]) => (one as StatusNews).delivered),
      read: sent.flatMap(([, one]) => (one as StatusNews).read),
    };
    expect([new Set(sent.map(([group]) => group)), united]).toEqual([new Set(['lima-0']), { delivered, read }]);
  });

  it('is fetched from like any other when a move empties it after it was back: order and places stay (L3, L4)', async () => {
    const back = settled(failedBack(givenUpOf(failedOver(first, 'tokyo', 0), 'tokyo', 0), 'tokyo'));
    const core = await CoreUnderTest.start(readSlotMap(back));
    core.origin().send(to(bob, 1));
    await core.settle();
    const drained = drainedOf(back, 'tokyo');
    core.slots.change(readSlotMap(drained));
    await core.settle();
    expect([core.stored(bob), core.outbox]).toEqual([['m1'], []]);
    const request = { version: drained.version, group: 'lima-0', user: Buffer.from(bob), after: 0, marks: 0 };
    const { rows } = await core.inboxes.pull({ ...request, kind: 'user' });
    expect(rows.flatMap(({ envelope }) => bodiesOf(envelope))).toEqual(['m1']);
  });

  it('opens its promoted inboxes again at the failback, also after a restart', async () => {
    const core = await astray();
    const { map } = core.slots.current;
    const back = failedBack(map, 'tokyo');
    core.peers = {
      pull: async (_address, { kind }) =>
        kind === 'user'
          ? { ...PULL_LATER, kind: 'held', isLast: true, nextPosition: 1 }
          : {
              ...PULL_LATER,
              kind: 'held',
              isLast: true,
              users: kind === 'users' && core.inboxes.handover.usersFetched === 0 ? [Buffer.from(bob)] : [],
            },
    };
    await core.restart(readSlotMap(back));
    await core.clock.advance(10_000);
    await core.restart(readSlotMap(settled(back)));
    const reader = new TestReader();
    core.attach(reader, bob);
    await core.settle();
    expect(reader.layouts.at(-1)?.map(({ number, isSealed }) => [number, isSealed])).toEqual([
      [0, true],
      [1, true],
      [2, false],
    ]);
  });
});
