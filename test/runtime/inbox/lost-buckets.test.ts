/** L1, F19: a region with buckets of a promoted inbox is lost; who has them meanwhile knows nothing of their seals, and it sends on what they hold. */
import { readBucketName } from '../../../runtime/contract/bucket-name.ts';
import { inboxesOf, inboxOfSender, type Layout } from '../../../runtime/contract/layout.ts';
import { ORDER_HOLD_MS, PROMOTION_SWEEP_MS } from '../../../runtime/contract/limits.ts';
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { failedBack, failedOver } from '../../../runtime/contract/slot-map-failover.ts';
import { movedTo } from '../../../runtime/contract/slot-map-moves.ts';
import { sentOnMarkKey } from '../../../runtime/inbox/sent-on-marks.ts';
import { PULL_LATER } from '../../../runtime/ports/handover.ts';
import { ENVELOPE_SENT_ON, envelopeFlags, markKeyOf, withFlags } from '../../../runtime/wire/envelope.ts';
import { APPEND_BUCKET, APPEND_FORWARDED, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { bodiesOf, envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const bob = Buffer.from('bob');
const region = (code: string, awsRegion: string, firstShard: number) => ({
  code,
  awsRegion,
  groups: [{ id: `${code}-0`, firstShard, shardCount: 1, address: `127.0.0.1:${firstShard + 1}` }],
});
const first = createSlotMap({
  environment: 'unit',
  version: 1,
  shards: 2,
  regions: [region('tokyo', 'ap-northeast-1', 0), region('paris', 'eu-west-3', 1)],
});
const allInTokyo = { ...movedTo(first, ['tokyo-0', 'tokyo-0']), moving: undefined };
const shared = { ...movedTo(allInTokyo, ['tokyo-0', 'paris-0']), moving: undefined };
const lost = failedOver(shared, 'paris', 0);

/** Bob lives in tokyo; some of the buckets of his first generation are in paris, which has sealed them, and he has read them. */
async function drained(): Promise<{ core: CoreUnderTest; inParis: Buffer }> {
  const core = await CoreUnderTest.start(readSlotMap(allInTokyo));
  const change = async (count: number) => {
    const promotion = core.inboxes.promote(bob, count);
    await core.settle();
    await promotion;
    await core.settle();
  };
  await change(8);
  const [, generation] = layoutOf(core);
  core.slots.change(readSlotMap(shared));
  core.owners = { ...core.owners, bucket: async () => ({ isSealed: true, isEmpty: true, messagesPerSecond: 0 }) };
  await change(1);
  await swept(core);
  expect(layoutOf(core)[1]).toMatchObject({ number: 1, isSealed: true, isDrained: true });
  const inParis = inboxesOf(bob, generation as Layout['generations'][number]).find(
    (inbox) => readSlotMap(shared).homeOfUser(inbox).group === 'paris-0',
  );
  return { core, inParis: inParis as Buffer };
}

function layoutOf(core: CoreUnderTest): Layout['generations'] {
  const reader = new TestReader();
  core.attach(reader).detach({ flush: false });
  return reader.layouts.at(-1) ?? [];
}

async function swept(core: CoreUnderTest): Promise<void> {
  await core.clock.advance(PROMOTION_SWEEP_MS);
  await core.inboxes.sweepBuckets();
  await core.settle();
}

/** Bodies by the generation whose bucket holds them. */
function stored(core: CoreUnderTest): [number | undefined, string[]][] {
  return [...core.disk.inboxes].flatMap(([key, rows]) =>
    rows.size === 0
      ? []
      : [[readBucketName(Buffer.from(key.split(' ')[0] as string, 'hex'))?.generation, [...rows.values()].flatMap((one) => bodiesOf(one))]],
  );
}

/** Someone whose messages to bob that bucket gets. */
function senderOf(bucket: Buffer, generation: Layout['generations'][number]): string {
  const names = Array.from({ length: 99 }, (_, i) => `s${i}`);
  return names.find((name) => inboxOfSender(bob, generation, Buffer.from(name)).equals(bucket)) as string;
}

const late = { sequence: 9, bodies: ['late'] };

it('puts what comes for an older bucket into the present one, at its heir too, through a restart', async () => {
  const { core, inParis } = await drained();
  core.slots.change(readSlotMap(lost));
  await core.settle();
  await core.restart(readSlotMap(lost));
  await core.settle();
  const origin = core.origin();
  const sent = origin.send({ ...late, recipient: inParis.toString('latin1') }, { flags: APPEND_BUCKET | SEND_RETRY });
  await core.settle();
  expect(origin.outcome(sent)).toBe('appended');
  expect(stored(core)).toEqual([[2, ['late']]]);
});

it('reads an older generation again when its heir took something before it was told of the seal', async () => {
  const { core, inParis } = await drained();
  core.slots.change(readSlotMap(lost));
  core.origin().send({ ...late, recipient: inParis.toString('latin1') }, { flags: APPEND_BUCKET | SEND_RETRY });
  await core.settle();
  await swept(core);
  const [generation] = stored(core)[0] ?? [];
  expect(layoutOf(core).find(({ number }) => number === generation)).toMatchObject({ isDrained: false });
});

it('takes what the lost region sends on out of an older generation once, though the present one has its mark from there', async () => {
  const { core, inParis } = await drained();
  core.owners = { ...core.owners, finalMarks: async (_address, { keys }) => keys.map(() => ({ high: 9, holes: [] })) };
  const sender = senderOf(inParis, layoutOf(core)[1] as Layout['generations'][number]);
  core.origin().send({ sender, sequence: 10, previous: 9, bodies: ['10'] });
  await core.clock.advance(1_000);
  core.slots.change(readSlotMap(lost));
  await core.clock.advance(1_000);
  const stray = (sequence: number, previous: number) =>
    withFlags(envelopeOf({ sender, recipient: inParis.toString('latin1'), sequence, previous, bodies: [`${sequence}`] }), ENVELOPE_SENT_ON);
  const sentOn = [stray(5, 4), stray(8, 6), stray(9, 8), stray(8, 6), stray(5, 4), stray(7, 6), stray(9, 8)];
  for (const envelope of sentOn) core.origin().sendEnvelope(envelope, { flags: SEND_RETRY | APPEND_FORWARDED });
  await core.clock.advance(1_000);
  core.origin().send({ sender, sequence: 9, previous: 8, bodies: ['9'] }, { flags: SEND_RETRY });
  await core.clock.advance(1_000);
  expect(stored(core)).toEqual([[2, ['10', '5', '8', '9', '7']]]);
  const flags = [...core.disk.inboxes.values()].flatMap((rows) => [...rows.values()].map((one) => envelopeFlags(one) & ENVELOPE_SENT_ON));
  expect(new Set(flags)).toEqual(new Set([0]));
});

it('takes it once too where it waits for its user or its predecessor, through a restart (L2)', async () => {
  const sender = 'alice';
  const stray = withFlags(envelopeOf({ sender, recipient: 'bob', sequence: 5, previous: 4, bodies: ['5'] }), ENVELOPE_SENT_ON);
  const key = markKeyOf(stray);
  const away = { ...movedTo(allInTokyo, ['paris-0', 'paris-0']), moving: undefined };
  const back = readSlotMap(movedTo(away, ['tokyo-0', 'tokyo-0']));
  const core = await CoreUnderTest.start(back);
  core.origin().sendEnvelope(stray, { flags: SEND_RETRY | APPEND_FORWARDED });
  await core.settle();
  // His former owner has counted it as taken, and had got it so.
  const marks = [key, sentOnMarkKey(key)].map((one) => ({ key: one, mark: { high: 9, holes: [] } }));
  core.peers = {
    pull: async (_address, { kind }) => ({
      ...PULL_LATER,
      kind: 'held',
      isLast: true,
      nextPosition: 1,
      ...(kind === 'user' && { marks }),
      ...(kind === 'users' && { users: core.inboxes.handover.usersFetched === 0 ? [bob] : [] }),
    }),
  };
  await core.restart(back);
  await core.clock.advance(10_000);
  expect([core.inboxes.handover.usersFetched, core.disk.parked.size, stored(core)]).toEqual([1, 0, []]);
});

it('forgets nothing of a row while a message waits in it over a restart for longer than it may (L2)', async () => {
  const core = await CoreUnderTest.start(readSlotMap(allInTokyo));
  core.origin().send({ sequence: 3, bodies: ['1', '2', '3'] });
  await core.settle();
  core.origin().send({ sequence: 9, previous: 8, bodies: ['9'] });
  await core.settle();
  await core.restart(readSlotMap(allInTokyo));
  await core.clock.advance(ORDER_HOLD_MS + 10_000);
  core.origin().send({ sequence: 3, bodies: ['1', '2', '3'] }, { flags: SEND_RETRY });
  await core.settle();
  expect(core.stored()).toEqual(['1', '2', '3', '9']);
});

it('takes what it had sent on out of an older generation back, when that comes after the return', async () => {
  const core = await CoreUnderTest.start(readSlotMap(shared));
  core.owners = { ...core.owners, bucket: async () => ({ isSealed: true, isEmpty: true, messagesPerSecond: 0 }) };
  const promoted = async (count: number) => {
    const promotion = core.inboxes.promote(bob, count);
    await core.settle();
    await promotion;
    await core.clock.advance(5_000);
  };
  await promoted(2);
  core.origin().send({ sequence: 1, bodies: ['1'] });
  await core.settle();
  await promoted(1);
  core.origin().send({ sequence: 2, previous: 1, bodies: ['2'] });
  await core.settle();
  const away = failedOver(shared, 'tokyo', 0);
  core.slots.change(readSlotMap(away));
  await core.clock.advance(5_000);
  expect(core.outbox.map(({ entry }) => bodiesOf(entry.envelope))).toEqual([['1'], ['2']]);
  const isSentOn = core.outbox.map(({ entry }) => (envelopeFlags(entry.envelope) & ENVELOPE_SENT_ON) !== 0);
  expect(isSentOn).toEqual([true, false]);
  let isFirst = true;
  core.peers.pull = async (_address, { kind }) => {
    const users = kind === 'users' && isFirst ? [bob] : [];
    if (kind === 'users') isFirst = false;
    return { ...PULL_LATER, kind: 'held', isLast: true, users };
  };
  core.slots.change(readSlotMap(failedBack(away, 'tokyo')));
  await core.clock.advance(5_000);
  const again = { flags: SEND_RETRY };
  for (let times = 0; times < 2; times++) {
    core.origin().send({ sequence: 2, previous: 1, bodies: ['2'] }, again);
    core.origin().send({ sequence: 1, bodies: ['1'] }, again);
    await core.clock.advance(5_000);
  }
  expect(stored(core)).toEqual([[3, ['2', '1']]]);
});

it.each([false, true])(
  'reads first what its heir took for a promoted inbox when it comes back; its home core restarts meanwhile: %s',
  async (isRestarted) => {
    const core = await CoreUnderTest.start(readSlotMap(shared));
    const promotion = core.inboxes.promote(bob, 2);
    await core.settle();
    await promotion;
    const away = failedOver(shared, 'tokyo', 0);
    core.slots.change(readSlotMap(away));
    await core.clock.advance(1_000);
    const back = readSlotMap(failedBack(away, 'tokyo'));
    if (isRestarted) await core.restart(back);
    else core.slots.change(back);
    const envelope = envelopeOf({ recipient: 'bob', sequence: 1, bodies: ['meanwhile'] });
    core.peers.pull = async (_address, { kind, user, after }) => {
      const held = { ...PULL_LATER, kind: 'held', isLast: true, nextPosition: 10_000, users: kind === 'users' ? [bob] : [] } as const;
      return kind === 'user' && user.equals(bob) && after === 0
        ? { ...held, isLast: false, rows: [{ position: 9_999, envelope, firstIndex: 0 }] }
        : held;
    };
    await core.clock.advance(5_000);
    const reader = new TestReader();
    core.attach(reader);
    await core.settle();
    expect([reader.bodies, reader.layouts.at(-1)?.map(({ number }) => number)]).toEqual([['meanwhile'], [0, 1, 2]]);
  },
);
