/** P7, L3, L8, X16: the released client reads a promoted inbox over several connections, at servers that the test plays frame by frame. */

import { IrisClient, type IrisMessage } from '../../../runtime/client/index.ts';
import { bucketNumber } from '../../../runtime/contract/bucket-name.ts';
import type { Connection, ConnectionHandler } from '../../../runtime/ports/transport.ts';
import { ByteReader } from '../../../runtime/wire/byte-reader.ts';
import type { ByteWriter } from '../../../runtime/wire/byte-writer.ts';
import { FrameSplitter } from '../../../runtime/wire/frame-splitter.ts';
import { type Cursor, decodeCursor } from '../../../runtime/wire/v2/cursor.ts';
import { encodeDeliver } from '../../../runtime/wire/v2/deliver.ts';
import { encodeFault } from '../../../runtime/wire/v2/fault.ts';
import { decodeFetch, type FetchFrame } from '../../../runtime/wire/v2/fetch.ts';
import { encodeGeneration, type GenerationFrame } from '../../../runtime/wire/v2/generation.ts';
import { CURSORS_MAX, decodeHello, type HelloFrame, Reads } from '../../../runtime/wire/v2/hello.ts';
import { Opcode } from '../../../runtime/wire/v2/opcodes.ts';
import { encodeWelcome } from '../../../runtime/wire/v2/welcome.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { fixedRandom, ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTransport } from '../../fakes/memory-transport.ts';
import { framed } from '../../servers/v2-client.ts';

const ADDRESS = '10.0.0.1:7000';

/** One connection of the client, as its server sees it. */
class ServedConnection implements ConnectionHandler {
  hello: HelloFrame | undefined;
  readonly fetched: FetchFrame[] = [];
  readonly acknowledged: Cursor[] = [];
  isClosed = false;
  /** Answers no HELLO. */
  isSilent = false;
  private readonly splitter = new FrameSplitter(1 << 21);
  private readonly connection: Connection;
  private readonly version: number;

  constructor(connection: Connection, version: number) {
    this.connection = connection;
    this.version = version;
  }

  say(write: (out: ByteWriter) => void): void {
    this.connection.write(framed(write));
  }

  generation(frame: Partial<GenerationFrame>): void {
    this.say((out) => encodeGeneration(out, { pushed: 1, oldest: 1, newest: 1, isCaughtUp: false, login: 77, ...frame }));
  }

  push(at: { generation: number; index: number; position: number; stamp: number }, text: string): void {
    const sequence = (at.generation * 1_024 + at.index) * 10_000 + at.position;
    const envelope = envelopeOf({ bodies: [text], stamp: at.stamp, sequence });
    const place = { bucket: bucketNumber(at.generation, at.index), position: at.position, firstIndex: 0 };
    this.say((out) => encodeDeliver(out, place, envelope, 0, envelope.length));
  }

  drop(): void {
    this.connection.destroy();
  }

  received(chunk: Buffer): void {
    this.splitter.push(chunk, { frame: (buffer, start, end) => this.frame(new ByteReader().reset(buffer, start, end)) });
  }

  drained(): void {}

  closed(): void {
    this.isClosed = true;
  }

  private frame(reader: ByteReader): void {
    const opcode = reader.u8();
    if (opcode === Opcode.Hello) this.greet(decodeHello(reader));
    if (opcode === Opcode.Fetch) this.fetched.push(decodeFetch(reader));
    if (opcode === Opcode.Ack) this.acknowledged.push(decodeCursor(reader));
  }

  private greet(hello: HelloFrame): void {
    this.hello = hello;
    if (!this.isSilent) this.welcome(hello);
  }

  welcome(hello: HelloFrame): void {
    const welcome = { version: this.version, serverTimeMs: 0, region: 'tokyo', awsRegion: '', node: 'tokyo-edge-0' };
    if (hello.versionMin <= this.version) this.say((out) => encodeWelcome(out, welcome));
    else this.say((out) => encodeFault(out, { code: 'VERSION_UNSUPPORTED', message: `server speaks up to ${this.version}` }));
  }
}

const started: ServedClient[] = [];

class ServedClient {
  readonly clock = new ManualClock();
  readonly connections: ServedConnection[] = [];
  readonly texts: string[] = [];
  /** What ended the reading for good. */
  readonly failures: unknown[] = [];
  /** New connections get no answer to their HELLO. */
  isSilent = false;
  readonly transport = new MemoryTransport(this.clock);
  client!: IrisClient;

