/** L1, L3, L8: whatever a server answers, the client stays bounded and each send ends with its answer or a code. */
import { IrisClient } from '../../../runtime/client/iris-client.ts';
import type { Connection, ConnectionHandler } from '../../../runtime/ports/transport.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import type { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { encodeFault, type FaultOptions } from '../../../runtime/wire/v2/fault.ts';
import { encodeGoaway } from '../../../runtime/wire/v2/goaway.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { decodeSend, type SendFrame } from '../../../runtime/wire/v2/send.ts';
import { encodeSent } from '../../../runtime/wire/v2/sent.ts';
import { encodeWelcome } from '../../../runtime/wire/v2/welcome.ts';
import { fixedRandom, ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTransport } from '../../fakes/memory-transport.ts';
import { framed } from '../../servers/v2-client.ts';

type Sent = Pick<SendFrame, 'flags' | 'sequence' | 'previous' | 'count'>;

/** One connection of a server that does what the test makes of it. */
class Server implements ConnectionHandler {
  readonly sends: Sent[] = [];
  readonly opcodes: number[] = [];
  hasEnded = false;
  private readonly splitter = new FrameSplitter(2_000_000);
  private readonly connection: Connection;
  private readonly hears: (server: Server, opcode: number) => void;

  constructor(connection: Connection, hears: (server: Server, opcode: number) => void) {
    this.connection = connection;
    this.hears = hears;
  }

  received(chunk: Buffer): void {
    this.splitter.push(chunk, {
      frame: (buffer, start, end) => {
        const opcode = buffer[start] as number;
        this.opcodes.push(opcode);
        if (opcode === Opcode.Send || opcode === Opcode.Batch) {
          const frame: SendFrame = { flags: 0, sequence: 0, previous: 0, recipient: chunk, count: 0, entriesAt: 0 };
          decodeSend(new ByteReader().reset(buffer, start + 1, end), opcode, frame);
          this.sends.push({ flags: frame.flags, sequence: frame.sequence, previous: frame.previous, count: frame.count });
        }
        this.hears(this, opcode);
      },
    });
  }

  drained(): void {}
  closed(): void {
    this.hasEnded = true;
  }

  write(encode: (out: ByteWriter) => void): void {
    this.connection.write(framed(encode));
  }

  raw(bytes: Buffer): void {
    this.connection.write(bytes);
  }

  welcome(version = 6): void {
    this.write((out) => encodeWelcome(out, { version, serverTimeMs: 0, region: 'tokyo', awsRegion: '', node: 'tokyo-edge-0' }));
  }

  refuse(code: FaultOptions['code'], sequence: number, retryAfterMs: number, count = 1): void {
    this.write((out) => encodeFault(out, { code, message: 'no', sequence, count, retryAfterMs }));
  }

  end(): void {
    this.connection.destroy();
  }
}

const welcoming = (server: Server, opcode: number) => opcode === Opcode.Hello && server.welcome();

async function stage(hears: (server: Server, opcode: number) => unknown, hosts = 1) {
  const clock = new ManualClock();
  const transport = new MemoryTransport(clock);
  const servers: Server[] = [];
  const addresses = Array.from({ length: hosts }, (_, i) => `10.0.0.${i + 1}:7000`);
  for (let i = 0; i < hosts; i++)
    await transport.listen({ host: `10.0.0.${i + 1}`, port: 7_000 }, (connection) => {
      const server = new Server(connection, (one, opcode) => void hears(one, opcode));
      servers.push(server);
      return server;
    });
  const parts = { transport, clock, random: fixedRandom() };
  const connect = (options = {}) => IrisClient.connect({ addresses, user: 'alice', ...options }, parts);
  return { clock, transport, servers, connect };
}

async function connected(hears: (server: Server, opcode: number) => unknown = welcoming, hosts = 1) {
  const made = await stage(hears, hosts);
  const connecting = made.connect();
  await made.clock.advance(20);
  return { ...made, client: await connecting };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    ({ code }: { code: string }) => code,
  );

