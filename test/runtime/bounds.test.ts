/** L8: what is remembered, and what may wait for an answer, stays below its bound; what is beyond it is refused or the oldest forgotten. */
import * as limits from '../../runtime/contract/limits.ts';
import { checkSlotMap, createSlotMap } from '../../runtime/contract/slot-map.ts';
import { failedOver, givenUpOf } from '../../runtime/contract/slot-map-failover.ts';
import { chooseSalts } from '../../runtime/inbox/bucket-salts.ts';
import { HotInboxes } from '../../runtime/inbox/hot-inboxes.ts';
import { PositionTimes } from '../../runtime/inbox/position-times.ts';
import { WriteRates } from '../../runtime/inbox/write-rates.ts';
import { BucketQuestions } from '../../runtime/link/bucket-questions.ts';
import { HandoverQuestions } from '../../runtime/link/handover-questions.ts';
import { StatusQueries } from '../../runtime/link/status-queries.ts';
import type { Publication } from '../../runtime/ports/bus.ts';
import type { Connection } from '../../runtime/ports/transport.ts';
import { SlotMessageRouter } from '../../runtime/routing/slot-message-router.ts';
import { LastSequences } from '../../runtime/session/last-sequences.ts';
import { RefusedConnections } from '../../runtime/session/refused-connections.ts';
import { SendWindow } from '../../runtime/session/send-window.ts';
import { ShownBatches } from '../../runtime/session/shown-batches.ts';
import { ShownWishes } from '../../runtime/session/shown-wishes.ts';
import { Bursts, type BurstTarget } from '../../runtime/wire/bursts.ts';
import { ByteReader } from '../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../runtime/wire/byte-writer.ts';
import { checkEnvelope } from '../../runtime/wire/envelope.ts';
import { CURSORS_MAX, decodeHello } from '../../runtime/wire/v2/hello.ts';
import { envelopeOf } from '../fakes/envelopes.ts';
import { FixedSlotMaps } from '../fakes/fixed-slot-maps.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../fakes/memory-telemetry.ts';
import { hello, sendFrame } from '../servers/v2-client.ts';
import { ONE_GROUP } from './inbox/core-under-test.ts';
import { SessionUnderTest } from './session/session-under-test.ts';

const clock = new ManualClock();
const writer = () => new ByteWriter();
const at = (position: number) => ({ bucket: 0, position });

/** A connection that remembers whether it is read and whether it was ended. */
function connection(queuedBytes = 0) {
  const seen = { isPaused: false, isDestroyed: false, queuedBytes };
  const one = {
    pause: () => (seen.isPaused = true),
    resume: () => (seen.isPaused = false),
    destroy: () => (seen.isDestroyed = true),
    get queuedBytes() {
      return seen.queuedBytes;
    },
  } as unknown as Connection;
  return { seen, one };
}

describe('a session', () => {
  it('is not read beyond SESSION_IN_FLIGHT_MAX messages without an answer, until half of them have one', () => {
    const { seen, one } = connection();
    const window = new SendWindow(one);
    window.opened(limits.SESSION_IN_FLIGHT_MAX - 1, 1);
    expect(seen.isPaused).toBe(false);
    window.opened(1, 1);
    expect(seen.isPaused).toBe(true);
    window.answered(limits.SESSION_IN_FLIGHT_MAX / 2 - 1);
    expect(seen.isPaused).toBe(true);
    window.answered(1);
    expect(seen.isPaused).toBe(false);
  });

  it('is not read beyond SESSION_IN_FLIGHT_BYTES_MAX, nor while its client leaves more than SESSION_UNREAD_BYTES_MAX unread', () => {
    const { seen, one } = connection();
    const window = new SendWindow(one);
    window.opened(1, limits.SESSION_IN_FLIGHT_BYTES_MAX);
    expect(seen.isPaused).toBe(true);
    window.answered(1);
    expect(seen.isPaused).toBe(false);
    for (const [bytes, isPaused] of [
      [limits.SESSION_UNREAD_BYTES_MAX, false],
      [limits.SESSION_UNREAD_BYTES_MAX + 1, true],
    ] as const) {
      seen.queuedBytes = bytes;
      window.settle();
      expect(seen.isPaused).toBe(isPaused);
    }
  });

  it('of v1 forgets the oldest of V1_RECIPIENTS_MAX recipients, V1_BATCHES_MAX batches and V1_WISHES_MAX wishes', () => {
    const last = new LastSequences();
    for (let i = 0; i <= limits.V1_RECIPIENTS_MAX; i++) last.replace(Buffer.from(`user-${i}`), i + 1);
    expect(last.replace(Buffer.from('user-1'), 9)).toBe(2);
    expect(last.replace(Buffer.from('user-0'), 9)).toBe(0);

    const batches = new ShownBatches();
    for (let i = 0; i <= limits.V1_BATCHES_MAX; i++) batches.shown(at(i), 0, 1);
    expect([batches.acknowledged(at(0), 0), batches.acknowledged(at(1), 0)]).toEqual([false, true]);

    const wishes = new ShownWishes();
    const envelope = envelopeOf({});
    for (let i = 0; i <= limits.V1_WISHES_MAX; i++) wishes.add(at(i), envelope, 0);
    const isKnown = (position: number) => wishes.of({ ...at(position), index: 0 }) !== undefined;
    expect([isKnown(0), isKnown(1)]).toEqual([false, true]);
  });
});

