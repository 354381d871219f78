/** A7: a connection has LOGIN_TIMEOUT_MS to log in, whatever it sends meanwhile, and goes even if its client keeps its side open. */
import { FAREWELL_TIMEOUT_MS, LOGIN_TIMEOUT_MS, SESSION_IDLE_MS } from '../../../runtime/contract/limits.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { hello } from '../../servers/v2-client.ts';
import { SessionUnderTest } from './session-under-test.ts';

const clock = new ManualClock();
const connect = () => new SessionUnderTest(clock);

it.each([
  ['nothing', Buffer.alloc(0)],
  ['a v2 frame, one byte at a time', Buffer.alloc(100, 1).fill(0, 0, 1)],
  ['a v1 packet, one byte at a time', Buffer.alloc(100, 2)],
])('a client that sends %s is closed at the deadline', async (_, bytes) => {
  const { client, connection } = connect();
  for (let waitedMs = 0; waitedMs <= LOGIN_TIMEOUT_MS; waitedMs += 1_000) {
    client.received(bytes.subarray(waitedMs / 1_000, waitedMs / 1_000 + 1));
    await clock.advance(1_000);
    client.checkIdle(clock.monotonicMs(), LOGIN_TIMEOUT_MS);
  }
  await clock.advance(FAREWELL_TIMEOUT_MS);
  expect(connection.state).toBe('destroyed');
});

it('a client that has logged in may be silent for SESSION_IDLE_MS, and not longer', async () => {
  const { client, connection } = connect();
  client.received(hello('alice'));
  await clock.advance(SESSION_IDLE_MS);
  client.checkIdle(clock.monotonicMs(), LOGIN_TIMEOUT_MS);
  expect(connection.state).toBe('open');
  await clock.advance(1);
  client.checkIdle(clock.monotonicMs(), LOGIN_TIMEOUT_MS);
  expect(connection.written.toString('latin1')).toContain('nothing heard for 95000 ms; send PING');
  await clock.advance(FAREWELL_TIMEOUT_MS);
  expect(connection.state).toBe('destroyed');
});