it('an answer that comes twice, out of order or for what was never sent ends each send once', async () => {
  const { clock, servers, client } = await connected();
  const sends = [client.send('bob', 'one'), client.send('carol', 'two'), client.send('bob', 'three')];
  await clock.advance(10);
  expect(client.pendingSends).toBe(3);
  const [server] = servers as [Server];
  for (const sequence of [3, 3, 1, 99, 1, 2, 2]) server.write((out) => encodeSent(out, sequence, 1, 2));
  server.refuse('STORE_FAILED', 1, 0);
  await clock.advance(10);
  expect((await Promise.all(sends)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect([client.pendingSends, server.sends.length, server.hasEnded]).toEqual([0, 3, false]);
});

it('a send without an answer is pending, then TIMED_OUT, never nothing (L1)', async () => {
  const { clock, client } = await connected();
  const sends = Array.from({ length: 50 }, (_, i) => codeOf(client.send('bob', `${i}`, { timeoutMs: 2_000 })));
  await clock.advance(1_000);
  expect(client.pendingSends).toBe(50);
  await clock.advance(1_500);
  expect([client.pendingSends, new Set(await Promise.all(sends))]).toEqual([0, new Set(['TIMED_OUT'])]);
});

it('waits as long as the longest refusal says before it tries again, in order, the first marked (L3)', async () => {
  const { clock, servers, client } = await connected();
  const sends = [client.send('bob', 'one'), client.send('bob', 'two')];
  await clock.advance(10);
  const [server] = servers as [Server];
  server.refuse('INBOX_FULL', 1, 5_000);
  server.refuse('REFUSED_IN_ORDER', 2, 0);
  await clock.advance(4_900);
  expect(server.sends.length).toBe(2);
  await clock.advance(200);
  expect(server.sends.slice(2).map(({ flags, sequence, previous }) => [flags, sequence, previous])).toEqual([
    [3, 1, 0],
    [1, 2, 1],
  ]);
  server.write((out) => encodeSent(out, 1, 2, 2));
  await clock.advance(10);
  expect((await Promise.all(sends)).length).toBe(2);
});

it('a server that lets in and closes at once is asked less and less often, up to every 2 s', async () => {
  const { clock, servers } = await connected((server, opcode) => {
    if (opcode !== Opcode.Hello) return;
    server.welcome();
    server.end();
  });
  await clock.advance(60_000);
  expect(servers.length).toBeGreaterThan(25);
  expect(servers.length).toBeLessThan(50);
});

it('a connection that is cut after each acknowledgement is made again at once: what it brought counts (L1, F9)', async () => {
  const { clock, servers, client } = await connected((server, opcode) => {
    if (opcode === Opcode.Hello) server.welcome();
    if (opcode !== Opcode.Send) return;
    server.write((out) => encodeSent(out, (server.sends.at(-1) as Sent).sequence, 1, 2));
    server.end();
  });
  for (let i = 0; i < 20; i++) {
    void client.send('bob', `${i}`);
    await clock.advance(150);
  }
  expect([client.pendingSends, servers.length]).toEqual([0, 21]);
});

it('goes away once, when the last GOAWAY says, and not from the connection after it', async () => {
  const { clock, servers, transport } = await connected(welcoming, 2);
  for (let i = 0; i < 1_000; i++) (servers[0] as Server).write((out) => encodeGoaway(out, { reconnectAfterMs: 10_000, reason: 'leaving' }));
  await clock.advance(100);
  expect(clock.waiting).toBeLessThan(10);
  transport.cut();
  await clock.advance(60_000);
  expect(servers.map(({ hasEnded }) => hasEnded)).toEqual([true, false]);
});

it('a stream of SIGNALS_LIMITED makes it say its signals again a few times a second, whatever delay it names', async () => {
  const { clock, servers, client } = await connected();
  client.watch(['bob'], () => undefined);
  await clock.advance(10);
  const [server] = servers as [Server];
  for (let i = 0; i < 100; i++) {
    for (let n = 0; n < 20; n++) server.refuse('SIGNALS_LIMITED', 0, 0, 0);
    await clock.advance(10);
  }
  expect(server.opcodes.filter((opcode) => opcode === Opcode.Watch).length).toBeLessThan(8);
  expect(clock.waiting).toBeLessThan(10);
});

it.each([
  ['a frame before WELCOME', (server: Server) => server.write((out) => encodeSent(out, 1, 1, 2))],
  ['a version that was not asked for', (server: Server) => server.welcome(99)],
  ['a second WELCOME', (server: Server) => [server.welcome(), server.welcome()]],
  ['a frame of 4 GB', (server: Server) => server.raw(Buffer.from('ffffffff81', 'hex'))],
  ['a frame cut short', (server: Server) => server.raw(Buffer.from('0000000281ff', 'hex'))],
  ['text', (server: Server) => server.raw(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))],
  ['nothing', () => undefined],
])('an edge that answers HELLO with %s is left for another within seconds', async (_, answer) => {
  const hosts: Server[] = [];
  const { clock, connect } = await stage((server, opcode) => {
    if (!hosts.includes(server)) hosts.push(server);
    if (opcode !== Opcode.Hello) return;
    if (hosts.indexOf(server) === 0) answer(server);
    else server.welcome();
  }, 2);
  const connecting = connect();
  await clock.advance(8_000);
  const client = await connecting;
  expect([hosts.length, hosts[0]?.hasEnded, client.protocolVersion]).toEqual([2, true, 6]);
});

it('says why no edge let it in', async () => {
  const { clock, connect } = await stage((server, opcode) => opcode === Opcode.Hello && server.welcome(99));
  const connecting = connect({ connectTimeoutMs: 3_000 }).catch((error: Error) => error.message);
  await clock.advance(4_000);
  expect(await connecting).toMatch(/version 99, asked for 2 to 6/);
});

it('says so where an edge takes the connection and answers nothing, as one does that speaks no TLS', async () => {
  const { clock, connect } = await stage(() => undefined);
  const connecting = connect({ connectTimeoutMs: 3_000 }).catch((error: Error) => error.message);
  await clock.advance(4_000);
  expect(await connecting).toBe('no login at 10.0.0.1:7000 within 3000 ms: no answer; it may be that only one side speaks TLS');
});

it('after the session was taken over every call ends at once, and no timer is left', async () => {
  const { clock, servers, client } = await connected();
  const waiting = codeOf(client.send('bob', 'x'));
  (servers[0] as Server).refuse('SESSION_REPLACED', 0, 0, 0);
  await clock.advance(10);
  expect(await waiting).toBe('SESSION_REPLACED');
  expect(await codeOf(client.setAudience('nobody'))).toBe('SESSION_REPLACED');
  expect(await codeOf(client.messages().next())).toBe('SESSION_REPLACED');
  expect(await client.close()).toBe(true);
  await clock.advance(100);
  expect(clock.waiting).toBe(0);
});

it('a second close resolves with the first, and a server that never ends the connection is left after 5 s', async () => {
  const { clock, servers, client } = await connected();
  const leaving = [client.close(), client.close()];
  await clock.advance(6_100);
  expect(await Promise.all(leaving)).toEqual([false, false]);
  await clock.advance(5_100);
  expect([servers[0]?.opcodes.at(-1), servers[0]?.hasEnded, clock.waiting]).toEqual([Opcode.Bye, true, 0]);
});
