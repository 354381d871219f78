/** A1, A2, A3: logins with tokens at the port of a real edge, and configs that would let anyone in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Opcode } from '../../runtime/wire/v2/opcodes.ts';
import { NodePair, NodeProcess } from './node-pair.ts';
import { RawSocket } from './raw-socket.ts';
import { claimsOf, newKeyPair, tokenOf, unsignedToken } from './tokens.ts';
import { login, V1Client } from './v1-client.ts';
import { hello, V2Client } from './v2-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-token-'));
const keysPath = join(folder, 'keys.pem');
const keys = newKeyPair();
writeFileSync(keysPath, keys.publicPem);
let pair: NodePair;

beforeAll(async () => {
  pair = await NodePair.start(22_040, { authentication: { kind: 'token', issuer: 'https://login.example', audience: 'iris', keysPath } });
});
afterAll(async () => {
  await pair.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Short enough for v1’s LOGIN of 256 bytes. */
const token = (user: string) => {
  const { sub, iss, aud, iat, exp } = claimsOf(user, Date.now());
  return tokenOf({ sub, iss, aud, iat, exp }, keys.privateKey, { alg: 'EdDSA' });
};

it('a v1 client logs in as user:token', async () => {
  const client = await V1Client.open(pair.address);
  const text = `al:${token('al')}`;
  expect(text.length).toBeLessThanOrEqual(256);
  client.raw.write(login(text));
  await client.loggedIn();
  client.send('al', 'hello');
  expect((await client.message()).body).toBe('hello');
});

it.each([
  ['no token', 'al'],
  ['an empty token', 'al:'],
  ['alg none', `al:${unsignedToken(claimsOf('al', Date.now()))}`.slice(0, 256)],
  ['the token of another user', `bo:${token('al')}`],
])('a v1 login with %s gets AUTH_FAILED and the end', async (_, text) => {
  const raw = await RawSocket.open(pair.address);
  raw.write(login(text));
  await raw.closed();
  expect(raw.received.toString('latin1')).toBe('AUTH_FAILED');
});

it('a v2 client logs in with its token, and reads and writes as its subject only (A2, L5)', async () => {
  const alice = await V2Client.logIn(pair.address, 'alice', { token: token('alice') });
  alice.send('alice', 1, ['to myself']);
  const frames = [await alice.frame(), await alice.frame()];
  expect(frames.map(({ opcode }) => opcode).sort((a, b) => a - b)).toEqual([Opcode.Sent, Opcode.Deliver]);
});

it.each([
  ['no token', ''],
  ['alg none', unsignedToken(claimsOf('alice', Date.now()))],
  ['the token of another user', token('bob')],
])('a v2 HELLO with %s gets FAULT 3001 and the end', async (_, text) => {
  const client = await V2Client.open(pair.address);
  client.raw.write(hello('alice', { token: text }));
  expect((await client.fault()).code).toBe('AUTHENTICATION_FAILED');
  await client.raw.closed();
});

describe('an edge that would let anyone in does not start (A1, L12)', () => {
  const config = (fields: object) => {
    const path = join(folder, 'edge.json');
    const listeners = { client: { host: '127.0.0.1', port: 22_048 }, admin: { host: '127.0.0.1', port: 22_049 } };
    const shared = {
      format: 'iris-node/1',
      environment: 'unit',
      region: 'tokyo',
      node: 'edge',
      role: 'edge',
      slotMapPath: join(pair.folder, 'slot-map.json'),
    };
    writeFileSync(path, JSON.stringify({ ...shared, ...listeners, ...fields }));
    return path;
  };

  it.each([
    [
      'authentication none outside a local environment',
      { local: false, authentication: { kind: 'none' } },
      /CONFIG_INVALID: .*none is allowed only where local is true/,
    ],
    [
      'a local node on an open address',
      { local: true, authentication: { kind: 'none' }, client: { host: '0.0.0.0', port: 22_048 } },
      /client\.host: 0\.0\.0\.0 is open/,
    ],
    [
      'token keys that are not there',
      { local: false, authentication: { kind: 'token', issuer: 'i', audience: 'a', keysPath: '/nowhere.pem' } },
      /token keys \/nowhere\.pem cannot be read/,
    ],
  ])('%s', async (_, fields, message) => {
    const node = new NodeProcess('edge', config(fields));
    expect(await node.ended()).toBe(1);
    expect(node.said.trimEnd().split('\n').at(-1)).toMatch(message);
  });
});
