/** L11, L12, A3, R21: what a template carries is what a node runs. Documents are taken out of a synthesized assembly, nothing else. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IrisClient } from '../../runtime/client/iris-client.ts';
import { checkNodeConfig, readJsonFile } from '../../runtime/contract/node-config.ts';
import { readSlotMap, type SlotRouter } from '../../runtime/contract/slot-map.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { AssemblyOnDisk } from './assembly.ts';

const LOOPBACK = '127.0.0.1';
const REGIONS = ['tokyo', 'bangalore'] as const;
const OPEN = { kind: 'none', issuer: null, audience: null, keysPath: null };

let assembly: AssemblyOnDisk;
let router: SlotRouter;
/** The plan's core addresses, as nodes on this machine reach them. */
let addresses: Record<string, string>;
const keys = generateKeyPairSync('ed25519');

function groupOf(region: string) {
  return router.map.regions.find(({ code }) => code === region)!.groups[0]!;
}

function userHomedIn(region: string): string {
  for (let i = 0; ; i++) if (router.homeOf(router.shardOf(Buffer.from(`user-${i}`))).region === region) return `user-${i}`;
}

async function startEdge(region: string, name: string, overlay: object): Promise<string> {
  const listen = await assembly.startNode({ role: 'edge', region, name }, { client: { host: LOOPBACK, port: 0 }, addresses, ...overlay });
  return listen['client']!;
}

beforeAll(async () => {
  assembly = new AssemblyOnDisk('proof');
  router = readSlotMap(readJsonFile(assembly.slotMapPath));
  const firstPort = await freePortRow();
  addresses = Object.fromEntries(REGIONS.map((region, index) => [groupOf(region).address, `${LOOPBACK}:${firstPort + index}`]));
  for (const [index, region] of REGIONS.entries()) {
    const place = { role: 'core', region, name: `${region}-core-0`, group: groupOf(region).id } as const;
    const store = { directory: join(assembly.folder, `${region}-store`) };
    await assembly.startNode(place, { local: true, store, addresses, link: { host: LOOPBACK, port: firstPort + index } });
  }
}, 60_000);

afterAll(async () => {
  const codes = await assembly.stop();
  // A drained node ends with 0 (F13), a refused one has ended with 1.
  expect(codes).toEqual({
    'tokyo-core-0': 0,
    'bangalore-core-0': 0,
    'tokyo-edge-0': 0,
    'bangalore-edge-0': 0,
    'tokyo-edge-1': 0,
    'tokyo-edge-2': 1,
  });
}, 60_000);

it('finds in the manifest a config per region and role and the slot map, each with the hash of its bytes', () => {
  const { nodeConfigs, slotMap } = assembly.manifest;
  expect(nodeConfigs.map(({ region, role }) => `${region} ${role}`).toSorted()).toEqual(
    ['bangalore', 'sao-paulo', 'tokyo'].flatMap((region) => [`${region} core`, `${region} edge`]),
  );
  for (const { path, sha256, region, role } of nodeConfigs) {
    expect(assembly.sha256(path)).toBe(sha256);
    expect(checkNodeConfig(assembly.config(role, region).document)).toEqual([]);
  }
  expect(assembly.sha256(slotMap.path)).toBe(slotMap.sha256);
});

