/** R15, L8, X21: what a session may watch, how it is refused, and that no client of an older version meets a frame that it does not know. */
import { SESSION_WATCHES_MAX, WATCH_USERS_MAX } from '../../../runtime/contract/limits.ts';
import { SessionWatches } from '../../../runtime/session/session-watches.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { Opcode, WATCH_VERSION } from '../../../runtime/wire/v2/opcodes.ts';
import { decodeWatch, decodeWatched, encodeWatch } from '../../../runtime/wire/v2/watch.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { framed, hello } from '../../servers/v2-client.ts';
import { SessionUnderTest } from './session-under-test.ts';

const names = (count: number, from = 0) => Array.from({ length: count }, (_, i) => Buffer.from(`user-${from + i}`));
const watchFrame = (users: readonly Buffer[]) => framed((out) => encodeWatch(out, Opcode.Watch, users));
const read = (frame: Buffer) => new ByteReader().reset(frame, 1, frame.length);

it('watches SESSION_WATCHES_MAX users; a further one hears WATCHES_LIMITED, and one without a name NAME_INVALID', () => {
  const watched: string[] = [];
  const presence = {
    watch: (_: unknown, user: Buffer) => void watched.push(user.toString()),
    unwatch: (_: unknown, user: Buffer) => void watched.splice(watched.indexOf(user.toString()), 1),
    resumed() {},
  };
  const out = new ByteWriter();
  const watches = new SessionWatches({ user: Buffer.from('alice'), presence, writer: () => out, takes: () => true });
  watches.watch(names(SESSION_WATCHES_MAX));
  watches.watch(names(1));
  watches.watch(names(2, SESSION_WATCHES_MAX));
  expect(watched.length).toBe(SESSION_WATCHES_MAX + 1);
  expect(new Set(watched).size).toBe(SESSION_WATCHES_MAX);
  const refusals: number[] = [];
  const takeCodes = () =>
    new FrameSplitter(65_536).push(out.take(), {
      frame: (buffer, start, end) => refusals.push(decodeWatched(read(buffer.subarray(start, end))).code),
    });
  takeCodes();
  expect(refusals).toEqual([2012, 2012]);
  watches.unwatch(names(1, 1));
  watches.watch([Buffer.from('a\u0001')]);
  takeCodes();
  expect(refusals.at(-1)).toBe(1007);
  watches.unwatch(names(2));
  watches.close();
  expect(watched).toEqual(['user-0']);
});

it('one frame holds 1 to WATCH_USERS_MAX users', () => {
  const frame = (count: number) => watchFrame(names(count)).subarray(4);
  expect(decodeWatch(read(frame(WATCH_USERS_MAX)))).toEqual(names(WATCH_USERS_MAX));
  for (const count of [0, WATCH_USERS_MAX + 1]) expect(() => decodeWatch(read(frame(count)))).toThrow(/must be 1 to 100/);
});

it.each([
  [WATCH_VERSION - 1, [Opcode.Welcome, Opcode.Fault]],
  [WATCH_VERSION, [Opcode.Welcome]],
])('a client of version %i that says WATCH hears %j', async (version, opcodes) => {
  const clock = new ManualClock();
  const session = new SessionUnderTest(clock);
  session.client.received(hello('alice', { versionMax: version }));
  session.client.received(watchFrame(names(1)));
  await clock.settle();
  expect(session.frames().map((frame) => frame[0])).toEqual(opcodes);
  expect(session.connection.state).toBe('open');
});
