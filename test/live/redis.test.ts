/** R15, R17, R18, D8: the session directory on a real Redis, one server, a cluster and behind sentinels; what it loses comes back, and nothing waits for it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisMode, RedisServers } from '../../infra/local/engines/redis.ts';
import { systemClock, systemRandom } from '../../runtime/adapters/clock-system.ts';
import { RedisRateLimits } from '../../runtime/adapters/rate-limits-redis.ts';
import { checkRedis } from '../../runtime/adapters/redis/redis-check.ts';
import { RedisConnection } from '../../runtime/adapters/redis/redis-connection.ts';
import { RedisSessionDirectory } from '../../runtime/adapters/session-directory-redis.ts';
import { DIRECTORY_BEAT_MS, DIRECTORY_NODE_TTL_MS, DIRECTORY_TOKEN_MS, RATE_SYNC_MS } from '../../runtime/contract/limits.ts';
import { redisSettings } from '../../runtime/contract/redis-settings.ts';
import { describeSessionDirectoryContract } from '../contract/session-directory-contract.ts';
import { MemoryTelemetry } from '../fakes/memory-telemetry.ts';
import { until } from '../servers/node-pair.ts';
import { makeCertificate } from '../services/kafka.ts';
import { REDIS, requireTool } from '../services/tool.ts';

requireTool(REDIS);
const folder = mkdtempSync(join(tmpdir(), 'iris-redis-'));
const PASSWORD = 'correct-horse';
const servers = new Map<RedisMode, RedisServers>();
const open = new Set<RedisSessionDirectory>();
let edges = 0;

beforeAll(async () => {
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify({ username: 'default', password: PASSWORD }));
  writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ username: 'default', password: 'battery-staple' }));
  const started = (['single', 'cluster', 'sentinel'] as const).map((mode) =>
    RedisServers.start({ mode, directory: join(folder, mode), ...(mode === 'single' ? { password: PASSWORD } : {}) }),
  );
  for (const redis of await Promise.all(started)) servers.set(redis.mode, redis);
});
afterAll(async () => {
  await Promise.all([...open].map((edge) => edge.close()));
  await Promise.all([...servers.values()].map((redis) => redis.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function redisOf(mode: RedisMode): RedisServers {
  return servers.get(mode) as RedisServers;
}

async function edgeOf(mode: RedisMode, fields: { environment?: string; credentials?: string; addresses?: readonly string[] } = {}) {
  const { environment = 'unit', credentials = 'credentials.json', addresses = redisOf(mode).addresses } = fields;
  const telemetry = new MemoryTelemetry();
  const login = mode === 'single' ? { login: { kind: 'password', credentialsPath: join(folder, credentials) } } : {};
  const settings = { ...redisSettings.parse({ mode, addresses, ...login }), addresses };
  const parts = { clock: systemClock, random: systemRandom, telemetry };
  const connection = await RedisConnection.open({ ...parts, settings });
  const directory = new RedisSessionDirectory({ ...parts, connection, environment, region: 'tokyo', node: `edge-${edges++}` });
  open.add(directory);
  return { directory, telemetry };
}

/** host:port of whom the sentinels call the primary. */
async function primaryOf(redis: RedisServers): Promise<string> {
  return (await redis.command('sentinel-1', 'sentinel', 'get-master-addr-by-name', 'iris')).replace('\n', ':');
}

async function upEdge(mode: RedisMode, environment?: string) {
  const edge = await edgeOf(mode, environment === undefined ? {} : { environment });
  await until(() => edge.telemetry.value('iris_directory_up') === 1, 'the edge is connected');
  return edge;
}