  /** `versions` of the edges, by the order of connections; the last one for all others. */
  static async start(connections: number, versions: readonly number[] = [4]): Promise<ServedClient> {
    const served = new ServedClient();
    started.push(served);
    const { clock, transport } = served;
    await transport.listen({ host: '10.0.0.1', port: 7_000 }, (connection) => {
      const version = versions[Math.min(served.connections.length, versions.length - 1)] as number;
      const one = new ServedConnection(connection, version);
      one.isSilent = served.isSilent;
      served.connections.push(one);
      return one;
    });
    const connecting = IrisClient.connect({ addresses: [ADDRESS], user: 'bob', connections }, { transport, clock, random: fixedRandom() });
    await clock.advance(50);
    served.client = await connecting;
    return served;
  }

  /** Takes all messages from now on; acknowledges those that `isWanted` names. */
  read(acknowledges: (message: IrisMessage) => boolean = () => true): void {
    const readAll = async () => {
      for await (const message of this.client.messages()) {
        this.texts.push(message.text());
        if (acknowledges(message)) this.client.ack(message);
      }
    };
    readAll().catch((error: unknown) => this.failures.push(error));
  }

  async settle(ms = 20): Promise<void> {
    await this.clock.advance(ms);
  }

  get first(): ServedConnection {
    return this.connections[0] as ServedConnection;
  }

  /** The connections that read shares, by share. */
  get readers(): ServedConnection[] {
    return this.connections.filter(({ hello, isClosed }) => hello?.reads === Reads.shares && !isClosed);
  }
}

afterEach(() => {
  expect(started.splice(0).flatMap(({ failures }) => failures)).toEqual([]);
});

it.each([1, 2])('says with the login of %i connections what was acknowledged after its HELLO was written (L2, L6)', async (count) => {
  const served = await ServedClient.start(count);
  if (count > 1) served.first.generation({});
  await served.settle();
  const present = () => (count > 1 ? (served.readers[0] as ServedConnection) : (served.connections.at(-1) as ServedConnection));
  present().push({ generation: 1, index: 0, position: 5, stamp: 1 }, 'late');
  if (count > 1) present().generation({ isCaughtUp: true });
  await served.settle(3_000);
  const message = (await served.client.messages().next()).value as IrisMessage;
  served.isSilent = true;
  present().drop();
  await served.settle(1_000);
  const again = served.connections.at(-1) as ServedConnection;
  expect([again.isClosed, again.hello?.cursors]).toEqual([false, []]);
  served.client.ack(message);
  await served.settle();
  again.welcome(again.hello as HelloFrame);
  await served.settle();
  expect(again.acknowledged).toEqual([message.cursor]);
});

it('opens no further connection while the inbox is not promoted', async () => {
  const served = await ServedClient.start(4);
  await served.settle(2_000);
  expect([served.connections.length, served.first.hello?.reads, served.client.connections]).toEqual([1, Reads.own, 1]);
});

it('asks each connection for its share, and for the next generation when all of them are past this one', async () => {
  const served = await ServedClient.start(2);
  served.read();
  served.first.generation({ newest: 2 });
  await served.settle();
  const [zero, one] = served.readers as [ServedConnection, ServedConnection];
  expect(zero.fetched).toEqual([{ share: 0, shares: 2, through: 1, login: 77 }]);
  expect(one.fetched).toEqual([{ share: 1, shares: 2, through: 1, login: 77 }]);
  zero.push({ generation: 1, index: 0, position: 5, stamp: 20 }, 'second');
  zero.generation({ pushed: 2, newest: 2 });
  await served.settle();
  expect([served.texts, zero.fetched.length]).toEqual([[], 1]);
  one.push({ generation: 1, index: 1, position: 4, stamp: 10 }, 'first');
  one.generation({ pushed: 2, newest: 2 });
  await served.settle();
  expect([served.texts, zero.fetched.at(-1)?.through, one.fetched.at(-1)?.through]).toEqual([['first', 'second'], 2, 2]);
  expect([zero.acknowledged, one.acknowledged].flat()).toEqual([
    { bucket: bucketNumber(1, 0), position: 5, index: 0 },
    { bucket: bucketNumber(1, 1), position: 4, index: 0 },
  ]);
  expect(served.first.acknowledged).toEqual([]);
});

