import { randomBytes } from 'node:crypto';
import { IrisError } from '../../runtime/contract/errors.ts';
import type { ClientTransport, Connection, ConnectionHandler, Listening, ServerTransport } from '../../runtime/ports/transport.ts';
import { until } from '../servers/node-pair.ts';

/** One side of a connection, and what it was told. */
export class Peer implements ConnectionHandler {
  readonly connection: Connection;
  readonly endings: string[] = [];
  drains = 0;
  private readonly chunks: Buffer[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get count(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  received(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  drained(): void {
    this.drains++;
  }

  closed(reason: string): void {
    this.endings.push(reason);
  }
}

const ANY = { host: '127.0.0.1', port: 0 };
/** More than the sockets of both sides take. */
const MUCH = 16 * 1_048_576;

export interface TransportUnderTest {
  readonly server: ServerTransport;
  readonly client: ClientTransport;
}

/** What every transport keeps (design §5): one ordered byte stream, back-pressure in both directions, one end. */
export function describeTransportContract(name: string, { server: door, client: clientSide }: TransportUnderTest): void {
  describe(name, () => {
    const servers: Peer[] = [];
    let listening: Listening;

    beforeAll(async () => {
      listening = await door.listen(ANY, (connection) => {
        servers.push(new Peer(connection));
        return servers.at(-1) as Peer;
      });
    });
    afterEach(() => {
      for (const { connection } of servers.splice(0)) connection.destroy();
    });
    afterAll(() => listening.close());

    /** The client speaks first, as clients of v1 and v2 do. */
    async function connect(address = listening.address): Promise<{ client: Peer; server: Peer }> {
      let client: Peer | undefined;
      await clientSide.connect(address, (connection) => {
        client = new Peer(connection);
        return client;
      });
      const { connection } = client as unknown as Peer;
      connection.write(Buffer.of(1));
      await until(() => servers.at(-1)?.count === 1, 'the server hears the first byte');
      return { client: client as unknown as Peer, server: servers.at(-1) as Peer };
    }

    it('carries bytes in order, both ways', async () => {
      const { client, server } = await connect();
      const [there, back] = [randomBytes(1_048_577), randomBytes(300_000)];
      for (let at = 0; at < there.length; at += 70_001) client.connection.write(there.subarray(at, at + 70_001));
      server.connection.write(back);
      await until(() => server.count === there.length + 1 && client.count === back.length, 'both have everything');
      expect(server.bytes.subarray(1).equals(there)).toBe(true);
      expect(client.bytes.equals(back)).toBe(true);
    });

    it('a reader that pauses is felt by the writer, who is told when everything has gone (L8)', async () => {
      const { client, server } = await connect();
      server.connection.pause();
      for (let sent = 0; sent < MUCH; sent += 65_536) client.connection.write(Buffer.alloc(65_536));
      await until(() => client.connection.queuedBytes > 0, 'bytes wait');
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(client.connection.queuedBytes).toBeGreaterThan(0);
      expect(server.count).toBeLessThan(MUCH);
      server.connection.resume();
      await until(() => server.count === MUCH + 1, 'everything came');
      expect(client.connection.queuedBytes).toBe(0);
      expect(client.drains).toBeGreaterThan(0);
    });

    it('end sends what is queued first; both sides hear of the end once, and writes after it do nothing', async () => {
      const { client, server } = await connect();
      const last = randomBytes(500_000);
      client.connection.write(last);
      client.connection.end();
      client.connection.write(Buffer.of(9));
      await until(() => client.endings.length > 0 && server.endings.length > 0, 'both hear of the end');
      expect(server.bytes.subarray(1).equals(last)).toBe(true);
      client.connection.destroy();
      expect([client.endings.length, server.endings.length]).toEqual([1, 1]);
    });

    it('destroy ends at once, also while the other side does not read', async () => {
      const { client, server } = await connect();
      client.connection.pause();
      server.connection.write(Buffer.alloc(MUCH));
      server.connection.destroy();
      await until(() => server.endings.length === 1, 'the side that ended it hears of it');
      client.connection.resume();
      await until(() => client.endings.length === 1, 'the other hears of it');
      expect(client.count).toBeLessThan(MUCH);
    });

    it('tells each side the address of the other', async () => {
      const { client, server } = await connect();
      expect(client.connection.remoteAddress).toBe(listening.address);
      expect(server.connection.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    });

    it('a listener that is closed takes no new connections, and keeps those it has', async () => {
      const other = await door.listen(ANY, (connection) => {
        servers.push(new Peer(connection));
        return servers.at(-1) as Peer;
      });
      const { client, server } = await connect(other.address);
      await other.close();
      await expect(clientSide.connect(other.address, (connection) => new Peer(connection))).rejects.toMatchObject({
        code: 'CONNECTION_FAILED',
      });
      client.connection.write(Buffer.of(2));
      await until(() => server.count === 2, 'the open one goes on');
    });

    it('a port that is taken is ADDRESS_IN_USE; where nobody listens, and what is no address, is CONNECTION_FAILED', async () => {
      const port = Number(listening.address.split(':')[1]);
      const refused = (outcome: Promise<unknown>) => outcome.catch((error: unknown) => (error instanceof IrisError ? error.code : error));
      const handler = (connection: Connection) => new Peer(connection);
      expect(await refused(door.listen({ host: '127.0.0.1', port }, handler))).toBe('ADDRESS_IN_USE');
      expect(await refused(clientSide.connect('127.0.0.1:9', handler))).toBe('CONNECTION_FAILED');
      expect(await refused(clientSide.connect('nowhere', handler))).toBe('CONNECTION_FAILED');
    });
  });
}
