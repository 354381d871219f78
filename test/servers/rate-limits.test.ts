/** D11, A8, C26: the four limits at the port of a real edge; what one address or user uses up is nobody else’s. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IrisClient } from '../../runtime/client/iris-client.ts';
import { errorCodeOfWire, type IrisError } from '../../runtime/contract/errors.ts';
import { ByteReader } from '../../runtime/wire/byte-reader.ts';
import { decodeFault } from '../../runtime/wire/v2/fault.ts';
import { encodePresenceQuery } from '../../runtime/wire/v2/presence.ts';
import { NodePair } from './node-pair.ts';
import { RawSocket } from './raw-socket.ts';
import { claimsOf, newKeyPair, tokenOf } from './tokens.ts';
import { login } from './v1-client.ts';
import { framed, hello, V2Client } from './v2-client.ts';

const LIMITS = { messages: 100, requests: 10, connections: 5, failedLogins: 5 };
const folder = mkdtempSync(join(tmpdir(), 'iris-rates-'));
const keysPath = join(folder, 'keys.pem');
const keys = newKeyPair();
writeFileSync(keysPath, keys.publicPem);
const token = (user: string) => tokenOf(claimsOf(user, Date.now()), keys.privateKey);
let pair: NodePair;

beforeAll(async () => {
  const authentication = { kind: 'token', issuer: 'https://login.example', audience: 'iris', keysPath };
  pair = await NodePair.start(22_960, { authentication, rateLimits: { ...LIMITS, unlimitedNetworks: ['127.0.0.9/32'] } });
});
afterAll(async () => {
  await pair.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What a connection from this address hears that writes `bytes`, until it is closed. */
async function ending(
  from: string,
  bytes: Buffer,
): Promise<{ text: string; fault: () => { code: string | undefined; retryAfterMs: number } }> {
  const raw = await RawSocket.open(pair.address, from);
  raw.write(bytes);
  await raw.closed();
  const { received } = raw;
  const fault = () => {
    const { wire, retryAfterMs } = decodeFault(new ByteReader().reset(received, 5, received.length));
    return { code: errorCodeOfWire(wire), retryAfterMs };
  };
  return { text: received.toString('latin1'), fault };
}

it('after 5 failed logins an address is told to wait, with the right token too; other addresses and open sessions are not', async () => {
  const bystander = await V2Client.logIn(pair.address, 'bystander', { token: token('bystander') });
  for (let i = 0; i < LIMITS.failedLogins; i++) expect((await ending('127.0.0.2', login('alice:wrong'))).text).toBe('AUTH_FAILED');
  expect((await ending('127.0.0.2', login('alice:wrong'))).text).toBe('RATE_LIMITED');
  const { code, retryAfterMs } = (await ending('127.0.0.2', hello('alice', { token: token('alice') }))).fault();
  expect([code, retryAfterMs > 50_000, retryAfterMs <= 65_000]).toEqual(['RATE_LIMITED', true, true]);
  expect(await bystander.ping(1)).toBe(1);
  (await V2Client.logIn(pair.address, 'alice', { token: token('alice') })).end();
  bystander.end();
});

it('connections that log in are not counted; of those that do not, an address has 5', async () => {
  for (let i = 0; i < 3 * LIMITS.connections; i++)
    (await V2Client.logIn(pair.address, `office-${i}`, { token: token(`office-${i}`) })).end();
  for (const from of ['127.0.0.3', '127.0.0.9']) {
    for (let i = 0; i < LIMITS.connections; i++) {
      const raw = await RawSocket.open(pair.address, from);
      raw.end();
    }
  }
  const accepted = async () => (await ending('127.0.0.3', hello('bob', { token: 'wrong' }))).fault().code;
  let code = await accepted();
  // The edge may not have heard of the fifth end yet.
  for (let i = 0; i < 10 && code === 'AUTHENTICATION_FAILED'; i++) code = await accepted();
  expect(code).toBe('RATE_LIMITED');
  expect((await ending('127.0.0.9', hello('bob', { token: 'wrong' }))).fault().code).toBe('AUTHENTICATION_FAILED');
});

it('a user sends 100 messages in a minute, a batch may be the last, and others go on; so it is with 10 requests', async () => {
  const [carol, dave] = [
    await V2Client.logIn(pair.address, 'carol', { token: token('carol'), versionMax: 4 }),
    await V2Client.logIn(pair.address, 'dave', { token: token('dave'), versionMax: 4 }),
  ];
  carol.send('nobody', 1, ['first']);
  await carol.sent();
  carol.send(
    'nobody',
    2,
    Array.from({ length: 500 }, (_, i) => `${i}`),
    { previous: 1 },
  );
  expect((await carol.sent()).count).toBe(500);
  carol.send('nobody', 502, ['one more'], { previous: 501 });
  expect(await carol.fault()).toMatchObject({ code: 'RATE_LIMITED', sequence: 502, count: 1 });
  dave.send('nobody', 1, ['hello']);
  await dave.sent();
  for (let i = 0; i <= LIMITS.requests; i++) dave.raw.write(framed((out) => encodePresenceQuery(out, Buffer.from('carol'))));
  const opcodes = await Promise.all(Array.from({ length: LIMITS.requests + 1 }, () => dave.frame().then(({ opcode }) => opcode)));
  expect(opcodes.filter((opcode) => opcode === 0x85).length).toBe(1);
  expect(await pair.metric('edge', 'iris_rate_limited_total')).toBeGreaterThan(3);
  carol.end();
  dave.end();
});

it('a client of an address that has to wait hears that, with the time, at once where it waits no longer itself', async () => {
  const connect = (who: string, fields: object = {}) =>
    IrisClient.connect({ addresses: [pair.address], user: who, token: token(who), ...fields }).then(
      async (client) => void (await client.close()),
      (error: unknown) => error,
    );
  expect(await connect('erin')).toBeUndefined();
  for (let i = 0; i < LIMITS.failedLogins; i++) {
    expect(await connect('erin', { token: 'wrong' })).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
  }
  const startMs = performance.now();
  const refused = (await connect('erin', { connectTimeoutMs: 30_000 })) as IrisError;
  expect([refused.code, refused.retryAfterMs > 30_000, refused.message]).toEqual([
    'RATE_LIMITED',
    true,
    expect.stringMatching(/wait \d+ ms/),
  ]);
  expect(performance.now() - startMs).toBeLessThan(30_000);
  // Another edge that lets it in is tried next.
  const elsewhere = await NodePair.start(22_970, {});
  expect(await connect('erin', { addresses: [pair.address, elsewhere.address] })).toBeUndefined();
  await elsewhere.stop();
});
