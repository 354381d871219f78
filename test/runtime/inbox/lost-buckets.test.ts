/** L1, F19: a region with buckets of a promoted inbox is lost; who has them meanwhile knows nothing of their seals, and it sends on what they hold. */
import { readBucketName } from '../../../runtime/contract/bucket-name.ts';
import { inboxesOf, type Layout } from '../../../runtime/contract/layout.ts';
import { PROMOTION_SWEEP_MS } from '../../../runtime/contract/limits.ts';
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { failedBack, failedOver } from '../../../runtime/contract/slot-map-failover.ts';
import { movedTo } from '../../../runtime/contract/slot-map-moves.ts';
import { PULL_LATER } from '../../../runtime/ports/handover.ts';
import { APPEND_BUCKET, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { bodiesOf } from '../../fakes/envelopes.ts';
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
