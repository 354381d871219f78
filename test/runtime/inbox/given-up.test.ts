/** F19, L3: a region is given up while it is lost; conversations with its users go on at once, and what it held is taken if it comes after all. */
import { bucketName } from '../../../runtime/contract/bucket-name.ts';
import { GIVEN_UP_MS, ORDER_HOLD_MS } from '../../../runtime/contract/limits.ts';
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { failedOver, givenUpOf } from '../../../runtime/contract/slot-map-failover.ts';
import { homesOf, movedTo } from '../../../runtime/contract/slot-map-moves.ts';
import { readdress } from '../../../runtime/wire/envelope.ts';
import { APPEND_BUCKET, SEND_RETRY } from '../../../runtime/wire/v2/send.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest } from './core-under-test.ts';

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

it('is remembered of several regions, the oldest forgotten, and refused of one that is not lost', () => {
  const over = failedOver(first, 'lima', 0);
  const once = givenUpOf(over, 'lima', 0);
  const twice = givenUpOf({ ...over, givenUp: once.givenUp }, 'lima', GIVEN_UP_MS - 1);
  expect([once.givenUp?.length, twice.givenUp?.length]).toEqual([1, 2]);
  expect(givenUpOf({ ...over, givenUp: twice.givenUp }, 'lima', GIVEN_UP_MS).givenUp?.length).toBe(2);
  expect(() => givenUpOf(first, 'lima', 0)).toThrow(/not failed over/);
});
