/** A8, L8: a client that leaves costs its owner one synced commit, however often it says so; one whose farewell does not come is ended. */
import { FAREWELL_TIMEOUT_MS } from '../../../runtime/contract/limits.ts';
import { encodeBye } from '../../../runtime/wire/v2/bye.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { framed, hello } from '../../servers/v2-client.ts';
import { SessionUnderTest } from './session-under-test.ts';

const left = () => {
  const clock = new ManualClock();
  const session = new SessionUnderTest(clock);
  session.client.received(hello('alice'));
  session.client.received(Buffer.concat(Array.from({ length: 10_000 }, () => framed((out) => encodeBye(out)))));
  return { clock, session };
};

it('BYE said ten thousand times is one question to the owner, and is answered with one FAREWELL', async () => {
  const { clock, session } = left();
  expect(session.flushes).toBe(1);
  session.subscriber?.ended('flushed');
  await clock.settle();
  expect(session.frames().map((frame) => frame[0])).toEqual([Opcode.Welcome, Opcode.Farewell]);
  expect(session.connection.state).toBe('ended');
});

it('a session whose owner does not answer ends FAREWELL_TIMEOUT_MS after the first BYE', async () => {
  const { clock, session } = left();
  await clock.advance(FAREWELL_TIMEOUT_MS - 1);
  expect(session.connection.state).toBe('open');
  await clock.advance(1);
  expect(session.connection.state).toBe('ended');
});