describe.each(['single', 'cluster', 'sentinel'] as const)('Redis as %s', (mode) => {
  describeSessionDirectoryContract(`the directory on Redis, ${mode},`, async () => {
    const pair = await Promise.all([upEdge(mode), upEdge(mode)]);
    return { edges: pair.map(({ directory }) => directory), dispose: () => Promise.resolve() };
  });

  it('a server that dies and comes back, or is followed by its copy, has everything again within 5 s; nothing waited for it', async () => {
    const environment = `lost-${mode}`;
    const [here, there] = [await upEdge(mode, environment), await upEdge(mode, environment)];
    const users = Array.from({ length: 500 }, (_, i) => `user-${i}`);
    const login = (user: string, loginStamp: number) => ({ user, loginStamp, protocol: 'v2.4', device: '00', sinceMs: 1 });
    const entries = users.map((user) => here.directory.enter(login(user, 1), { replaced: () => undefined }));
    const isKnown = async (user: string, stamp: number | undefined) =>
      (await there.directory.find(user).catch(() => undefined))?.loginStamp === stamp;
    const everyone = async (from: number, stamp: number | undefined) =>
      (await Promise.all(users.slice(from).map((user) => isKnown(user, stamp)))).every(Boolean);
    await until(() => everyone(0, 1), 'all are known');
    const words = new Map<string, boolean | undefined>();
    const hearing = [...users.slice(200, 300), 'late'].map((user) => there.directory.watch(user, (isOnline) => words.set(user, isOnline)));
    const isHeard = (from: number, to: number, isOnline: boolean) => users.slice(from, to).every((user) => words.get(user) === isOnline);
    await until(() => isHeard(200, 300, true), 'all are heard of');

    await redisOf(mode).kill('node-1');
    // Half of them leave, and others come, while it is away: neither waits.
    const startMs = performance.now();
    for (const entry of entries.slice(0, 250)) entry.leave();
    const late = here.directory.enter(login('late', 2), { replaced: () => undefined });
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    // Behind sentinels its copy takes over; elsewhere it has lost everything it knew.
    if (mode !== 'sentinel') await redisOf(mode).restart('node-1');
    await until(
      () => there.telemetry.value('iris_directory_up') === 1 && here.telemetry.value('iris_directory_up') === 1,
      'both are connected',
      30_000,
    );
    const healedMs = performance.now();
    await until(async () => (await everyone(250, 1)) && (await isKnown('late', 2)), 'all are known again', 20_000);
    await until(
      async () => (await Promise.all(users.slice(0, 250).map((user) => isKnown(user, undefined)))).every(Boolean),
      'who left is gone',
      20_000,
    );
    process.stderr.write(`redis ${mode}: right again ${Math.round(performance.now() - healedMs)} ms after it was back\n`);
    expect(performance.now() - healedMs).toBeLessThan(5_000);
    await until(() => isHeard(200, 250, false) && isHeard(250, 300, true) && words.get('late') === true, 'who watches hears it', 20_000);
    process.stderr.write(`redis ${mode}: watchers right ${Math.round(performance.now() - healedMs)} ms after it was back\n`);
    for (const watch of hearing) watch.stop();
    expect(here.telemetry.count('directory-failed')).toBeLessThan(10);
    late.leave();
    if (mode === 'sentinel') await redisOf(mode).restart('node-1');
  });
});

it('in a cluster a watched user is heard of at the node of its slot, and at no other (R15)', async () => {
  const redis = redisOf('cluster');
  const { directory } = await upEdge('cluster', 'sharded');
  const users = Array.from({ length: 30 }, (_, i) => `user-${i}`);
  const watches = users.map((user) => directory.watch(user, () => undefined));
  const channels = async () => {
    const said = await Promise.all(redis.names.map((node) => redis.command(node, 'pubsub', 'shardchannels')));
    return said.map((text) => text.split('\n').filter((line) => line.includes(':sharded:')).length);
  };
  await until(async () => (await channels()).reduce((sum, count) => sum + count, 0) === users.length, 'each is heard at one node');
  expect((await channels()).filter((count) => count > 0).length).toBeGreaterThan(1);
  for (const watch of watches) watch.stop();
  await until(async () => (await channels()).every((count) => count === 0), 'nothing is heard any more');
});

it('an edge that dies takes its sessions with it, and those it had are free to be taken by an earlier stamp', async () => {
  const [dead, living] = [await upEdge('single', 'death'), await upEdge('single', 'death')];
  const login = { user: 'alice', protocol: 'v1', device: '00', sinceMs: 1 };
  dead.directory.enter({ ...login, loginStamp: 9_000 }, { replaced: () => undefined });
  await until(async () => (await living.directory.find('alice')) !== undefined, 'alice is known');
  const words: (boolean | undefined)[] = [];
  living.directory.watch('alice', (isOnline) => words.push(isOnline));
  await until(() => words.at(-1) === true, 'alice is heard of');
  // As after kill -9: no leave, no close.
  (dead.directory as unknown as { parts: { connection: RedisConnection } }).parts.connection.close();
  const startMs = performance.now();
  await until(async () => (await living.directory.find('alice')) === undefined, 'alice is gone', 10_000);
  expect(performance.now() - startMs).toBeLessThan(DIRECTORY_NODE_TTL_MS + 1_000);
  await until(() => words.at(-1) === false, 'who watches hears it by expiry', 10_000);
  // At the next look at the edges.
  expect(performance.now() - startMs).toBeLessThan(DIRECTORY_NODE_TTL_MS + DIRECTORY_BEAT_MS + 3_000);
  living.directory.enter({ ...login, loginStamp: 8_000 }, { replaced: () => undefined });
  const third = await upEdge('single', 'death');
  await until(async () => (await third.directory.find('alice'))?.loginStamp === 8_000, 'the living one holds it');
});