it('holds the next generation back while one connection is broken, and asks again from the cursors of that share', async () => {
  const served = await ServedClient.start(2);
  served.read();
  served.first.generation({ newest: 2 });
  await served.settle();
  const [zero, one] = served.readers as [ServedConnection, ServedConnection];
  one.push({ generation: 1, index: 3, position: 9, stamp: 5 }, 'from 3');
  zero.generation({ pushed: 2, newest: 2 });
  await served.settle();
  one.drop();
  await served.settle(500);
  const again = served.readers.find((reader) => reader !== zero) as ServedConnection;
  expect(again.hello?.cursors).toEqual([{ bucket: bucketNumber(1, 3), position: 9, index: 0 }]);
  expect([again.fetched, zero.fetched.length]).toEqual([[{ share: 1, shares: 2, through: 1, login: 77 }], 1]);
  again.generation({ pushed: 2, newest: 2 });
  await served.settle();
  expect([zero.fetched.at(-1)?.through, again.fetched.at(-1)?.through]).toEqual([2, 2]);
});

it('goes on without a connection that is silent, and gives each message once when it speaks', async () => {
  const served = await ServedClient.start(2);
  served.read();
  served.first.generation({});
  await served.settle();
  const [zero, one] = served.readers as [ServedConnection, ServedConnection];
  zero.push({ generation: 1, index: 0, position: 5, stamp: 20 }, 'late');
  await served.settle(1_500);
  expect(served.texts).toEqual([]);
  await served.settle(1_000);
  one.push({ generation: 1, index: 1, position: 4, stamp: 10 }, 'early');
  zero.push({ generation: 1, index: 0, position: 5, stamp: 20 }, 'late');
  zero.generation({ isCaughtUp: true });
  await served.settle();
  expect(served.texts).toEqual(['late', 'early']);
});

it.each([
  ['an edge of version 3', [4, 3, 3, 4]],
  ['edges of version 3 only', [3]],
])('reads everything over one connection at %s, visibly', async (_what, versions) => {
  const served = await ServedClient.start(2, versions);
  served.read();
  if (versions[0] === 4) served.first.generation({});
  await served.settle(1_000);
  const present = served.connections.filter(({ isClosed }) => !isClosed);
  expect([present.length, served.client.connections]).toEqual([1, 1]);
  expect(present[0]?.hello?.reads).toBe(versions[0] === 4 ? Reads.all : Reads.own);
  present[0]?.push({ generation: 1, index: 1, position: 4, stamp: 10 }, 'all here');
  await served.settle();
  expect(served.texts).toEqual(['all here']);
});

it('reads over one connection when a share has had none for 30 s', async () => {
  const served = await ServedClient.start(2);
  served.first.generation({});
  await served.settle();
  served.transport.isUnreachable = true;
  served.readers[1]?.drop();
  await served.settle(29_000);
  expect(served.client.connections).toBe(2);
  await served.settle(2_000);
  expect(served.client.connections).toBe(1);
  served.transport.isUnreachable = false;
  await served.settle(5_000);
  expect([served.client.connections, served.readers, served.connections.at(-1)?.hello?.reads]).toEqual([1, [], Reads.all]);
});

it('keeps 1 MiB of a connection in front of the merge and leaves the rest unread', async () => {
  const served = await ServedClient.start(2);
  served.read();
  served.first.generation({});
  await served.settle();
  const [zero, one] = served.readers as [ServedConnection, ServedConnection];
  const [count, text] = [64, 'x'.repeat(60_000)];
  for (let i = 1; i <= count; i++) {
    zero.push({ generation: 1, index: 0, position: i, stamp: i }, text);
    await served.settle(1);
  }
  const kept = count - Math.floor(served.transport.heldBytes / 60_000);
  expect([kept, served.texts.length]).toEqual([18, 0]);
  one.generation({ isCaughtUp: true });
  await served.settle(200);
  expect(served.texts).toHaveLength(count);
});

it('names no cursor of generations that are over, and never more than a HELLO may', async () => {
  const served = await ServedClient.start(1);
  served.read();
  const buckets = 600;
  for (let generation = 1; generation <= 3; generation++) {
    for (let index = 0; index < buckets; index++) served.first.push({ generation, index, position: index + 1, stamp: 1 }, 'x');
  }
  await served.settle();
  expect(served.texts).toHaveLength(3 * buckets);
  served.first.drop();
  await served.settle(1_000);
  const hello = served.connections.at(-1)?.hello;
  expect(hello?.cursors).toHaveLength(CURSORS_MAX);
  expect(hello?.cursors.filter(({ bucket }) => bucket >= bucketNumber(3, 0))).toHaveLength(buckets);
  served.connections.at(-1)?.generation({ pushed: 3, oldest: 3, newest: 3 });
  await served.settle();
  served.connections.at(-1)?.drop();
  await served.settle(1_000);
  const named = served.connections.at(-1)?.hello?.cursors.map(({ bucket }) => bucket) ?? [];
  expect([named.length, Math.min(...named)]).toEqual([buckets, bucketNumber(3, 0)]);
});
