/** A7: a connection has LOGIN_TIMEOUT_MS to log in, whatever it sends meanwhile, and goes even if its client keeps its side open. */
import { FAREWELL_TIMEOUT_MS, LOGIN_TIMEOUT_MS, SESSION_IDLE_MS } from '../../../runtime/contract/limits.ts';
import { CALM } from '../../../runtime/ports/load-level.ts';
import type { Connection } from '../../../runtime/ports/transport.ts';
import { ClientConnection } from '../../../runtime/session/client-connection.ts';
import { type SessionParts, sessionCounters } from '../../../runtime/session/session-parts.ts';
import { Stamps } from '../../../runtime/session/stamps.ts';
import { Bursts } from '../../../runtime/wire/bursts.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import { fixedRandom, ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';
import { hello } from '../../servers/v2-client.ts';

class TestConnection implements Connection {
  readonly remoteAddress = 'client';
  readonly queuedBytes = 0;
  written = Buffer.alloc(0);
  state: 'open' | 'ended' | 'destroyed' = 'open';

  write(bytes: Buffer): void {
    this.written = Buffer.concat([this.written, bytes]);
  }
  pause(): void {}
  resume(): void {}
  end(): void {
    if (this.state === 'open') this.state = 'ended';
  }
  destroy(): void {
    this.state = 'destroyed';
  }
}

const clock = new ManualClock();

function connect(): { client: ClientConnection; connection: TestConnection } {
  const telemetry = new MemoryTelemetry();
  const nothing = Buffer.alloc(0);
  const publisher = { publisherId: 0, published() {}, refused() {}, isFenced: () => false };
  const header = { flags: 0, count: 0, sequence: 0, previous: 0, stamp: 0, device: nothing, sender: nothing, recipient: nothing };
  const parts: SessionParts = {
    router: { publish() {}, ownerOf: () => 'owner' },
    bus: { publish() {}, forward() {}, forget() {} },
    feed: {
      attach: () => ({ grant() {}, acknowledge() {}, remove() {}, markRead() {}, askStatus() {}, detach() {} }),
      hand() {},
      status: async () => undefined,
    },
    authenticator: { authenticate() {} },
    clock,
    random: fixedRandom(),
    telemetry,
    load: CALM,
    bursts: new Bursts((callback) => clock.soon(callback)),
    stamps: new Stamps(clock),
    counters: sessionCounters(telemetry),
    publication: { publisher, mayJoin: false, ...header, buffer: nothing, start: 0, end: 0 },
    reader: new ByteReader(),
    sendFrame: { flags: 0, sequence: 0, previous: 0, recipient: nothing, count: 0, entriesAt: 0 },
    region: 'tokyo',
    awsRegion: 'ap-northeast-1',
    node: 'tokyo-edge-0',
    sessionQueuedBytesMax: 1,
    pushStock: { bytes: 0 },
    nextPublisherId: () => 1,
    isDraining: () => false,
  };
  const connection = new TestConnection();
  return { client: new ClientConnection(parts, connection, () => undefined), connection };
}

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