it('delivers a message from a Tokyo edge to a user homed and connected in Bangalore once, and again in the other direction', async () => {
  const edge = async (region: string) => await startEdge(region, `${region}-edge-0`, { local: true, authentication: OPEN });
  const [tokyo, bangalore] = [await edge('tokyo'), await edge('bangalore')];
  const [alice, bob] = [userHomedIn('tokyo'), userHomedIn('bangalore')];
  const sender = await IrisClient.connect({ addresses: [tokyo], user: alice });
  const reader = await IrisClient.connect({ addresses: [bangalore], user: bob });
  expect([sender.region, sender.getServerRegion(), reader.region]).toEqual(['tokyo', 'ap-northeast-1', 'bangalore']);

  const { durability } = await sender.send(bob, 'first');
  expect(durability).toBe('D2');
  expect(await readOne(reader)).toEqual([alice, 'first']);
  // Were the first one still there, a new session would read it before the second.
  await reader.close();
  const again = await IrisClient.connect({ addresses: [bangalore], user: bob });
  await sender.send(bob, 'second');
  expect(await readOne(again)).toEqual([alice, 'second']);

  await again.send(alice, 'back');
  expect(await readOne(sender)).toEqual([bob, 'back']);
  await Promise.all([sender.close(), again.close()]);
});

describe('an edge that asks for tokens as synthesized, told only where the keys are', () => {
  let at: string;
  let user: string;
  let claims: { iss: string; aud: string; sub: string; iat: number; exp: number };

  beforeAll(async () => {
    const keysPath = join(assembly.folder, 'token-keys.pem');
    writeFileSync(keysPath, keys.publicKey.export({ type: 'spki', format: 'pem' }));
    const { document } = assembly.config('edge', 'tokyo');
    if (document.role !== 'edge' || document.authentication.kind !== 'token') throw new Error('the synthesized edge asks for no token');
    const { issuer, audience } = document.authentication;
    user = userHomedIn('tokyo');
    const nowSeconds = Math.floor(Date.now() / 1_000);
    claims = { iss: issuer, aud: audience, sub: user, iat: nowSeconds, exp: nowSeconds + 600 };
    at = await startEdge('tokyo', 'tokyo-edge-1', { authentication: { keysPath } });
  }, 30_000);

  it('logs in a user with a token of the right key, and takes its message', async () => {
    const client = await IrisClient.connect({ addresses: [at], user, token: signed(claims, keys.privateKey) });
    expect(await client.send(user, 'to myself')).toMatchObject({ durability: 'D2', count: 1 });
    expect(await readOne(client)).toEqual([user, 'to myself']);
    await client.close();
  });

  it.each<[string, () => string | undefined, RegExp]>([
    ['no token', () => undefined, /no token/],
    ['noise', () => 'noise', /token is refused/],
    ['the token of another user', () => signed({ ...claims, sub: 'mallory' }, keys.privateKey), /for another user/],
    ['an expired token', () => signed({ ...claims, iat: claims.iat - 900, exp: claims.iat - 300 }, keys.privateKey), /expired/],
    ['the token of another issuer', () => signed({ ...claims, iss: 'https://elsewhere.example' }, keys.privateKey), /iss/],
    ['the token of another audience', () => signed({ ...claims, aud: 'elsewhere' }, keys.privateKey), /aud/],
    ['a token signed by another key', () => signed(claims, generateKeyPairSync('ed25519').privateKey), /signature/],
    ['an unsigned token', () => `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims)}.`, /token is refused/],
  ])('fails a login with %s as AUTHENTICATION_FAILED', async (_, tokenOf, reason) => {
    const token = tokenOf();
    const login = IrisClient.connect({ addresses: [at], user, ...(token === undefined ? {} : { token }) });
    await expect(login).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED', message: expect.stringMatching(reason) });
  });

  it('refuses to start where the overlay opens it to anyone but the machine is not said to be local (A1)', async () => {
    const start = startEdge('tokyo', 'tokyo-edge-2', { authentication: OPEN });
    await expect(start).rejects.toThrow(/CONFIG_INVALID: .*authentication.kind: none is allowed only where local is true/);
  });
});

async function readOne(client: IrisClient): Promise<[string, string]> {
  for await (const message of client.messages()) {
    client.ack(message);
    return [message.sender, message.text()];
  }
  throw new Error('the client ended before a message came');
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function signed(claims: object, key: KeyObject): string {
  const text = `${encoded({ alg: 'EdDSA', typ: 'JWT' })}.${encoded(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}
