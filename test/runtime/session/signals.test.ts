/** X21, L6, L7, L8: what a session does with signals when its node is busy or its client slow: it sheds them in order and says so. */
import { SESSION_IDLE_MS } from '../../../runtime/contract/limits.ts';
import { EphemeralKind } from '../../../runtime/ports/inbox-feed.ts';
import type { LoadLevel, Sheddable } from '../../../runtime/ports/load-level.ts';
import { encodeMessageStatusQuery } from '../../../runtime/wire/v2/message-status.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { encodePresenceQuery } from '../../../runtime/wire/v2/presence.ts';
import { encodeRead } from '../../../runtime/wire/v2/read.ts';
import { SEND_BEST_EFFORT } from '../../../runtime/wire/v2/send.ts';
import { encodeTyping } from '../../../runtime/wire/v2/typing.ts';
import { bodiesOf, senderOf } from '../../fakes/envelopes.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { framed, hello, sendFrame } from '../../servers/v2-client.ts';
import { SessionUnderTest } from './session-under-test.ts';

const ORDER: readonly Sheddable[] = ['typing', 'presence', 'receipts'];
const bob = Buffer.from('bob');
const device = Buffer.alloc(8, 7);
const growth = { device, recipient: bob, delivered: [{ after: 0, through: 1 }], read: [] };

class TestLoad implements LoadLevel {
  level: 0 | 1 | 2 | 3 = 0;
  sheds(kind: Sheddable): boolean {
    return ORDER.indexOf(kind) < this.level;
  }
  retryAfterMs(baseMs: number): number {
    return baseMs;
  }
}

async function logIn(clock: ManualClock, load: LoadLevel): Promise<SessionUnderTest> {
  const session = new SessionUnderTest(clock, load);
  session.client.received(hello('alice', { versionMax: 3 }));
  await clock.settle();
  expect(session.frames().map((frame) => frame[0])).toEqual([Opcode.Welcome]);
  return session;
}

it.each([
  [0, ['typing', 'presence', 'read', 'query', 'push']],
  [1, ['presence', 'read', 'query', 'push']],
  [2, ['read', 'query', 'push']],
  [3, []],
] as const)('at load level %i it still serves: %j; messages always', async (level, served) => {
  const [clock, load] = [new ManualClock(), new TestLoad()];
  load.level = level;
  const session = await logIn(clock, load);
  session.client.received(framed((out) => encodeTyping(out, Opcode.Typing, { isTyping: true, user: bob })));
  session.client.received(framed((out) => encodePresenceQuery(out, bob)));
  session.client.received(framed((out) => encodeRead(out, { device, sender: bob, sequences: [] })));
  session.client.received(framed((out) => encodeMessageStatusQuery(out, bob)));
  session.client.received(sendFrame('bob', 1, ['now'], { flags: SEND_BEST_EFFORT }));
  session.subscriber?.statusGrown(growth);
  await clock.settle();
  const opcodes = session.frames().map((frame) => frame[0]);
  const seen = [
    ...(session.handed.some(({ kind }) => kind === EphemeralKind.typing) ? ['typing'] : []),
    ...(opcodes.includes(Opcode.Presence) ? ['presence'] : []),
    ...(session.reads.length > 0 ? ['read'] : []),
    ...(session.asked > 0 ? ['query'] : []),
    ...(opcodes.includes(Opcode.MessageStatus) ? ['push'] : []),
  ];
  expect(seen).toEqual(served);
  // What is refused is answered; typing has no answer, and a status that waits is told of later.
  expect(opcodes.filter((opcode) => opcode === Opcode.Fault).length).toBe([0, 0, 1, 3][level]);
  const message = session.handed.find(({ kind }) => kind === EphemeralKind.message);
  expect([bodiesOf(message?.envelope as Buffer), senderOf(message?.envelope as Buffer)]).toEqual([['now'], 'alice']);
});

it('tells a client to ask for statuses once the node is calm, and one that read slowly once it has read', async () => {
  const [clock, load] = [new ManualClock(), new TestLoad()];
  const session = await logIn(clock, load);
  const hints = async () => {
    await clock.settle();
    return session.frames().filter((frame) => frame[0] === Opcode.MessageStatus && frame.readUInt16BE(1) === 0).length;
  };
  load.level = 3;
  session.subscriber?.statusGrown(growth);
  session.client.checkIdle(clock.monotonicMs(), SESSION_IDLE_MS);
  expect(await hints()).toBe(0);
  load.level = 0;
  session.client.checkIdle(clock.monotonicMs(), SESSION_IDLE_MS);
  expect(await hints()).toBe(1);
  session.connection.queuedBytes = 2;
  session.subscriber?.statusGrown(growth);
  expect(await hints()).toBe(0);
  session.connection.queuedBytes = 0;
  session.client.drained();
  expect(await hints()).toBe(1);
  session.client.drained();
  expect(await hints()).toBe(0);
});

it('a client of version 2 is shown nothing that it does not know, whatever its device did with a newer one', async () => {
  const clock = new ManualClock();
  const session = new SessionUnderTest(clock);
  session.client.received(hello('alice', { versionMax: 2 }));
  session.subscriber?.statusGrown(growth);
  session.subscriber?.resumed();
  await clock.settle();
  expect(session.frames().map((frame) => frame[0])).toEqual([Opcode.Welcome]);
});

it('hears of its own device’s messages only', async () => {
  const [clock, load] = [new ManualClock(), new TestLoad()];
  const session = await logIn(clock, load);
  session.subscriber?.statusGrown({ ...growth, device: Buffer.alloc(8, 8) });
  await clock.settle();
  expect(session.frames()).toEqual([]);
});

it('answers a best-effort SEND by what became of it: SENT with D0, or FAULT; its refusal fences nothing', async () => {
  const [clock, load] = [new ManualClock(), new TestLoad()];
  const session = await logIn(clock, load);
  session.client.received(sendFrame('bob', 1, ['a'], { flags: SEND_BEST_EFFORT }));
  session.client.received(sendFrame('bob', 2, ['b'], { flags: SEND_BEST_EFFORT }));
  session.handed[0]?.answer?.({ code: 'NOT_DELIVERED', message: 'away', retryAfterMs: 0 });
  session.handed[1]?.answer?.(undefined);
  session.client.received(sendFrame('bob', 3, ['stored']));
  await clock.settle();
  const frames = session.frames();
  expect(frames.map((frame) => frame[0])).toEqual([Opcode.Fault, Opcode.Sent]);
  expect([frames[1]?.readUInt32BE(5), frames[1]?.at(-1)]).toEqual([2, 0]);
});
