/**
 * Engines that want TLS and logins (A9, A13, X1): what is wrong is told before a node starts, `iris migrate` and `iris up` run on them, and logins and
 * authorities change under load while nothing is lost (L1, F21).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CassandraCluster } from '../../infra/local/engines/cassandra.ts';
import { KafkaCluster } from '../../infra/local/engines/kafka.ts';
import { RedisServers } from '../../infra/local/engines/redis.ts';
import { systemClock as clock } from '../../runtime/adapters/clock-system.ts';
import { CqlSession } from '../../runtime/adapters/cql-session.ts';
import { runIris, startIris, writeDuo } from '../commands/run-iris.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { type FleetNode, LocalFleet } from '../scenarios/local-fleet.ts';
import { until } from '../servers/node-pair.ts';
import { makeCertificate } from '../services/kafka.ts';
import { TEST_CACHE } from '../services/test-cache.ts';
import { REDIS, requireTool } from '../services/tool.ts';
import { seeded, Traffic } from './traffic.ts';

requireTool(REDIS);
const folder = mkdtempSync(join(tmpdir(), 'iris-logins-'));
const at = (name: string) => join(folder, name);
const state = at('state');
const KEY_STORE_PASSWORD = 'changeit';
/** The first login of each engine, and the one that follows it. */
const FIRST = { username: 'core', password: 'correct-horse' };
const SECOND = { username: 'core2', password: 'battery-staple' };
const WRONG = 'wrong-horse';
const senders = Array.from({ length: 6 }, (_, i) => `sender-${i}`);
const readers = Array.from({ length: 6 }, (_, i) => `reader-${i}`);
const absent = Array.from({ length: 4 }, (_, i) => `absent-${i}`);
const told: string[] = [];
let kafka: KafkaCluster;
let cassandra: CassandraCluster;
let redis: RedisServers;
let environment: string;
let stores: string[];
let port: number;

/** As a whole, as a secret store would. */
function put(name: string, content: string): void {
  writeFileSync(at(`${name}.new`), content);
  renameSync(at(`${name}.new`), at(name));
}
const putLogin = (login: typeof FIRST) => put('login.json', JSON.stringify(login));

/** A certificate that is its own authority, in a folder: what servers show from their next start on, when it is installed. */
function certificate(name: string) {
  mkdirSync(at(name));
  const { keyPath, caPath } = makeCertificate(at(name));
  const p12 = join(at(name), 'node.p12');
  execFileSync('openssl', ['pkcs12', '-export', '-in', keyPath, '-out', p12, '-passout', `pass:${KEY_STORE_PASSWORD}`], {
    stdio: 'ignore',
  });
  return {
    authority: readFileSync(caPath, 'utf8'),
    install() {
      copyFileSync(keyPath, at('server.pem'));
      copyFileSync(p12, at('node.p12'));
    },
  };
}

async function asRoot(work: (session: CqlSession) => Promise<void>): Promise<void> {
  const settings = { contactPoints: cassandra.contactPoints, dataCentre: 'dc1', keyspace: 'system', tls: true, caPath: at('ca.pem') };
  const session = await CqlSession.connect({ settings: { ...settings, credentialsPath: at('root.json') }, clock });
  try {
    await work(session);
  } finally {
    await session.close();
  }
}
const roleOf = ({ username, password }: typeof FIRST) =>
  asRoot((session) =>
    session.define(`CREATE ROLE ${username} WITH PASSWORD = '${password}' AND LOGIN = true AND SUPERUSER = true`, 30_000),
  );