it.each([
  [
    'a wrong password',
    () => edgeOf('single', { credentials: 'wrong.json' }),
    'ENGINE_INVALID',
    /refuses the login; check the user and password/,
  ],
  [
    'a server of another kind',
    async () => edgeOf('cluster', { addresses: [await primaryOf(redisOf('sentinel'))] }),
    'ENGINE_INVALID',
    /it is no cluster; set mode to single/,
  ],
  ['no server', () => edgeOf('sentinel', { addresses: ['127.0.0.1:1'] }), 'ENGINE_UNAVAILABLE', /127.0.0.1:1 does not answer/],
] as const)('%s is one line that names it and the remedy, without the password', async (_, openEdge, code, reason) => {
  const { directory, telemetry } = await openEdge();
  await until(() => telemetry.count('directory-failed') > 0, 'it is told');
  const [line] = telemetry.lines.filter(({ event }) => event === 'directory-failed');
  expect([line?.fields['code'], String(line?.fields['reason'])]).toEqual([code, expect.stringMatching(reason)]);
  expect(JSON.stringify(telemetry.lines)).not.toContain('battery-staple');
  await expect(directory.find('nobody')).rejects.toMatchObject({ name: 'IrisError' });
});

describe('Redis over TLS', () => {
  let redis: RedisServers;
  let caPath: string;
  const place = join(folder, 'tls');
  const optionsOf = (fields: object) => {
    const credentialsPath = join(folder, 'credentials.json');
    const settings = { addresses: redis.tlsAddresses, tls: true, login: { kind: 'password', credentialsPath }, ...fields };
    return { ...redisSettings.parse(settings), addresses: (settings as { addresses: string[] }).addresses };
  };
  const check = (fields: object) => checkRedis(optionsOf(fields), { clock: systemClock, timeoutMs: 20_000 });

  beforeAll(async () => {
    mkdirSync(place);
    const made = makeCertificate(place);
    caPath = made.caPath;
    redis = await RedisServers.start({ mode: 'single', directory: join(place, 'redis'), password: PASSWORD, tls: made });
  });
  afterAll(() => redis.stop());

  it('an edge that knows the authority tells it who is connected, and hears of it again after a kill', async () => {
    await check({ caPath });
    const parts = { clock: systemClock, random: systemRandom, telemetry: new MemoryTelemetry() };
    const edge = async (node: string) => {
      const connection = await RedisConnection.open({ ...parts, settings: optionsOf({ caPath }) });
      const directory = new RedisSessionDirectory({ ...parts, connection, environment: 'tls', region: 'tokyo', node });
      open.add(directory);
      return directory;
    };
    const [here, there] = [await edge('here'), await edge('there')];
    const isKnown = async () => (await there.find('alice').catch(() => undefined))?.loginStamp === 1;
    here.enter({ user: 'alice', loginStamp: 1, protocol: 'v2.4', device: '00', sinceMs: 1 }, { replaced: () => undefined });
    await until(isKnown, 'alice is known', 20_000);
    await redis.kill('node-1');
    await redis.restart('node-1');
    await until(isKnown, 'alice is known again', 20_000);
  });

  it.each([
    ['no authority named', () => ({}), /shows a certificate that is not trusted; name who signs it with `caPath`/],
    ['another authority', () => ({ caPath: otherAuthority() }), /shows a certificate that is not trusted/],
    ['no CA file', () => ({ caPath: join(place, 'nothing.pem') }), /caPath: .*nothing\.pem cannot be read/],
  ] as const)('%s is ENGINE_INVALID in one line with the remedy', async (_, fields, said) => {
    await expect(check(fields())).rejects.toMatchObject({ code: 'ENGINE_INVALID', message: expect.stringMatching(said) });
  });

  it.each([
    ['TLS only, spoken to in plain text', () => optionsOf({ tls: false }), 500, /if it goes on and it speaks TLS only, set `tls`/],
    [
      'plain text only, spoken to in TLS',
      () => optionsOf({ caPath, addresses: redis.addresses }),
      3_000,
      /name its TLS port, or leave out `tls`/,
    ],
  ] as const)('%s, says so', async (_, settings, timeoutMs, said) => {
    const refused = checkRedis(settings(), { clock: systemClock, timeoutMs });
    await expect(refused).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: expect.stringMatching(said) });
  });

  function otherAuthority(): string {
    const other = join(place, 'other');
    mkdirSync(other);
    return makeCertificate(other).caPath;
  }
});

