/** A9: an edge whose config has a certificate speaks TLS 1.3 with clients of both protocols, and plain TCP only where it is told to. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { makeLocalCertificate } from '../../infra/local/local-certificate.ts';
import { type ConnectOptions, IrisClient } from '../../runtime/client/index.ts';
import { NodePair, NodeProcess, until } from './node-pair.ts';
import { login } from './v1-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-tls-'));
const nowMs = Date.now();
const made = makeLocalCertificate({ hosts: ['127.0.0.1'], fromMs: nowMs - 60_000, untilMs: nowMs + 3_600_000 });
const tls = { certificatePath: join(folder, 'certificate.pem'), keyPath: join(folder, 'key.pem') };
writeFileSync(tls.certificatePath, made.certificate);
writeFileSync(tls.keyPath, made.key);
const believed = { authorities: made.authority };

const clientOf = (port: number, allowsPlain: boolean) => ({ client: { host: '127.0.0.1', port, tls: { ...tls, allowsPlain } } });
let strict: NodePair;
let mixed: NodePair;

beforeAll(async () => {
  [strict, mixed] = await Promise.all([NodePair.start(22_760, clientOf(22_760, false)), NodePair.start(22_764, clientOf(22_764, true))]);
});
afterAll(async () => {
  await Promise.all([strict.stop(), mixed.stop()]);
  rmSync(folder, { recursive: true });
});

async function talk(pair: NodePair, user: string, options: Partial<ConnectOptions>): Promise<string> {
  const client = await IrisClient.connect({ addresses: [pair.address], user, connectTimeoutMs: 1_500, ...options });
  try {
    await client.send(user, 'hello');
    for await (const message of client.messages()) {
      client.ack(message);
      return message.text();
    }
    return '';
  } finally {
    await client.close();
  }
}

it('delivers over TLS, and tells of its certificate', async () => {
  expect(await talk(strict, 'alice', { tls: believed })).toBe('hello');
  expect(await strict.metric('edge', 'iris_certificate_days')).toBeCloseTo(1 / 24, 1);
});

it('a client of v1 speaks TLS too, as through any tunnel', async () => {
  const socket = connect({ host: '127.0.0.1', port: strict.basePort, ca: made.authority });
  const heard: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(chunk));
  socket.write(login('bob'));
  await until(() => Buffer.concat(heard).includes('LOGIN_OK'), 'bob is logged in');
  socket.destroy();
});

it.each([
  ['plain TCP', {}, /closed before the login; where TLS is spoken, connect with tls/],
  ['TLS that knows other authorities', { tls: true }, /unable to verify|self-signed/],
])('a client with %s is not served, and hears why', async (_, options, message) => {
  await expect(talk(strict, 'alice', options)).rejects.toMatchObject({
    code: 'CONNECTION_FAILED',
    message: expect.stringMatching(message),
  });
  expect(await strict.metric('edge', 'iris_tls_handshakes_failed_total')).toBeGreaterThan(0);
});

it('both are served on one port where the config allows plain TCP', async () => {
  expect(await Promise.all([talk(mixed, 'alice', { tls: believed }), talk(mixed, 'bob', {})])).toEqual(['hello', 'hello']);
});

it('an edge without a certificate that it can use does not start (L12)', async () => {
  const path = join(folder, 'edge.json');
  const config = {
    format: 'iris-node/1',
    environment: 'unit',
    region: 'tokyo',
    node: 'edge',
    role: 'edge',
    local: true,
    slotMapPath: join(strict.folder, 'slot-map.json'),
    client: { host: '127.0.0.1', port: 22_768, tls: { certificatePath: 'nowhere.pem', keyPath: 'key.pem' } },
    admin: { host: '127.0.0.1', port: 22_769 },
    authentication: { kind: 'none' },
  };
  writeFileSync(path, JSON.stringify(config));
  const node = new NodeProcess('edge', path);
  expect(await node.ended()).toBe(1);
  expect(node.said).toContain(`CONFIG_INVALID: TLS certificate ${join(folder, 'nowhere.pem')} cannot be read`);
});