it('a session ends beyond SESSION_FENCES_MAX recipients that stand refused, since their order could not be remembered', async () => {
  const own = new ManualClock();
  const session = new SessionUnderTest(own);
  session.client.received(hello('alice'));
  session.client.received(sendFrame('bob', 1, ['a']));
  const refuse = (recipient: number) =>
    session.publisher?.refused(1, 1, Buffer.from(`r${recipient}`), { code: 'OVERLOADED', message: 'full', retryAfterMs: 1 });
  for (let i = 0; i < limits.SESSION_FENCES_MAX; i++) refuse(i);
  expect(session.connection.state).toBe('open');
  refuse(limits.SESSION_FENCES_MAX);
  expect(session.connection.state).toBe('ended');
});

it('a login with more than CURSORS_MAX cursors is no login', () => {
  const cursors = Array.from({ length: CURSORS_MAX + 1 }, (_, bucket) => ({ bucket, position: 1, index: 0 }));
  const read = (count: number) => {
    const frame = hello('alice', { cursors: cursors.slice(0, count) });
    return () => decodeHello(new ByteReader().reset(frame, 5, frame.length));
  };
  expect(read(CURSORS_MAX)().cursors).toHaveLength(CURSORS_MAX);
  expect(read(CURSORS_MAX + 1)).toThrow(`${CURSORS_MAX + 1} cursors, limit is ${CURSORS_MAX}`);
});

it('an envelope names no user or inbox beyond USER_BYTES_MAX and INBOX_NAME_BYTES_MAX', () => {
  const check = (sender: number, recipient: number) => {
    const envelope = envelopeOf({ sender: 'x'.repeat(sender), recipient: 'y'.repeat(recipient) });
    return () => checkEnvelope(envelope, 0, envelope.length);
  };
  const { USER_BYTES_MAX, INBOX_NAME_BYTES_MAX } = limits;
  expect(check(USER_BYTES_MAX, INBOX_NAME_BYTES_MAX)).not.toThrow();
  for (const names of [check(USER_BYTES_MAX + 1, 1), check(1, INBOX_NAME_BYTES_MAX + 1)])
    expect(names).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }) as Error);
});

it('a slot map of more than SHARDS_MAX shards, or STANDBYS_MAX standbys of a group, is refused', () => {
  const { SHARDS_MAX, STANDBYS_MAX } = limits;
  const mapOf = (shards: number, standbys: number) => {
    const [region] = ONE_GROUP.map.regions;
    const standby = Array.from({ length: standbys }, (_, i) => `127.0.0.1:${100 + i}`);
    const groups = [{ ...region?.groups[0], firstShard: 0, shardCount: shards, ...(standbys > 0 && { standby }) }];
    return checkSlotMap({ ...ONE_GROUP.map, shards, regions: [{ ...region, groups }] }).filter((problem) => !problem.includes('hashes to'));
  };
  expect([mapOf(SHARDS_MAX, 0), mapOf(1, STANDBYS_MAX)]).toEqual([[], []]);
  expect(mapOf(SHARDS_MAX + 1, 0).join()).toMatch(/shards: .*65535/);
  expect(mapOf(1, STANDBYS_MAX + 1).join()).toMatch(/standby: .*5/);
});

