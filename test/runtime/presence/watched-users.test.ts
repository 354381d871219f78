/** R15, A23, X21, L8: what an edge tells the sessions that watch a user: what two sources say as one, in bursts, bounded, and later while it is busy. */
import { AudienceRoom, audienceOf, NOBODY } from '../../../runtime/contract/audience.ts';
import type { ErrorCode } from '../../../runtime/contract/errors.ts';
import * as limits from '../../../runtime/contract/limits.ts';
import type { UserStatus } from '../../../runtime/ports/inbox-feed.ts';
import type { SessionWatcher } from '../../../runtime/ports/presence.ts';
import { WatchedUsers } from '../../../runtime/presence/watched-users.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

class TestWatcher implements SessionWatcher {
  readonly user: Buffer;
  constructor(user = 'alice') {
    this.user = Buffer.from(user);
  }
  isSlow = false;
  readonly heard: string[] = [];
  told(user: Buffer, { isOnline, lastSeenSeconds }: UserStatus): void {
    this.heard.push(`${user.toString()} ${isOnline ? 'on' : `off ${lastSeenSeconds}`}`);
  }
  refused(user: Buffer, code: ErrorCode): void {
    this.heard.push(`${user.toString()} ${code}`);
  }
  takes(): boolean {
    return !this.isSlow;
  }
  take(): string[] {
    return this.heard.splice(0);
  }
}

const online: UserStatus = { isOnline: true, lastSeenSeconds: 0 };
const offline = (lastSeenSeconds: number): UserStatus => ({ isOnline: false, lastSeenSeconds });
const bob = Buffer.from('bob');

function open() {
  const [clock, telemetry] = [new ManualClock(0), new MemoryTelemetry()];
  const load = { level: 0 as 0 | 2, sheds: () => load.level >= 2, retryAfterMs: (ms: number) => ms };
  const owners = new Map<string, (status: UserStatus | undefined) => void>();
  const directory = new Map<string, (isOnline: boolean | undefined) => void>();
  const sources = {
    owner(user: Buffer, hears: (status: UserStatus | undefined) => void) {
      owners.set(user.toString(), hears);
      return { stop: () => void owners.delete(user.toString()) };
    },
    directory(user: string, hears: (isOnline: boolean | undefined) => void) {
      directory.set(user, hears);
      return { stop: () => void directory.delete(user) };
    },
  };
  const users = new WatchedUsers({ clock, telemetry, load, sources });
  const flushed = () => clock.advance(limits.PRESENCE_FLUSH_MS);
  const owner = (status: UserStatus | undefined) => owners.get('bob')?.(status);
  return { clock, telemetry, load, owners, directory, users, flushed, owner, alice: new TestWatcher() };
}

it('tells how a user is once it is known, then each change once; of many in a burst the last', async () => {
  const { users, alice, owner, flushed } = open();
  users.watch(alice, bob);
  await flushed();
  expect(alice.take()).toEqual([]);
  owner(offline(7));
  await flushed();
  owner(offline(7));
  for (let i = 0; i < 50; i++) owner(i % 2 === 0 ? online : offline(8));
  owner(online);
  await flushed();
  owner(offline(9));
  owner(online);
  await flushed();
  expect(alice.take()).toEqual(['bob off 7', 'bob on']);
});

it('asks for a user once however many watch it, tells a later one at once, and asks no more when the last is gone', async () => {
  const { users, alice, owner, owners, directory, flushed, telemetry } = open();
  users.watch(alice, bob);
  owner(online);
  await flushed();
  const eve = new TestWatcher();
  users.watch(eve, bob);
  users.watch(eve, bob);
  expect([eve.take(), owners.size, telemetry.value('iris_presence_watches')]).toEqual([['bob on'], 1, 2]);
  users.unwatch(alice, bob);
  users.unwatch(alice, bob);
  owner(offline(3));
  users.unwatch(eve, bob);
  await flushed();
  expect([owners.size, directory.size, telemetry.value('iris_presence_watches'), eve.take()]).toEqual([0, 0, 0, []]);
});

it('is online by either source; offline is the owner’s word, and while it is away the last one stands unless the directory saw the user leave', async () => {
  const { users, alice, owner, directory, flushed, clock } = open();
  users.watch(alice, bob);
  const here = (isOnline: boolean | undefined) => directory.get('bob')?.(isOnline);
  const after = async (change: () => void) => {
    change();
    await flushed();
    return alice.take();
  };
  expect(await after(() => here(false))).toEqual([]);
  expect(await after(() => owner(online))).toEqual(['bob on']);
  expect(await after(() => owner(undefined))).toEqual([]);
  expect(await after(() => owner(offline(5)))).toEqual(['bob off 5']);
  expect(await after(() => here(true))).toEqual(['bob on']);
  expect(await after(() => owner(undefined))).toEqual([]);
  // A directory that is away knows nothing, which is no leaving.
  expect(await after(() => here(undefined))).toEqual([]);
  expect(await after(() => here(true))).toEqual([]);
  await clock.advance(60_000);
  expect((await after(() => here(false))).map((line) => line.slice(0, 7))).toEqual(['bob off']);
});

