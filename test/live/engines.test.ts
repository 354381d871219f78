/** F2, F3, L1-L4, D2q: a fleet of `iris up --engine distributed` on a real Kafka and a real Cassandra, all of which are killed with -9 under load. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CassandraCluster } from '../../infra/local/engines/cassandra.ts';
import { KafkaCluster } from '../../infra/local/engines/kafka.ts';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { CqlSession } from '../../runtime/adapters/cql-session.ts';
import { runIris, startIris, writeDuo } from '../commands/run-iris.ts';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { LocalFleet } from '../scenarios/local-fleet.ts';
import { TEST_CACHE } from '../services/test-cache.ts';
import { report, seeded, Traffic } from './traffic.ts';

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

it('a CQL store that is not there ends iris up with 1 and its address', async () => {
  const flags = ['--engine', 'distributed', '--kafka', kafka.addresses.join(), '--cql', '127.0.0.1:1'];
  const { code, stderr } = await runIris(['up', 'proof', ...flags], { cwd: folder });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/ENGINE_UNAVAILABLE.*127\.0\.0\.1:1/)]);
}, 30_000);

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
  for (let tries = 0; tries < 2; tries++) expect(await again()).toEqual(refused('has a log that is not empty'));
}, 150_000);
