/** D11, A8, L3, L7: what a session refuses for its number in a minute, and how both protocols say so. */
import { errorCodeOfWire } from '../../../runtime/contract/errors.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { decodeFault } from '../../../runtime/wire/v2/fault.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { encodePresenceQuery } from '../../../runtime/wire/v2/presence.ts';
import { SEND_BEST_EFFORT, SEND_FRESH } from '../../../runtime/wire/v2/send.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { framed, hello, sendFrame } from '../../servers/v2-client.ts';
import { SessionUnderTest } from './session-under-test.ts';

async function logIn(rates: ConstructorParameters<typeof SessionUnderTest>[2]) {
  const clock = new ManualClock();
  const session = new SessionUnderTest(clock, undefined, rates);
  session.client.received(hello('alice', { versionMax: 3 }));
  await clock.settle();
  session.frames();
  const said = async () => {
    await clock.settle();
    return session.frames().map((frame) => {
      const reader = new ByteReader().reset(frame, 1, frame.length);
      if (frame[0] !== Opcode.Fault) return frame[0];
      const { wire, sequence, count, retryAfterMs } = decodeFault(reader);
      return [errorCodeOfWire(wire), sequence, count, retryAfterMs > 0];
    });
  };
  return { clock, session, said };
}

it('messages over the limit are refused with the time to wait, what follows to the same recipient in order, until it is sent anew', async () => {
  const { clock, session, said } = await logIn({ messages: 3 });
  session.client.received(sendFrame('bob', 1, ['1', '2']));
  session.client.received(sendFrame('bob', 3, ['3', '4', '5']));
  expect([session.published, await said()]).toEqual([5, []]);
  session.client.received(sendFrame('bob', 6, ['6']));
  session.client.received(sendFrame('bob', 7, ['7']));
  session.client.received(sendFrame('carol', 8, ['8'], { flags: SEND_BEST_EFFORT }));
  expect([session.published, await said()]).toEqual([
    5,
    [
      ['RATE_LIMITED', 6, 1, true],
      ['REFUSED_IN_ORDER', 7, 1, false],
      ['RATE_LIMITED', 8, 1, true],
    ],
  ]);
  await clock.advance(65_000);
  session.client.received(sendFrame('bob', 7, ['7']));
  expect(await said()).toEqual([['REFUSED_IN_ORDER', 7, 1, false]]);
  session.client.received(sendFrame('bob', 6, ['6'], { flags: SEND_FRESH }));
  session.client.received(sendFrame('bob', 7, ['7']));
  expect([session.published, await said()]).toEqual([7, []]);
});

it('requests over the limit are passed over with the time to wait, and cost no message', async () => {
  const { session, said } = await logIn({ requests: 2 });
  for (let i = 0; i < 3; i++) session.client.received(framed((out) => encodePresenceQuery(out, Buffer.from('bob'))));
  expect(await said()).toEqual([['SIGNALS_LIMITED', 0, 0, true], Opcode.Presence, Opcode.Presence]);
  session.client.received(sendFrame('bob', 1, ['1']));
  expect([session.published, await said()]).toEqual([1, []]);
});

it('v1 hears FF with the time to wait, of a message and of a query', async () => {
  const clock = new ManualClock();
  const session = new SessionUnderTest(clock, undefined, { messages: 1, requests: 1 });
  session.client.received(Buffer.from('\x01alice'));
  await clock.advance(100);
  const send = Buffer.from('\x02\0\x03bob\0\x01x', 'latin1');
  const ask = Buffer.from('\x05\0\x03bob', 'latin1');
  session.connection.written = Buffer.alloc(0);
  session.client.received(Buffer.concat([send, send, ask, ask]));
  await clock.settle();
  expect(session.published).toBe(1);
  const limited = [...session.connection.written].filter((byte) => byte === 0xff);
  expect(limited.length).toBe(2);
});