it('while the node is busy changes wait, one entry for each user, and come when it is not (X21)', async () => {
  const { users, alice, owner, load, clock, telemetry } = open();
  users.watch(alice, bob);
  load.level = 2;
  owner(offline(1));
  owner(online);
  await clock.advance(60_000);
  expect([alice.take(), telemetry.value('iris_presence_waiting')]).toEqual([[], 1]);
  load.level = 0;
  await clock.advance(limits.PRESENCE_FLUSH_MS);
  expect([alice.take(), telemetry.value('iris_presence_waiting')]).toEqual([['bob on'], 0]);
});

it('a client that reads slowly is passed over, and hears the last state when it reads again', async () => {
  const { users, alice, owner, flushed } = open();
  users.watch(alice, bob);
  alice.isSlow = true;
  owner(online);
  await flushed();
  owner(offline(4));
  await flushed();
  expect(alice.take()).toEqual([]);
  alice.isSlow = false;
  users.resumed(alice, ['bob', 'nobody']);
  expect(alice.take()).toEqual(['bob off 4']);
});

it('USER_WATCHERS_MAX sessions watch one user, EDGE_WATCHES_MAX all; a further one hears WATCHES_LIMITED', () => {
  const { users, alice, telemetry, owners } = open();
  const watchers = Array.from({ length: limits.USER_WATCHERS_MAX }, () => new TestWatcher());
  for (const watcher of watchers) users.watch(watcher, bob);
  users.watch(alice, bob);
  expect(alice.take()).toEqual(['bob WATCHES_LIMITED']);
  for (let i = 1; i < limits.EDGE_WATCHES_MAX / limits.USER_WATCHERS_MAX; i++)
    for (const watcher of watchers) users.watch(watcher, Buffer.from(`user-${i}`));
  expect([watchers.flatMap((watcher) => watcher.take()), telemetry.value('iris_presence_watches')]).toEqual([[], limits.EDGE_WATCHES_MAX]);
  users.watch(alice, Buffer.from('one more'));
  expect([alice.take(), telemetry.value('iris_presence_refused_total'), owners.has('one more')]).toEqual([
    ['one more WATCHES_LIMITED'],
    2,
    false,
  ]);
});

it('a burst has PRESENCE_FRAMES_AT_ONCE frames and some; the rest comes with the next', async () => {
  const { users, alice, owners, flushed } = open();
  for (let i = 0; i < 3 * limits.PRESENCE_FRAMES_AT_ONCE; i++) users.watch(alice, Buffer.from(`user-${i}`));
  for (const hears of owners.values()) hears(online);
  const bursts: number[] = [];
  for (let i = 0; i < 4; i++) {
    await flushed();
    bursts.push(alice.take().length);
  }
  expect(bursts).toEqual([limits.PRESENCE_FRAMES_AT_ONCE, limits.PRESENCE_FRAMES_AT_ONCE, limits.PRESENCE_FRAMES_AT_ONCE, 0]);
});

const named = (...names: string[]) => audienceOf(names.map((one) => Buffer.from(one)));

it('shows a user to those named and to itself; to others it is as one who was never seen, whatever happens (A23)', async () => {
  const { users, owner, directory, flushed, alice } = open();
  const [eve, self] = [new TestWatcher('eve'), new TestWatcher('bob')];
  for (const one of [alice, eve, self]) users.watch(one, bob);
  // Of who may see it the directory knows nothing.
  directory.get('bob')?.(true);
  await flushed();
  expect([alice.take(), eve.take()]).toEqual([[], []]);
  owner({ ...online, audience: named('alice', 'evening') });
  await flushed();
  owner({ ...offline(9), audience: named('alice', 'evening') });
  directory.get('bob')?.(false);
  await flushed();
  owner(undefined);
  directory.get('bob')?.(true);
  await flushed();
  expect([alice.take(), eve.take(), self.take()]).toEqual([
    ['bob on', 'bob off 9', 'bob on'],
    ['bob off 0'],
    ['bob on', 'bob off 9', 'bob on'],
  ]);
  owner({ ...online, audience: named('eve') });
  await flushed();
  expect([alice.take(), eve.take(), self.take()]).toEqual([['bob off 0'], ['bob on'], []]);
  owner(online);
  await flushed();
  expect([alice.take(), eve.take()]).toEqual([['bob on'], []]);
});

it('keeps AUDIENCES_BYTES_MAX of names at hand; a user beyond is seen by nobody', () => {
  const room = new AudienceRoom();
  const list = audienceOf(Array.from({ length: 32 }, (_, i) => Buffer.alloc(254, 65 + (i % 26))));
  expect(list.length).toBe(limits.AUDIENCE_BYTES_MAX);
  for (let i = 0; i < limits.AUDIENCES_BYTES_MAX / list.length; i++) expect(room.exchange(undefined, list)).toBe(list);
  expect([room.exchange(undefined, list), room.exchange(undefined, undefined)]).toEqual([NOBODY, undefined]);
  expect(room.exchange(list, list)).toBe(list);
  expect(() => audienceOf([list])).toThrow(/limit is 8192/);
});
