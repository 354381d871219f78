/** F2, F3, L1-L4, D2q: a fleet of `iris up --engine distributed` on a real Kafka and a real Cassandra, all of which are killed with -9 under load. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { CassandraCluster } from '../../infra/local/engines/cassandra.ts';
import { KafkaCluster } from '../../infra/local/engines/kafka.ts';
import { RedisServers } from '../../infra/local/engines/redis.ts';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { migrateSchema } from '../../runtime/adapters/cql-migration.ts';
import { CqlSession } from '../../runtime/adapters/cql-session.ts';
import { namedMetrics } from '../../runtime/contract/node-metrics.ts';
import { runIris, startIris, writeDuo } from '../commands/run-iris.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { type FleetNode, LocalFleet } from '../scenarios/local-fleet.ts';
import { until } from '../servers/node-pair.ts';
import { TEST_CACHE } from '../services/test-cache.ts';
import { REDIS, requireTool } from '../services/tool.ts';
import { report, seeded, Traffic } from './traffic.ts';

requireTool(REDIS);
const folder = mkdtempSync(join(tmpdir(), 'iris-engines-'));
const REGIONS = ['tokyo', 'sao-paulo'];
const senders = Array.from({ length: 6 }, (_, i) => `sender-${i}`);
const readers = Array.from({ length: 6 }, (_, i) => `reader-${i}`);
/** Nobody reads for them until everything is back. */
const absent = Array.from({ length: 6 }, (_, i) => `absent-${i}`);
let kafka: KafkaCluster;
let cassandra: CassandraCluster;
let fleet: LocalFleet;
let traffic: Traffic;