describe('an edge', () => {
  it('lets REFUSED_CONNECTIONS_MAX connections over its limit wait to be told so, and ends the others at once', () => {
    const refusals = new RefusedConnections({ clock, telemetry: new MemoryTelemetry() });
    const taken = Array.from({ length: limits.REFUSED_CONNECTIONS_MAX + 3 }, () => connection());
    for (const { one } of taken) refusals.take(one);
    expect(taken.filter(({ seen }) => seen.isDestroyed)).toHaveLength(3);
  });

  it('remembers the layouts of LAYOUTS_REMEMBERED_MAX users; the oldest goes to its home again', () => {
    const recipients: string[] = [];
    const bus = { publish: (_: string, { recipient }: Publication) => void recipients.push(recipient.toString('latin1')) };
    const router = new SlotMessageRouter(new FixedSlotMaps(ONE_GROUP), bus as never, 'tokyo');
    const generation = { number: 1, isSealed: false, isDrained: false, isAutomatic: false, sealedAtMs: 0, salts: [7] };
    for (let i = 0; i <= limits.LAYOUTS_REMEMBERED_MAX; i++) router.laidOut(Buffer.from(`user-${i}`), { generations: [generation] });
    for (const user of ['user-0', 'user-1'])
      router.publish({ recipient: Buffer.from(user), sender: Buffer.from('s'), flags: 0 } as unknown as Publication);
    expect(recipients).toEqual(['user-0', 'user-1\x001.0.7']);
  });
});

describe('questions on one link', () => {
  const question = { version: 1, kind: 'users', group: 'tokyo-0', user: Buffer.alloc(0), after: 0, marks: 0 } as const;
  it.each([
    ['STATUS_QUERIES_MAX', limits.STATUS_QUERIES_MAX, new StatusQueries(clock, writer), (on: StatusQueries) => on.ask(Buffer.from('bob'))],
    [
      'BUCKET_QUERIES_MAX',
      limits.BUCKET_QUERIES_MAX,
      new BucketQuestions(clock, writer),
      (on: BucketQuestions) => on.bucket(Buffer.from('bob'), { seal: false }),
    ],
    [
      'HANDOVER_QUERIES_MAX',
      limits.HANDOVER_QUERIES_MAX,
      new HandoverQuestions(clock, writer),
      (on: HandoverQuestions) => on.pull(question),
    ],
  ])('wait up to %s; the next one is answered as unknown at once', async (_, max, questions, ask) => {
    let answered = 0;
    const count = () => void answered++;
    for (let i = 0; i < max; i++) void (ask as (on: unknown) => Promise<unknown>)(questions).then(count);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(0);
    expect(await (ask as (on: unknown) => Promise<unknown>)(questions)).toBeUndefined();
  });
});

describe('a core', () => {
  it('counts RATED_INBOXES_MAX inboxes in one window', () => {
    const rates = new WriteRates(clock);
    const took = (inbox: number) => rates.took(`user-${inbox}`, limits.RATE_SAMPLE_MESSAGES);
    for (let i = 0; i <= limits.RATED_INBOXES_MAX; i++) took(i);
    rates.turn();
    expect(rates.above(0)).toHaveLength(limits.RATED_INBOXES_MAX);
  });

  it('keeps POSITION_TIMES_MAX times of positions, further apart the more there were', () => {
    const times = new PositionTimes();
    for (let i = 1; i <= 3 * limits.POSITION_TIMES_MAX; i++) times.note(i, i);
    expect(times.encode().length / 16).toBeLessThanOrEqual(limits.POSITION_TIMES_MAX);
    expect(times.firstSince(3 * limits.POSITION_TIMES_MAX)).toBe(3 * limits.POSITION_TIMES_MAX);
  });
});

it('bursts keep POOL_MAX writers for use again, none that has grown beyond KEPT_BYTES_MAX', () => {
  let flush = () => {};
  const bursts = new Bursts((callback) => {
    flush = callback;
  });
  const burst = (count: number, bytes: number) => {
    const buffers = new Set<unknown>();
    const targets = Array.from({ length: count }, () => ({ burst: undefined, writeBurst: () => undefined }) as BurstTarget);
    for (const target of targets) {
      const writer = bursts.writer(target);
      writer.bytes(Buffer.alloc(bytes), 0, bytes);
      buffers.add(writer);
    }
    flush();
    return buffers;
  };
  const first = burst(1_024 + 100, 10);
  expect([...burst(1_024 + 100, 10)].filter((writer) => first.has(writer))).toHaveLength(1_024);
  const large = burst(1, 300_000);
  expect([...burst(1_024, 10)].filter((writer) => large.has(writer))).toEqual([]);
});