const first = certificate('first');
beforeAll(async () => {
  first.install();
  put('ca.pem', first.authority);
  put('root.json', JSON.stringify({ username: 'cassandra', password: 'cassandra' }));
  putLogin(FIRST);
  environment = writeDuo(folder);
  const tls = { keyStorePath: at('node.p12'), keyStorePassword: KEY_STORE_PASSWORD };
  const shared = { cacheDirectory: TEST_CACHE };
  [kafka, cassandra, redis] = await Promise.all([
    KafkaCluster.start({ ...shared, directory: at('kafka'), security: { keyPath: at('server.pem'), user: FIRST } }),
    CassandraCluster.start({ ...shared, directory: at('cassandra'), hasLogin: true, tls }),
    RedisServers.start({
      mode: 'single',
      directory: at('redis'),
      password: 'of-nobody',
      tls: { keyPath: at('server.pem'), caPath: at('ca.pem') },
    }),
  ]);
  await Promise.all([roleOf(FIRST), redisUser(FIRST)]);
  stores = ['--kafka', kafka.secureAddresses.join(), '--cql', cassandra.contactPoints.join()];
  const access = (changed: object = {}) => ({ credentials: 'login.json', ca: 'ca.pem', ...changed });
  put('access.json', JSON.stringify({ kafka: access(), cql: access(), redis: access() }));
  port = await freePortRow();
}, 180_000);
afterAll(async () => {
  kafka?.killNow();
  cassandra?.killNow();
  await Promise.all([kafka?.stop(), cassandra?.stop(), redis?.stop()]);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const redisUser = ({ username, password }: typeof FIRST) =>
  redis.command('node-1', 'acl', 'setuser', username, 'on', `>${password}`, '~*', '&*', '+@all');
const fleetFlags = (access: string) => ['--engine', 'distributed', ...stores, '--redis', redis.tlsAddresses.join(), '--access', at(access)];

it('a wrong password or authority of each engine ends iris up with one line, before a node starts, and without the password (X1)', async () => {
  const { authority } = certificate('strange');
  put('strange.pem', authority);
  put('wrong.json', JSON.stringify({ ...FIRST, password: WRONG }));
  const right = { credentials: 'login.json', ca: 'ca.pem' };
  const [password, ca] = [{ credentials: 'wrong.json' }, { ca: 'strange.pem' }];
  const cases: [string, object, RegExp][] = [
    ['kafka', password, /kafka at \S+ refuses the login; check user and password/],
    ['cql', password, /CQL store at \S+ refuses the login of \S+wrong\.json; check its username and password/],
    ['redis', password, /Redis at \S+ answers, but it refuses the login; check the user and password/],
    ['kafka', ca, /kafka at \S+ shows a certificate that is not trusted .*caPath/],
    ['cql', ca, /CQL store at \S+ shows a certificate that \S+strange\.pem has not signed/],
    ['redis', ca, /Redis at \S+ shows a certificate that is not trusted; name who signs it with `caPath`/],
  ];
  const runs = cases.map(async ([engine, mistake, said], index) => {
    put(`mistaken-${index}.json`, JSON.stringify({ kafka: right, cql: right, redis: right, [engine]: { ...right, ...mistake } }));
    const place = ['--state', at(`mistaken-${index}`), '--base-port', String(port)];
    const { code, stdout, stderr } = await runIris(['up', environment, ...fleetFlags(`mistaken-${index}.json`), ...place]);
    const lines = stderr.split('\n').filter((line) => line.includes('ENGINE_'));
    expect([engine, mistake, code, lines]).toEqual([
      engine,
      mistake,
      1,
      [expect.stringMatching(new RegExp(`ENGINE_INVALID: .*${said.source}`))],
    ]);
    told.push(stdout, stderr);
  });
  await Promise.all(runs);
}, 120_000);

it('iris migrate --access, killed once, moves a fleet there; its login and its authority change under load, and nothing is lost (L1, F21)', async () => {
  let fleet = await LocalFleet.start(environment, port, { state });
  const traffic = new Traffic((user) => fleet.edgesOf(Number(user.split('-')[1]) % 2 === 0 ? 'north' : 'south'));
  const sending = async (perSecond: number, work: () => Promise<void>) => {
    const stop = new AbortController();
    const running = traffic.run(seeded(), { from: senders, to: [...readers, ...absent], perSecond, signal: stop.signal });
    await work().finally(() => stop.abort());
    await running;
    await traffic.settled();
  };
  try {
    for (const sender of senders) await traffic.connect(sender);
    for (const reader of readers) await traffic.read(reader);
    await sending(200, () => pause(2_000));
    await fleet.stop({ keepState: true });
    const migrate = ['migrate', environment, '--to', 'distributed', '--state', state, ...stores, '--access', at('access.json')];
    const killed = startIris(migrate);
    await killed.line('stderr', /copy south-g0/);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const { code, stdout, stderr } = await runIris(migrate);
    told.push(stdout, stderr);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    fleet = await LocalFleet.start(environment, port, { state, flags: fleetFlags('access.json') });
    await sending(60, async () => {
      await pause(1_000);
      await rotateLogins();
      await rotateAuthority(fleet, traffic);
    });
    for (const user of absent) await traffic.read(user);
    await traffic.drained();
    traffic.judge('F21, logins and authorities change on Kafka, Cassandra and Redis');
  } finally {
    await traffic.close();
    await fleet.stop({ keepState: true });
  }
  const written = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  told.push(...written.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')));
  expect(written.some(({ name }) => name.endsWith('.log'))).toBe(true);
  for (const secret of [FIRST.password, SECOND.password, WRONG]) expect(told.filter((text) => text.includes(secret))).toEqual([]);
}, 300_000);

/** As docs/operations.md says it: a second user, the file, until nobody is connected as the first one, which is let in no more. */
async function rotateLogins(): Promise<void> {
  await Promise.all([kafka.setUser(SECOND), roleOf(SECOND), redisUser(SECOND)]);
  putLogin(SECOND);
  const isGone = async () =>
    !(await storeUsers()).includes(FIRST.username) &&
    !(await redis.command('node-1', 'client', 'list')).includes(`user=${FIRST.username} `);
  await until(isGone, 'nodes log in as the second user', 60_000);
  await Promise.all([
    kafka.setUser({ ...FIRST, password: 'nobody-knows-it' }),
    asRoot(async (session) => await session.define(`DROP ROLE ${FIRST.username}`, 30_000)),
    redis.command('node-1', 'acl', 'deluser', FIRST.username),
  ]);
}

/** Both are trusted; servers show the new certificate from their next start on; the new one alone is trusted, also by cores that start then. */
async function rotateAuthority(fleet: LocalFleet, traffic: Traffic): Promise<void> {
  const second = certificate('second');
  put('ca.pem', `${first.authority}${second.authority}`);
  second.install();
  await Promise.all([restartKafka(), restartCassandra(), restartRedis()]);
  await goesOn(traffic);
  put('ca.pem', second.authority);
  for (const { id } of fleet.nodes.filter(({ role }) => role === 'core')) await until(() => fleet.killNode(id), `${id} is there`, 60_000);
  await restartRedis();
  await goesOn(traffic);
  const edges = fleet.nodes.filter(({ role }) => role === 'edge');
  const isUp = async ({ id }: FleetNode) => (await fleet.metric(id, 'iris_directory_up')) === 1;
  await until(async () => (await Promise.all(edges.map(isUp))).every(Boolean), 'edges have their directory', 60_000);
}

/** Who is connected to Cassandra. */
async function storeUsers(): Promise<string[]> {
  const users: string[] = [];
  await asRoot(async (session) => {
    for await (const rows of session.readAll('SELECT username FROM system_views.clients', [], 100))
      users.push(...rows.map((row) => String(row['username'])));
  });
  return users;
}

async function goesOn(traffic: Traffic): Promise<void> {
  const before = traffic.history.acknowledgedCount;
  await until(() => traffic.history.acknowledgedCount > before + 20, 'messages are acknowledged', 90_000);
}
async function restartKafka(): Promise<void> {
  await kafka.killBroker(0);
  await kafka.startBroker(0);
}
async function restartCassandra(): Promise<void> {
  await cassandra.killNode(0);
  await cassandra.startNode(0);
}
async function restartRedis(): Promise<void> {
  await redis.kill('node-1');
  await redis.restart('node-1');
  // Its users are in its memory alone.
  await redisUser(SECOND);
}
