import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, createServer as createTlsServer } from 'node:tls';
import { STORE_CERTIFICATE, STORE_KEY, storeSecrets, storeSecurityScript } from '../../../constructs/node/store-security.ts';

const AWS_REGION = 'ap-northeast-1';
const secrets = storeSecrets('/iris/growth/tokyo/store');
const WHO = { AccessKeyId: 'AKID', SecretAccessKey: 'key of a test', Token: 'token of a test' };
const PASSWORD = 'Generated0123456789';
const sha256 = (value: string) => createHash('sha256').update(value).digest('hex');

/** What Signature Version 4 asks for, made of the request as it came. */
function isSigned({ headers }: IncomingMessage, body: string, service: string): boolean {
  const found = /^AWS4-HMAC-SHA256 Credential=AKID\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(headers.authorization ?? '');
  const [, scope = '', names = '', signature] = found ?? [];
  const lines = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const canonical = ['POST', '/', '', lines.join(''), names, sha256(body)].join('\n');
  const date = String(headers['x-amz-date']);
  const wanted = `${date.slice(0, 8)}/${AWS_REGION}/${service}/aws4_request`;
  const key = wanted
    .split('/')
    .reduce<string | Buffer>((k, part) => createHmac('sha256', k).update(part).digest(), `AWS4${WHO.SecretAccessKey}`);
  const made = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${date}\n${wanted}\n${sha256(canonical)}`)
    .digest('hex');
  const signed = ['host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target'].every((name) => names.split(';').includes(name));
  return signed && scope === wanted && made === signature && headers['x-amz-security-token'] === WHO.Token;
}

describe('what makes a store node’s certificate and its first login (A13)', () => {
  const values = new Map<string, string>();
  const calls: string[] = [];
  let refusals: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { status, answer } = request.url!.startsWith('/latest/') ? metadata(request.url!) : service(request, body);
      response.writeHead(status).end(answer);
    });
  });
  let folder: string;
  let endpoint: string;

  const metadata = (url: string) => {
    const path = url.replace('/latest/', '');
    const said: Record<string, string> = {
      'api/token': 'metadata token',
      'meta-data/iam/security-credentials/': 'store-role',
      'meta-data/iam/security-credentials/store-role': JSON.stringify(WHO),
    };
    return said[path] === undefined ? { status: 404, answer: '' } : { status: 200, answer: said[path] };
  };

  function service(request: IncomingMessage, body: string): { status: number; answer: string } {
    const target = String(request.headers['x-amz-target']);
    const refused = (kind: string) => ({ status: 400, answer: JSON.stringify({ __type: `com.amazonaws#${kind}` }) });
    if (!isSigned(request, body, target.startsWith('AmazonSSM') ? 'ssm' : 'secretsmanager')) return refused('InvalidSignatureException');
    const next = refusals.shift();
    if (next !== undefined) return refused(next);
    const { SecretId, Name, Value, Overwrite } = JSON.parse(body) as Record<string, string | boolean>;
    const name = String(SecretId ?? Name);
    calls.push(`${target} ${name}`);
    if (target === 'AmazonSSM.PutParameter') {
      if (values.has(name) && Overwrite !== true) return refused('ParameterAlreadyExists');
      values.set(name, String(Value));
      return { status: 200, answer: '{}' };
    }
    const value = values.get(name);
    if (value === undefined) return refused('ParameterNotFound');
    return { status: 200, answer: JSON.stringify(SecretId === undefined ? { Parameter: { Value: value } } : { SecretString: value }) };
  }

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-store-'));
    writeFileSync(join(folder, 'security.py'), storeSecurityScript());
    values.clear();
    values.set(secrets.login, JSON.stringify({ username: 'iris', password: PASSWORD }));
    values.set(secrets.authority, 'a'.repeat(64));
    refusals = [];
    calls.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** One node’s start. */
  async function start(host: string, patienceSeconds = 0) {
    const root = join(folder, host);
    for (const name of ['etc/scylla', 'run']) mkdirSync(join(root, name), { recursive: true });
    const yaml = join(root, 'etc/scylla/scylla.yaml');
    if (spawnSync('test', ['-e', yaml]).status !== 0) writeFileSync(yaml, 'cluster_name: growth\n');
    const env = {
      PATH: process.env['PATH'],
      IRIS_ROOT: root,
      IRIS_PATIENCE_SECONDS: String(patienceSeconds),
      AWS_ENDPOINT_URL: endpoint,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
    };
    const args = [join(folder, 'security.py'), AWS_REGION, secrets.login, secrets.authority, secrets.certificate, host];
    const end = await new Promise<{ status: number; stderr: string }>((resolve) =>
      execFile('python3', args, { env }, (error, _, stderr) => resolve({ status: error === null ? 0 : Number(error.code), stderr })),
    );
    const read = (path: string) => readFileSync(join(root, path), 'utf8');
    return { ...end, root, read };
  }

  it('lets a client trust every node of the cluster, and only these, by the one certificate that the first has published', async () => {
    const [first, second] = [await start('s0.store.example.com'), await start('s1.store.example.com')];
    assert.deepEqual([first.status, second.status], [0, 0], first.stderr + second.stderr);
    const published = values.get(secrets.certificate)!;
    assert.equal(calls.filter((call) => call.startsWith('AmazonSSM.PutParameter')).length, 1);
    const authority = new X509Certificate(published);
    assert.ok(authority.ca && authority.verify(authority.publicKey));
    for (const [node, host] of [
      [first, 's0.store.example.com'],
      [second, 's1.store.example.com'],
    ] as const) {
      assert.equal(statSync(join(node.root, STORE_KEY)).mode & 0o777, 0o400);
      assert.equal(await shownTo(published, node, host), true);
    }
    values.set(secrets.authority, 'b'.repeat(64));
    values.delete(secrets.certificate);
    const stranger = await start('s2.store.example.com');
    assert.equal(stranger.status, 0, stranger.stderr);
    assert.equal(await shownTo(published, stranger, 's2.store.example.com'), false);
  }, 180_000);

  /** Whether a TLS client that trusts the authority alone takes what the node shows. */
  async function shownTo(ca: string, { read }: { read: (path: string) => string }, host: string): Promise<boolean> {
    const node = createTlsServer({ key: read(STORE_KEY), cert: read(STORE_CERTIFICATE) });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    const socket = connect({ host: '127.0.0.1', port: (node.address() as AddressInfo).port, ca, servername: host });
    const isTaken = await new Promise<boolean>((resolve) => {
      socket.once('secureConnect', () => resolve(socket.authorized)).once('error', () => resolve(false));
    });
    socket.destroy();
    node.close();
    return isTaken;
  }

  it('gives the cluster’s first start a salted password, once, and keeps the rest of scylla.yaml', async () => {
    const { read, status, stderr } = await start('s0.store.example.com');
    assert.equal(status, 0, stderr);
    const yaml = read('etc/scylla/scylla.yaml');
    const [, salt, salted] = /^auth_superuser_salted_password: '(\$6\$[^$]+)\$([^']+)'$/m.exec(yaml)!;
    assert.match(yaml, /^cluster_name: growth\nauth_superuser_name: 'iris'$/m);
    const again = spawnSync('openssl', ['passwd', '-6', '-salt', salt!.slice(3), PASSWORD], { encoding: 'utf8' }).stdout.trim();
    assert.equal(again, `${salt}$${salted}`);
    assert.equal((await start('s0.store.example.com')).status, 0);
    assert.equal(read('etc/scylla/scylla.yaml'), yaml);
  }, 180_000);

  it('waits while AWS or a right is away, and ends without a certificate when it stays so; says no secret', async () => {
    refusals = ['ThrottlingException'];
    const late = await start('s0.store.example.com', 60);
    assert.equal(late.status, 0, late.stderr);
    assert.match(late.stderr, /secretsmanager.GetSecretValue: ThrottlingException/);
    refusals = ['AccessDeniedException'];
    const never = await start('s1.store.example.com');
    assert.equal(never.status, 1);
    assert.match(never.stderr, /AccessDeniedException/);
    assert.throws(() => never.read(STORE_CERTIFICATE), { code: 'ENOENT' });
    assert.doesNotMatch(late.stderr + never.stderr, new RegExp(`${PASSWORD}|a{64}|token of a test`));
  }, 180_000);
});
