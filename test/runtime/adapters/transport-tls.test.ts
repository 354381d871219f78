/** A9: TLS 1.3 or nothing, to servers that a known authority vouches for by their name; who does not get through the handshake costs little. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { makeLocalCertificate } from '../../../infra/local/local-certificate.ts';
import { createTcpTransport } from '../../../runtime/adapters/transport-tcp.ts';
import { createTlsClientTransport, createTlsServerTransport, type TlsServerOptions } from '../../../runtime/adapters/transport-tls.ts';
import type { Listening } from '../../../runtime/ports/transport.ts';
import { describeTransportContract, Peer } from '../../contract/transport-contract.ts';
import { until } from '../../servers/node-pair.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-tls-'));
const certificate = { certificatePath: join(folder, 'certificate.pem'), keyPath: join(folder, 'key.pem') };
const HOUR_MS = 3_600_000;

function renew({ hosts = ['127.0.0.1', 'edge.example'], untilMs = Date.now() + HOUR_MS } = {}): string {
  const made = makeLocalCertificate({ hosts, fromMs: Date.now() - HOUR_MS, untilMs });
  writeFileSync(certificate.certificatePath, made.certificate);
  writeFileSync(certificate.keyPath, made.key);
  return made.authority;
}

const authorities = renew();
afterAll(() => rmSync(folder, { recursive: true }));

const client = createTlsClientTransport({ authorities });
const plain = createTcpTransport();
const onlyTls = createTlsServerTransport({ certificate });
const both = createTlsServerTransport({ certificate, allowsPlain: true });

describeTransportContract('the TLS transport', { server: onlyTls, client: client });
describeTransportContract('TLS on a port that takes plain TCP too', { server: both, client: client });
describeTransportContract('plain TCP on a port that takes TLS too', { server: both, client: plain });

describe('a TLS server', () => {
  const open: Listening[] = [];
  const sockets: Socket[] = [];
  const peers: Peer[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const { connection } of peers.splice(0)) connection.destroy();
    for (const listening of open.splice(0)) await listening.close();
  });

  async function listen(options: Partial<TlsServerOptions> = {}): Promise<{ address: string; port: number; failures: string[] }> {
    const failures: string[] = [];
    const server = createTlsServerTransport({ certificate, handshakeFailed: (reason) => void failures.push(reason), ...options });
    const listening = await server.listen({ host: '127.0.0.1', port: 0 }, peer);
    open.push(listening);
    return { address: listening.address, port: Number(listening.address.split(':')[1]), failures };
  }

  function peer(connection: ConstructorParameters<typeof Peer>[0]): Peer {
    peers.push(new Peer(connection));
    return peers.at(-1) as Peer;
  }

  function rawSocket(port: number): Socket {
    const socket = connectSocket({ host: '127.0.0.1', port }).on('error', () => undefined);
    sockets.push(socket.resume());
    return socket;
  }

  const outcome = (connecting: Promise<void>) =>
    connecting.then(
      () => 'connected',
      (error: Error) => error.message,
    );

  it('speaks TLS 1.3, and refuses a client that knows 1.2 only', async () => {
    const { port, failures } = await listen();
    const speak = (options: object) =>
      new Promise<string | null>((resolve) => {
        const socket = connectTls({ host: '127.0.0.1', port, ca: authorities, ...options }, () => resolve(socket.getProtocol()));
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? null));
        sockets.push(socket);
      });
    expect(await speak({})).toBe('TLSv1.3');
    expect(await speak({ maxVersion: 'TLSv1.2' })).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    await until(() => failures.length === 1, 'the failure is told');
  });

  it('is not believed with a certificate of an unknown authority, for another name, or out of date', async () => {
    const { address } = await listen();
    expect(await outcome(createTlsClientTransport().connect(address, peer))).toMatch(/certificate/);
    expect(await outcome(createTlsClientTransport({ authorities, serverName: 'other.example' }).connect(address, peer))).toMatch(
      /does not match certificate's altnames/,
    );
    expect(await outcome(createTlsClientTransport({ authorities, serverName: 'edge.example' }).connect(address, peer))).toBe('connected');
    const late = makeLocalCertificate({ hosts: ['127.0.0.1'], fromMs: Date.now() - 2 * HOUR_MS, untilMs: Date.now() - HOUR_MS });
    const paths = { certificatePath: join(folder, 'late.pem'), keyPath: join(folder, 'late-key.pem') };
    writeFileSync(paths.certificatePath, late.certificate);
    writeFileSync(paths.keyPath, late.key);
    const expired = await listen({ certificate: paths });
    expect(await outcome(createTlsClientTransport({ authorities: late.authority }).connect(expired.address, peer))).toMatch(/expired/);
  });

  it('takes no more than TLS_HANDSHAKES_MAX in the handshake; who is through it, who gave it up and who took too long makes room (L8)', async () => {
    const { address, port, failures } = await listen({ handshakesMax: 2, handshakeTimeoutMs: 1_500 });
    for (let connections = 0; connections < 3; connections++) expect(await outcome(client.connect(address, peer))).toBe('connected');
    const silent = [rawSocket(port), rawSocket(port)];
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(await outcome(client.connect(address, peer))).not.toBe('connected');
    silent[0]?.destroy();
    await until(async () => (await outcome(client.connect(address, peer))) === 'connected', 'the place of one that left is free');
    await until(() => silent[1]?.closed === true, 'the silent one is closed');
    rawSocket(port).write(Buffer.of(0, 0, 0, 9), () => sockets.at(-1)?.resetAndDestroy());
    // Where all places are taken for a moment, it is not read.
    await until(() => {
      rawSocket(port).write('GET / HTTP/1.1\r\n\r\n');
      return failures.some((reason) => /http request/.test(reason));
    }, 'what is no TLS is told');
    const two = () => Promise.all([client.connect(address, peer), client.connect(address, peer)].map(outcome));
    await until(async () => (await two()).join() === 'connected,connected', 'all places are free');
  });

  it('shows a renewed certificate to new clients, and keeps its last good one where the files break', async () => {
    const taken: number[] = [];
    const refused: string[] = [];
    const before = renew();
    const { address } = await listen({
      certificatePollMs: 10,
      certified: ({ expiresMs }) => void taken.push(expiresMs),
      certificateRefused: (reason) => void refused.push(reason),
    });
    await createTlsClientTransport({ authorities: before }).connect(address, peer);
    const old = peers.find(({ connection }) => connection.remoteAddress === address) as Peer;
    const after = renew({ untilMs: Date.now() + 2 * HOUR_MS });
    await until(() => taken.length === 2, 'the new one is in force');
    expect((taken[1] as number) - (taken[0] as number)).toBeGreaterThan(HOUR_MS / 2);
    expect(await outcome(createTlsClientTransport({ authorities: before }).connect(address, peer))).toMatch(/certificate/);
    writeFileSync(certificate.keyPath, 'no key');
    await until(() => refused.length > 0, 'the broken file is told');
    expect(refused[0]).toMatch(/CONFIG_INVALID|cannot be used/);
    expect(await outcome(createTlsClientTransport({ authorities: after }).connect(address, peer))).toBe('connected');
    old.connection.write(Buffer.of(1));
    await until(() => peers.some(({ count }) => count === 1), 'the connection of before goes on');
  });

  it.each([
    [
      'a file that is not there',
      { certificatePath: '/nowhere.pem', keyPath: certificate.keyPath },
      /TLS certificate \/nowhere\.pem cannot be read/,
    ],
    ['a key that is none', { certificatePath: certificate.certificatePath, keyPath: __filename }, /cannot be used/],
  ])('does not begin with %s (L12)', (_, paths, message) => {
    renew();
    expect(() => createTlsServerTransport({ certificate: paths })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => createTlsServerTransport({ certificate: paths })).toThrow(message);
  });
});