beforeAll(async () => {
  [kafka, cassandra] = await Promise.all([
    KafkaCluster.start({ directory: join(folder, 'kafka'), cacheDirectory: TEST_CACHE }),
    CassandraCluster.start({ directory: join(folder, 'cassandra'), cacheDirectory: TEST_CACHE }),
  ]);
  const engines = ['--engine', 'distributed', '--kafka', kafka.addresses.join(), '--cql', cassandra.contactPoints.join()];
  const flags = [...engines, '--regions', REGIONS.join(), '--shrink', '--standby'];
  fleet = await LocalFleet.start('proof', await freePortRow(), { flags });
  traffic = new Traffic((user) => {
    const own = REGIONS[Number(user.split('-')[1]) % REGIONS.length] as string;
    return [own, ...REGIONS.filter((region) => region !== own)].flatMap((region) => fleet.edgesOf(region));
  });
  for (const sender of senders) await traffic.connect(sender);
  for (const reader of readers) await traffic.read(reader);
}, 180_000);
afterAll(async () => {
  await traffic?.close();
  await fleet?.stop();
  kafka?.killNow();
  cassandra?.killNow();
  await Promise.all([kafka?.stop(), cassandra?.stop()]);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

it('loses, doubles and turns round nothing while owners, Kafka and Cassandra are killed and come back', async () => {
  const stop = new AbortController();
  const running = traffic.run(seeded(), { from: senders, to: [...readers, ...absent], perSecond: 100, signal: stop.signal });
  await pause(3_000);
  const longestOf = () => Math.max(...traffic.latenciesMs.splice(0));
  longestOf();
  for (const core of ['tokyo-g0-a', 'sao-paulo-g0-a']) {
    while (!fleet.killNode(core)) await pause(50);
    await pause(3_000);
  }
  await pause(2_000);
  const killedCoresMs = longestOf();
  await kafka.killBroker(0);
  await pause(1_000);
  await kafka.startBroker(0);
  await pause(4_000);
  const killedKafkaMs = longestOf();
  await cassandra.killNode(0);
  await pause(1_000);
  await cassandra.startNode(0);
  await pause(3_000);
  stop.abort();
  await running;
  await traffic.settled();
  for (const user of absent) await traffic.read(user);
  await traffic.drained();
  report(
    `F2, F3 on Kafka and Cassandra: from send to receipt ${killedCoresMs.toFixed(0)} ms at most over kills of both owners, ${killedKafkaMs.toFixed(0)} ms over that of Kafka`,
  );
  traffic.judge('F2, F3 on Kafka and Cassandra');
  expect(killedCoresMs).toBeLessThan(10_000);
}, 180_000);

it('the fleet’s own Redis knows who is connected at its edges (R17)', async () => {
  const edge = fleet.nodes.find(({ role }) => role === 'edge') as FleetNode;
  await until(async () => (await fleet.metric(edge.id, 'iris_directory_up')) === 1, 'the edge has its directory', 20_000);
  expect((await runIris(['who', 'sender-0', '--state', fleet.state])).stdout).toMatch(/^sender-0 is connected in /);
});

it('nodes on engines name every metric of their table and no other (O1)', async () => {
  const namesOf = async (id: string) => {
    const { listen } = fleet.nodes.find((node) => node.id === id) as FleetNode;
    const text = await (await fetch(`http://${listen.admin}/metrics`, { headers: { connection: 'close' } })).text();
    return new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  };
  const owners = fleet.nodes.filter(({ role }) => role === 'core').map(({ id }) => id);
  const epochs = await Promise.all(owners.map((id) => fleet.metric(id, 'iris_owner_epoch')));
  const owner = owners[epochs.findIndex((epoch) => epoch > 0)] as string;
  const edge = (fleet.nodes.find(({ role }) => role === 'edge') as FleetNode).id;
  expect(await namesOf(owner)).toEqual(new Set(namedMetrics('core', ['engines'])));
  expect(await namesOf(edge)).toEqual(new Set(namedMetrics('edge', ['directory'])));
});

describe('servers that are named and wrong end iris up with one line, before a node starts (X1)', () => {
  const open: { close(): void }[] = [];
  let web: string;
  let secret: RedisServers;
  beforeAll(async () => {
    const server = createServer(
      (socket) => void socket.on('error', () => undefined).on('data', () => socket.end('HTTP/1.1 400 no\r\n\r\n')),
    );
    open.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    web = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    secret = await RedisServers.start({ mode: 'single', directory: join(folder, 'secret'), password: 'correct-horse' });
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.addresses, retries: 0 });
    await admin.createTopics({ topics: ['iris.growth.tokyo-g0'], partitions: 2, replicas: 1 });
    await admin.close();
    const contactPoints = [...cassandra.contactPoints];
    const settings = { contactPoints, dataCentre: 'dc1', keyspace: 'iris_planet', tls: false };
    await migrateSchema({ settings, replication: { dc1: 1 }, clock: systemClock, done: () => undefined });
    const session = await CqlSession.connect({ settings, clock: systemClock });
    await session.write([{ query: "UPDATE iris_planet.schema_state SET version = 99, oldest = 98 WHERE name = 'schema'", params: [] }], 99);
    await session.close();
  }, 60_000);
  afterAll(async () => {
    for (const one of open) one.close();
    await secret?.stop();
  });

  const named = (flags: { kafka?: string; cql?: string; redis?: string }) => {
    const { kafka: brokers = kafka.addresses.join(), cql = cassandra.contactPoints.join(), redis } = flags;
    return ['--engine', 'distributed', '--kafka', brokers, '--cql', cql, ...(redis === undefined ? [] : ['--redis', redis])];
  };
  const fleetRedisPort = () =>
    (JSON.parse(readFileSync(join(fleet.state, 'engines/redis/single-ports.json'), 'utf8')) as Record<string, number>)['node-1'];
  it('says what is named, what is wrong with it and what to do', async () => {
    const cases = [
      ['no CQL store', 'proof', named({ cql: '127.0.0.1:1' }), /ENGINE_UNAVAILABLE.*127\.0\.0\.1:1/],
      ['no broker', 'proof', named({ kafka: '127.0.0.1:1' }), /ENGINE_UNAVAILABLE.*kafka at 127\.0\.0\.1:1/],
      ['a broker that is something else', 'proof', named({ kafka: web }), /ENGINE_UNAVAILABLE.*kafka at 127/],
      [
        'a topic of two partitions',
        'growth',
        named({}),
        /ENGINE_INVALID.*topic iris\.growth\.tokyo-g0 has 2 partitions, 1 is wanted; change it/,
      ],
      ['a keyspace of a later release', 'planet', named({}), /ENGINE_INVALID.*keyspace iris_planet has schema version 99.*use the release/],
      ['no Redis', 'proof', named({ redis: '127.0.0.1:1' }), /ENGINE_UNAVAILABLE.*Redis at 127\.0\.0\.1:1 does not answer/],
      ['a Redis that is something else', 'proof', named({ redis: web }), /ENGINE_INVALID.*not as Redis does; check host and port/],
      [
        'a Redis that wants a login',
        'proof',
        named({ redis: secret.addresses.join() }),
        /ENGINE_INVALID.*one has a password and the other none/,
      ],
      [
        'a Redis that is no cluster',
        'proof',
        named({ redis: `cluster:127.0.0.1:${fleetRedisPort()}` }),
        /ENGINE_INVALID.*it is no cluster; set mode to single/,
      ],
    ] as const;
    const runs = cases.map(async ([what, environment, flags, said], index) => {
      const place = ['--state', join(folder, `wrong-${index}`), '--base-port', String(await freePortRow())];
      const { code, stderr } = await runIris(['up', environment, '--shrink', '--regions', 'tokyo', ...flags, ...place], { cwd: folder });
      expect([what, code, stderr]).toEqual([what, 1, expect.stringMatching(said)]);
      expect(stderr).not.toMatch(/bundle|correct-horse/);
    });
    await Promise.all(runs);
  }, 180_000);

  it('a missing redis-server is one line with its install command', async () => {
    const tools = mkdtempSync(join(folder, 'path-'));
    symlinkSync('/bin/sh', join(tools, 'sh'));
    const { code, stderr } = await runIris(['up', 'proof', '--engine', 'distributed'], { cwd: folder, env: { PATH: tools } });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/ENGINE_UNAVAILABLE.*redis-server is not on this machine; install it: apt-get install redis-server/),
    ]);
  });
});