describe('load alone', () => {
  /** How many buckets a sweep gives an inbox of this load. */
  const given = async (rate: number) => {
    const counts: number[] = [];
    const hot = new HotInboxes({
      layouts: { of: () => undefined, users: () => [] },
      promotions: { promote: async (_: Buffer, count: number) => void counts.push(count) },
      rates: { above: (max: number) => (rate > max ? [['bob', rate]] : []) },
      clock,
      telemetry: new MemoryTelemetry(),
      messagesPerSecondMax: limits.BUCKET_MESSAGES_PER_SECOND_MAX,
      coresInRegion: () => 1_000,
    } as unknown as ConstructorParameters<typeof HotInboxes>[0]);
    await hot.sweep();
    return counts;
  };

  it('gives an inbox AUTOMATIC_BUCKETS_MAX buckets at the most, and none at BUCKET_MESSAGES_PER_SECOND_MAX', async () => {
    const { BUCKET_MESSAGES_PER_SECOND_MAX: max, AUTOMATIC_BUCKETS_MAX } = limits;
    expect([await given(max), await given(max + 1), await given(10 * max)]).toEqual([[], [2], [15]]);
    expect(await given(1_000_000 * max)).toEqual([AUTOMATIC_BUCKETS_MAX]);
  });
});

it('a bucket’s name is tried TRIES_MAX times for a fair owner; then any owner of the region will do, and none of another', () => {
  let tries = 0;
  // Every name falls to a group that has its share already, each other one to another region.
  const homeOfUser = () => (++tries % 2 === 0 ? { region: 'tokyo', group: 'tokyo-1' } : { region: 'paris', group: 'paris-0' });
  const slots = { current: { ownersIn: () => ['tokyo-0', 'tokyo-1'], homeOfUser, isInherited: () => false, isGivenUp: () => false } };
  const salts = chooseSalts(Buffer.from('bob'), 1, 1, {
    slots: slots as never,
    random: { fraction: () => 0, bytes: (count) => Buffer.alloc(count) },
    region: 'tokyo',
    group: 'tokyo-0',
    nowMs: 0,
  });
  expect([salts.length, tries]).toEqual([1, salts[0]! + 1]);
  expect(tries).toBeGreaterThanOrEqual(400_000);
  expect(tries).toBeLessThanOrEqual(400_002);
});

it('a slot map remembers GIVEN_UP_MAX regions that were given up; the oldest is forgotten', () => {
  const region = (i: number) => ({
    code: `region-${i}`,
    awsRegion: 'eu-west-3',
    groups: [{ id: `region-${i}-g0`, firstShard: i, shardCount: 1, address: `127.0.0.1:${100 + i}` }],
  });
  const count = limits.GIVEN_UP_MAX + 3;
  let map = createSlotMap({ environment: 'unit', version: 1, shards: count, regions: Array.from({ length: count }, (_, i) => region(i)) });
  for (let i = 0; i <= limits.GIVEN_UP_MAX; i++) {
    map = givenUpOf(failedOver(map, `region-${i}`, 1_000 + i), `region-${i}`, 1_000 + i);
  }
  expect(checkSlotMap(map)).toEqual([]);
  expect(map.givenUp).toHaveLength(limits.GIVEN_UP_MAX);
  expect(map.givenUp?.map(({ untilMs }) => untilMs - limits.GIVEN_UP_MS - 1_000)).toEqual(
    Array.from({ length: limits.GIVEN_UP_MAX }, (_, i) => i + 1),
  );
});

it('who takes over from a lost region begins above all that it can have given out at POSITIONS_PER_MS_MAX, with clocks a day apart', () => {
  const map = createSlotMap({
    environment: 'unit',
    version: 1,
    shards: 2,
    regions: ['tokyo', 'paris'].map((code, i) => ({
      code,
      awsRegion: 'eu-west-3',
      groups: [{ id: `${code}-0`, firstShard: i, shardCount: 1, address: `127.0.0.1:${100 + i}` }],
    })),
  });
  const nowMs = Date.UTC(2036, 0, 1);
  const from = failedOver(map, 'paris', nowMs).moving?.positionsFrom ?? 0;
  expect(from).toBe((nowMs + limits.POSITIONS_MARGIN_MS - limits.POSITIONS_SINCE_MS) * limits.POSITIONS_PER_MS_MAX);
  // Another ten such years at that pace, and a position is still a whole number.
  expect(2 * from).toBeLessThan(Number.MAX_SAFE_INTEGER);
});
