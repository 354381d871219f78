/** A23, L1, L8, X16: who may see a user is kept by its owner, durably, by the latest login, and no node of a release that shows everything is told what not everyone may see. */
import { audienceOf, NOBODY, UNSEEN } from '../../../runtime/contract/audience.ts';
import { ERROR_CODES } from '../../../runtime/contract/errors.ts';
import { AUDIENCE_CHANGES_MAX, PRESENCE_GRACE_MS } from '../../../runtime/contract/limits.ts';
import { Audiences } from '../../../runtime/inbox/audiences.ts';
import { LinkWatcher } from '../../../runtime/link/link-watcher.ts';
import type { UserStatus } from '../../../runtime/ports/inbox-feed.ts';
import { readAudience } from '../../../runtime/wire/audience.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { AUDIENCE_LINK_VERSION } from '../../../runtime/wire/link/audience.ts';
import { decodeLinkPresence } from '../../../runtime/wire/link/watch.ts';
import { TestReader } from '../inbox/core-under-test.ts';
import { ADDRESS, LinkUnderTest } from './link-under-test.ts';

const bob = Buffer.from('bob');
const friends = audienceOf([Buffer.from('alice')]);

async function start() {
  const link = await LinkUnderTest.start();
  await link.advance(PRESENCE_GRACE_MS);
  const answered = async <T>(answer: Promise<T>): Promise<T> => {
    const settled = answer;
    await link.advance(1_000);
    return await settled;
  };
  const set = (audience: Buffer | undefined, loginStamp: number) => answered(link.pool.audience(ADDRESS, bob, { audience, loginStamp }));
  const ask = () => answered(link.pool.audience(ADDRESS, bob));
  return { link, answered, set, ask };
}

it('is everyone until the user says otherwise; the later login’s word counts, and outlives the process', async () => {
  const { link, set, ask } = await start();
  expect(await ask()).toEqual({ code: 0, audience: undefined });
  expect(await set(friends, 5)).toEqual({ code: 0, audience: friends });
  expect(await set(undefined, 4)).toEqual({ code: ERROR_CODES.SESSION_REPLACED.wire, audience: undefined });
  expect(await set(NOBODY, 5)).toEqual({ code: 0, audience: NOBODY });
  await link.core.restart();
  link.transport.cut();
  await link.advance(1_000);
  expect(await ask()).toEqual({ code: 0, audience: NOBODY });
});

it('goes with every word of how the user is, at once when it changes, also while its leaving is not told yet', async () => {
  const { link, answered, set } = await start();
  const heard: (UserStatus | undefined)[] = [];
  link.pool.watchPresence(ADDRESS, bob, (status) => heard.push(status));
  const reader = link.core.attach(new TestReader());
  await link.advance(1_000);
  await set(friends, 1);
  expect(heard.slice(-2)).toEqual([
    { isOnline: true, lastSeenSeconds: 0 },
    { isOnline: true, lastSeenSeconds: 0, audience: friends },
  ]);
  expect(await answered(link.pool.status(ADDRESS, bob))).toMatchObject({ isOnline: true, audience: friends });
  reader.detach({ flush: false });
  await set(NOBODY, 1);
  expect(heard.at(-1)).toEqual({ isOnline: true, lastSeenSeconds: 0, audience: NOBODY });
  await link.advance(2 * PRESENCE_GRACE_MS);
  expect(heard.at(-1)).toMatchObject({ isOnline: false, audience: NOBODY });
});

it('a node of an earlier link version is told UNSEEN of who is not seen by everyone', () => {
  const told = (version: number, status: UserStatus) => {
    const out = new ByteWriter();
    new LinkWatcher(
      {} as never,
      () => out,
      () => version,
    ).told(bob, status);
    let frame: unknown;
    new FrameSplitter(65_536).push(out.take(), {
      frame: (buffer, from, to) => {
        frame = decodeLinkPresence(new ByteReader().reset(buffer, from + 1, to));
      },
    });
    return frame;
  };
  const online = { isOnline: true, lastSeenSeconds: 0 };
  expect(told(AUDIENCE_LINK_VERSION - 1, online)).toEqual({ user: bob, code: 0, ...online });
  expect(told(AUDIENCE_LINK_VERSION - 1, { ...online, audience: friends })).toEqual({ user: bob, code: 0, ...UNSEEN });
  expect(told(AUDIENCE_LINK_VERSION, { ...online, audience: friends })).toEqual({ user: bob, code: 0, ...online, audience: friends });
});

it('while the store cannot be read nobody learns anything, and a change is refused', async () => {
  const { link, set, answered } = await start();
  await set(NOBODY, 1);
  link.core.disk.failing.reads = Number.POSITIVE_INFINITY;
  const heard: (UserStatus | undefined)[] = [];
  link.pool.watchPresence(ADDRESS, bob, (status) => heard.push(status));
  link.core.attach(new TestReader());
  await link.advance(1_000);
  expect(heard.filter((status) => status !== undefined)).toEqual([]);
  expect((await set(undefined, 2))?.code).toBe(ERROR_CODES.STORE_FAILED.wire);
  link.core.disk.failing.reads = 0;
  await link.advance(10_000);
  expect(heard.at(-1)).toEqual({ isOnline: true, lastSeenSeconds: 0, audience: NOBODY });
  expect(await answered(link.pool.status(ADDRESS, bob))).toMatchObject({ audience: NOBODY });
});

it('AUDIENCE_CHANGES_MAX users change at a time, each once', async () => {
  const never = { readRecord: () => new Promise<undefined>(() => undefined) };
  const audiences = new Audiences({
    store: never,
    change: () => undefined,
    isHome: () => true,
    isPending: () => false,
    isInherited: () => false,
  });
  const change = { audience: undefined, loginStamp: 1 };
  for (let i = 0; i < AUDIENCE_CHANGES_MAX; i++) void audiences.set(Buffer.from(`user-${i}`), change);
  for (const user of ['user-0', 'one more'])
    await expect(audiences.set(Buffer.from(user), change)).rejects.toMatchObject({ code: 'OVERLOADED' });
});

it.each([
  [[3, 0, 0], /kind 3/],
  [[1, 0, 1, 65], /kind 1/],
  [[2, 0, 3, 0, 2, 65], /kind 2/],
  [[2, 0, 2, 0, 0], /kind 2/],
  [[2, 0, 2, 0], /ends 1 bytes inside/],
  [[2, 0x20, 1], /limit is 8192/],
])('names that are none are refused: %j', (bytes, message) => {
  expect(() => readAudience(new ByteReader().reset(Buffer.from(bytes), 0, bytes.length))).toThrow(message);
});