it('iris migrate, killed once, moves an embedded fleet: all is read once and in order, and no group is copied over what is there', async () => {
  const environment = writeDuo(folder);
  const state = join(folder, 'duo');
  const port = await freePortRow();
  const engines = ['--kafka', kafka.addresses.join(), '--cql', cassandra.contactPoints.join()];
  let duo = await LocalFleet.start(environment, port, { state });
  const moved = new Traffic((user) => duo.edgesOf(Number(user.split('-')[1]) % 2 === 0 ? 'north' : 'south'));
  try {
    for (const sender of senders) await moved.connect(sender);
    await moved.read('reader-0');
    expect((await runIris(['promote', 'absent-0', '--buckets', '2', '--state', state])).code).toBe(0);
    const stop = new AbortController();
    const running = moved.run(seeded(), { from: senders, to: ['reader-0', ...absent], perSecond: 400, signal: stop.signal });
    await pause(2_500);
    stop.abort();
    await running;
    await moved.settled();
    await duo.stop({ keepState: true });
    const migrate = ['migrate', environment, '--to', 'distributed', '--state', state, ...engines];
    const first = startIris(migrate);
    await first.line('stderr', /copy south-g0/);
    first.child.kill('SIGKILL');
    await first.ended;
    const between = await runIris(['up', environment, '--state', state]);
    expect([between.code, between.stderr]).toEqual([1, expect.stringMatching(/half migrated; finish with iris migrate/)]);
    const startMs = performance.now();
    const { code, stdout, stderr } = await runIris([...migrate, '--json']);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    report(`migrated in ${(performance.now() - startMs).toFixed(0)} ms: ${stdout}`);
    duo = await LocalFleet.start(environment, port, { state, flags: ['--engine', 'distributed', ...engines] });
    for (const sender of senders) for (const reader of absent) moved.send(sender, reader);
    for (const reader of absent) await moved.read(reader);
    await moved.drained();
    moved.judge('migrated to Kafka and Cassandra');
  } finally {
    await moved.close();
    await duo.stop({ keepState: true });
  }
  renameSync(join(state, 'store-before-migration'), join(state, 'store'));
  const again = async () => {
    const { code, stderr } = await runIris(['migrate', environment, '--to', 'distributed', '--state', state, ...engines]);
    return [code, stderr];
  };
  const refused = (why: string) => [1, expect.stringMatching(new RegExp(`ENGINE_INVALID.*north-g0 ${why} there.*drop keyspace iris_duo`))];
  expect(await again()).toEqual(refused('was last served by north-g0-a'));
  const contactPoints = [...cassandra.contactPoints];
  const settings = { contactPoints, dataCentre: 'dc1', keyspace: 'iris_duo', tls: false };
  const session = await CqlSession.connect({ settings, clock: systemClock });
  await session.define('DROP KEYSPACE iris_duo', 30_000);
  await session.close();
  // The log is still there: neither now, nor when it is tried again.
  const unknown = /ENGINE_INVALID.*topic iris\.duo\.north-g0 holds batches of which keyspace iris_duo knows nothing: .*delete the topic/;
  for (let tries = 0; tries < 2; tries++) expect(await again()).toEqual([1, expect.stringMatching(unknown)]);
}, 150_000);