describe.each(['single', 'cluster'] as const)('a login that changes, as of IAM, on Redis %s', (mode) => {
  it('open connections log in with the next token, later ones too, and nothing is lost', async () => {
    const redis = redisOf(mode);
    const everywhere = (...words: string[]) => Promise.all(redis.names.map((name) => redis.command(name, ...words)));
    await everywhere('acl', 'setuser', 'node', 'reset', 'on', '>token-1', '>token-2', '~*', '&*', '+@all');
    let tokens = 0;
    // Ten minutes are half a second here.
    const after: typeof systemClock.after = (ms, callback) => systemClock.after(ms === DIRECTORY_TOKEN_MS ? 500 : ms, callback);
    const parts = { clock: { ...systemClock, after }, random: systemRandom, telemetry: new MemoryTelemetry() };
    const login = { kind: 'iam' as const, user: 'node', cacheName: 'cache', awsRegion: 'eu-west-1' };
    const settings = { mode, addresses: redis.addresses, primary: 'iris', tls: false, login };
    const connection = await RedisConnection.open({ ...parts, settings, token: async () => (tokens++ === 0 ? 'token-1' : 'token-2') });
    const directory = new RedisSessionDirectory({ ...parts, connection, environment: 'token', region: 'tokyo', node: `edge-${edges++}` });
    open.add(directory);
    const other = await upEdge(mode, 'token');
    await until(() => connection.isUp && tokens > 1, 'it is connected, and has its second token');
    await everywhere('acl', 'setuser', 'node', 'resetpass', '>token-2');
    await everywhere('client', 'kill', 'user', 'node');
    directory.enter({ user: 'alice', loginStamp: 1, protocol: 'v1', device: '00', sinceMs: 1 }, { replaced: () => undefined });
    await until(async () => (await other.directory.find('alice')) !== undefined, 'what it tells is known', 10_000);
    expect(await everywhere('acl', 'whoami')).not.toContain('');
    expect((await everywhere('client', 'list')).join('\n')).toMatch(/user=node/);
  });
});

describe.each(['single', 'cluster'] as const)('rate limits over two edges on Redis %s', (mode) => {
  it('a user at both edges has one minute; what a second holds may pass it (D11)', async () => {
    const parts = {
      clock: systemClock,
      telemetry: new MemoryTelemetry(),
      environment: `rates-${mode}`,
      region: 'tokyo',
      rates: { messages: 100 },
    };
    const login = mode === 'single' ? { login: { kind: 'password' as const, credentialsPath: join(folder, 'credentials.json') } } : {};
    const { addresses } = redisOf(mode);
    const settings = { ...redisSettings.parse({ mode, addresses, ...login }), addresses };
    const connections = await Promise.all([1, 2].map(() => RedisConnection.open({ ...parts, settings })));
    const [here, there] = connections.map((connection) => new RedisRateLimits({ ...parts, connection })) as [
      RedisRateLimits,
      RedisRateLimits,
    ];
    await until(() => connections.every(({ isUp }) => isUp), 'both are connected');
    const taken = (rates: RedisRateLimits, count: number) =>
      Array.from({ length: count }, () => rates.take('messages', 'alice')).filter((waitMs) => waitMs === 0).length;
    const keys = async () =>
      (await Promise.all(redisOf(mode).names.map((name) => redisOf(mode).command(name, 'keys', `*rates-${mode}*`)))).join('');
    expect(taken(here, 60)).toBe(60);
    await until(async () => (await keys()).includes('alice'), 'the first edge has told');
    expect(taken(there, 20)).toBe(20);
    // It tells within a second, and is told of the first.
    await new Promise((resolve) => setTimeout(resolve, 2.5 * RATE_SYNC_MS));
    // The first has not heard of the second until it counts again.
    const rest = taken(there, 100);
    expect([rest, taken(here, 100) <= 40]).toEqual([20, true]);
    await until(() => here.waitMs('messages', 'alice') > 0, 'both refuse');
    for (const rates of [here, there]) rates.close();
    for (const connection of connections) connection.close();
  });
});
