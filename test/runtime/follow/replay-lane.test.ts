/** D6: readers far behind take turns, pause for those who are pushed to live, and never starve. */
import {
  REPLAY_BYTES_AT_ONCE,
  REPLAY_BYTES_PER_MS,
  REPLAY_PAUSE_MS,
  REPLAY_SETTLE_MS,
  REPLAY_TURN_BYTES,
  REPLAY_UNDER_WAY_BYTES,
} from '../../../runtime/contract/limits.ts';
import { LogFollower } from '../../../runtime/follow/log-follower.ts';
import { ReplayLane } from '../../../runtime/follow/replay-lane.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** Readers that read a turn, and ask for the next, until they have had enough; what each had, in the order of the turns. */
function readers(lane: ReplayLane, count: number, turns: number, takes = true) {
  const order: number[] = [];
  const bytes = Array.from({ length: count }, () => 0);
  const read = async (reader: number) => {
    const place = { underWayBytes: 0, overMs: 0 };
    for (let i = 0; i < turns; i++) {
      const given = await lane.turn(place);
      bytes[reader] = (bytes[reader] as number) + given;
      order.push(reader);
      if (takes) lane.settle(place, given);
    }
  };
  for (let reader = 0; reader < count; reader++) void read(reader);
  return { order, bytes };
}

it('goes round robin', async () => {
  const clock = new ManualClock();
  const { order } = readers(new ReplayLane(clock), 3, 3);
  await clock.settle();
  expect(order).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

it('gives one reader alone all there is at once, and many at most a turn each', async () => {
  const clock = new ManualClock();
  const lane = new ReplayLane(clock);
  const alone = lane.turn({ underWayBytes: 0, overMs: 0 });
  await clock.settle();
  expect(await alone).toBe(REPLAY_BYTES_AT_ONCE);
  const { bytes } = readers(lane, 100, 1);
  await clock.settle();
  // The last four share what is left over.
  expect([bytes[0], bytes[95], Math.min(...bytes), lane.length]).toEqual([...Array.from({ length: 3 }, () => REPLAY_TURN_BYTES), 0]);
});

it('keeps to REPLAY_BYTES_PER_MS while others are pushed to live, and still gives a turn each time', async () => {
  const clock = new ManualClock();
  const lane = new ReplayLane(clock);
  lane.pushedLive();
  const { bytes, order } = readers(lane, 50, 1_000);
  await clock.settle();
  for (let passed = 0; passed < 1_000; passed += REPLAY_PAUSE_MS) {
    const before = order.length;
    await clock.advance(REPLAY_PAUSE_MS);
    expect(order.length).toBeGreaterThan(before);
    lane.pushedLive();
  }
  const sum = bytes.reduce((a, b) => a + b, 0);
  expect(sum).toBeLessThanOrEqual(1_000 * REPLAY_BYTES_PER_MS + REPLAY_BYTES_AT_ONCE);
  expect(sum).toBeGreaterThan(0.9 * 1_000 * REPLAY_BYTES_PER_MS);
  expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThanOrEqual(2 * REPLAY_TURN_BYTES);
});

it('gives a reader who is pushed to live from other buckets all there is, until somebody else is', async () => {
  const clock = new ManualClock();
  const lane = new ReplayLane(clock);
  const place = { underWayBytes: 0, overMs: 0, owner: 'celebrity' };
  lane.pushedLive('celebrity');
  const own = lane.turn(place);
  await clock.settle();
  expect(await own).toBe(REPLAY_BYTES_AT_ONCE);
  lane.settle(place, REPLAY_BYTES_AT_ONCE);
  lane.pushedLive('somebody');
  lane.pushedLive('celebrity');
  const beside = lane.turn(place);
  await clock.advance(REPLAY_PAUSE_MS);
  expect(await beside).toBeLessThanOrEqual(REPLAY_UNDER_WAY_BYTES);
});

it('has no more than REPLAY_UNDER_WAY_BYTES untaken beside live pushes, and forgets what nobody takes', async () => {
  const clock = new ManualClock();
  const lane = new ReplayLane(clock);
  lane.pushedLive();
  const { bytes } = readers(lane, 50, 1_000, false);
  const given = () => bytes.reduce((a, b) => a + b, 0);
  await clock.advance(REPLAY_SETTLE_MS - 10);
  const first = given();
  await clock.advance(REPLAY_SETTLE_MS);
  expect(first).toBeLessThan(REPLAY_UNDER_WAY_BYTES + 2 * REPLAY_TURN_BYTES);
  expect(given()).toBeGreaterThan(first);
});

it('asks no turn of a reader who is near the tail', async () => {
  const clock = new ManualClock();
  const lane = new ReplayLane(clock);
  const [pushed, log] = [
    new Set<number>(),
    Array.from({ length: 10 }, (_, i) => ({ position: i + 1, envelope: Buffer.alloc(1_000), firstIndex: 0 })),
  ];
  const near = {
    read: async (after: number) => log.filter(({ position }) => position > after).slice(0, 4),
    push: ({ position }: { position: number }) => void pushed.add(position),
    failed: () => undefined,
  };
  const blocked = readers(lane, 1, 1);
  new LogFollower(near, { lane, after: 0, creditBytes: 1 << 20 }).start();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  expect([pushed.size, blocked.order.length]).toEqual([10, 0]);
});
