/** The rows and leases of a group on a real CQL store (Cassandra) with TLS and login: the ports’ contracts, and what becomes of it when nodes die (L1, L10, F2, F3, F22, F25). */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { CassandraCluster } from '../../infra/local/engines/cassandra.ts';
import { systemClock as clock } from '../../runtime/adapters/clock-system.ts';
import { migrateSchema } from '../../runtime/adapters/cql-migration.ts';
import { openCqlSession, SCHEMA_STEPS, STATE_TABLE } from '../../runtime/adapters/cql-schema.ts';
import { CqlSession } from '../../runtime/adapters/cql-session.ts';
import { openCqlRows } from '../../runtime/adapters/group-rows-cql.ts';
import { CqlOwnership } from '../../runtime/adapters/ownership-cql.ts';
import type { CqlSettings } from '../../runtime/contract/cql-settings.ts';
import { CQL_ANSWER_TIMEOUT_MS, CQL_GIVE_UP_MS, OWNERSHIP_LEASE_MS, OWNERSHIP_RENEWAL_MS } from '../../runtime/contract/limits.ts';
import { type DistributedStoreConfig, storeConfig } from '../../runtime/contract/store-config.ts';
import type { RowChange } from '../../runtime/ports/group-rows.ts';
import { EngineStores } from '../../runtime/servers/engine-stores.ts';
import { runIris } from '../commands/run-iris.ts';
import { describeGroupRowsContract, isAway } from '../contract/group-rows-contract.ts';
import { describeOwnershipContract } from '../contract/ownership-contract.ts';
import { envelopeOf } from '../fakes/envelopes.ts';
import { GatedSession } from '../fakes/gated-session.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../fakes/memory-telemetry.ts';
import { until } from '../servers/node-pair.ts';
import { CloggingProxy } from '../services/clogging-proxy.ts';
import { TEST_CACHE } from '../services/test-cache.ts';
import { report } from './traffic.ts';

const ROOM = { envelopesMax: 1_000_000, bytesMax: 1 << 30 };
const UNBOUNDED = { inbox: ROOM, outbox: ROOM };
const ALL = { envelopesMax: 100_000, bytesMax: 1 << 30 };
const times = { inboxRetentionMs: 3_600_000, outboxRetentionMs: 3_600_000 };
const folder = mkdtempSync(join(tmpdir(), 'iris-cql-'));
const [caPath, keyStorePath, credentialsPath] = ['ca.pem', 'node.p12', 'login.json'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
let cluster: CassandraCluster;
let settings: CqlSettings;
let session: CqlSession;

beforeAll(async () => {
  certificate(caPath, keyStorePath);
  writeFileSync(credentialsPath, JSON.stringify({ username: 'cassandra', password: 'cassandra' }));
  const tls = { keyStorePath, keyStorePassword: 'changeit' };
  cluster = await CassandraCluster.start({ directory: join(folder, 'one'), cacheDirectory: TEST_CACHE, hasLogin: true, tls });
  settings = { contactPoints: cluster.contactPoints, dataCentre: 'dc1', keyspace: 'iris_proof', tls: true, caPath, credentialsPath };
}, 180_000);
afterAll(async () => {
  await session?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** A key that signs itself, as PEM and as what Java reads. */
function certificate(pemPath: string, p12Path: string): void {
  const key = `${p12Path}.key`;
  const subject = ['-subj', '/CN=store', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', pemPath, ...subject], {
    stdio: 'ignore',
  });
  const store = ['-inkey', key, '-in', pemPath, '-out', p12Path, '-passout', 'pass:changeit'];
  execFileSync('openssl', ['pkcs12', '-export', ...store], { stdio: 'ignore' });
}

describe('iris schema', () => {
  const flags = () => ['--cql', cluster.contactPoints.join(','), '--ca', caPath, '--credentials', credentialsPath];
  const schema = (...more: string[]) => runIris(['schema', 'proof', ...flags(), '--replicas', 'dc1=1', ...more]);

  it('makes what is missing, under a lock, and nothing the second time; a schema of another release is refused', async () => {
    expect(await schema('--check')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no keyspace iris_proof; make it with iris schema'),
    });
    const both = await Promise.all([schema(), schema()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.filter(({ stderr }) => stderr.includes('schema version 1: tables of inboxes'))).toHaveLength(1);
    expect(await schema()).toMatchObject({ code: 0, stdout: 'keyspace iris_proof has schema version 1: nothing to do' });
    expect(await schema('--check')).toMatchObject({ code: 0 });
    session = await openCqlSession({ settings, clock });
  }, 60_000);

  it('makes one schema for cores that start at the same moment (F20)', async () => {
    for (const keyspace of ['iris_together_1', 'iris_together_2', 'iris_together_3']) {
      const options = { settings: { ...settings, keyspace }, replication: { dc1: 1 }, clock, done: () => undefined };
      const all = await Promise.all(Array.from({ length: 4 }, () => migrateSchema(options)));
      expect(all.map(({ to }) => to)).toEqual([1, 1, 1, 1]);
    }
  }, 60_000);

  it('goes on where a migration was cut short, and leaves a schema of a later release alone', async () => {
    const options = { settings: { ...settings, keyspace: 'iris_half' }, replication: { dc1: 1 }, clock, done: () => undefined };
    await session.define(`CREATE KEYSPACE iris_half WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}`, 10_000);
    const half = await CqlSession.connect({ ...options, keyspace: 'iris_half' });
    const [inbox = '', summaries = ''] = SCHEMA_STEPS[0]?.statements ?? [];
    for (const statement of [STATE_TABLE, inbox, summaries]) await half.define(statement, 10_000);
    await expect(openCqlSession(options)).rejects.toThrow(/version 0, this release works with 1; bring it on with iris schema/);
    expect(await migrateSchema(options)).toEqual({ from: 0, to: 1 });
    await (await openCqlSession(options)).close();
    const later = (oldest: number) => ({
      query: "UPDATE schema_state SET version = 99, oldest = ? WHERE name = 'schema'",
      params: [oldest],
    });
    await half.write([later(1)], 98);
    await (await openCqlSession(options)).close();
    expect(await migrateSchema(options)).toEqual({ from: 99, to: 99 });
    await half.write([later(2)], 99);
    await half.close();
    const refusal = /version 99 for nodes of version 2 and later, this release knows 1; use the release that made it/;
    await expect(openCqlSession(options)).rejects.toThrow(refusal);
    await expect(migrateSchema(options)).rejects.toThrow(refusal);
    await expect(migrateSchema({ ...options, replication: { dc1: 2 } })).rejects.toThrow(
      /has 1 copy in dc1, wanted is 2 copies in dc1; ALTER/,
    );
  }, 60_000);

  it('says in one line what is wrong, and how it is mended', async () => {
    const wrong = async (changed: Partial<CqlSettings>): Promise<string> => {
      const refusal: unknown = await openCqlSession({ settings: { ...settings, ...changed }, clock }).catch((error: unknown) => error);
      return `${(refusal as { code: string }).code}: ${(refusal as Error).message}`;
    };
    const badLogin = join(folder, 'bad.json');
    writeFileSync(badLogin, JSON.stringify({ username: 'cassandra', password: 'secret-word' }));
    const otherCa = join(folder, 'other.pem');
    certificate(otherCa, join(folder, 'other.p12'));
    expect(await wrong({ credentialsPath: badLogin })).toMatch(/^ENGINE_INVALID: .* refuses the login of .*bad\.json/);
    expect(await wrong({ credentialsPath: badLogin })).not.toContain('secret-word');
    expect(await wrong({ caPath: otherCa })).toMatch(/^ENGINE_INVALID: .* shows a certificate that .*other\.pem has not signed/);
    expect(await wrong({ dataCentre: 'dc9' })).toMatch(/^ENGINE_INVALID: .* has no data centre dc9; its nodes are in dc1/);
    expect(await wrong({ keyspace: 'iris_nobody' })).toMatch(/^ENGINE_INVALID: .* has no keyspace iris_nobody; make it with iris schema/);
    expect(await wrong({ credentialsPath: undefined })).toMatch(/^ENGINE_INVALID: .* wants a login/);
  }, 60_000);
});

describeGroupRowsContract('Cassandra', { open: async (group) => openCqlRows({ session, group, ...times }) });

let lastGround = 0;
/** Questions under way: time stands still for them. */
let asked = 0;
class StoreClock extends ManualClock {
  override async settle(): Promise<void> {
    do {
      while (asked > 0) await pause(1);
      await super.settle();
    } while (asked > 0);
  }
}
async function counted<T>(work: Promise<T>): Promise<T> {
  asked++;
  try {
    return await work;
  } finally {
    asked--;
  }
}

describeOwnershipContract('Cassandra', {
  ground() {
    const group = `ground-${++lastGround}`;
    return {
      clock: new StoreClock(),
      taker(delay) {
        const store = {
          ask: (...args: Parameters<CqlSession['ask']>) => counted(session.ask(...args)),
          compareAndSet: (...args: Parameters<CqlSession['compareAndSet']>) => counted(session.compareAndSet(...args)),
        };
        const gated = new GatedSession(store, delay);
        return {
          get isStopped() {
            return gated.isStopped;
          },
          open: (parts) => new CqlOwnership({ ...parts, session: gated, group }),
          stop: () => gated.stop(),
          go: () => gated.go(),
        };
      },
      async removeLeases() {
        await session.compareAndSet('DELETE FROM leases WHERE grp = ? IF EXISTS', [group]);
      },
    };
  },
  runs: 1,
});

/** One owner of a group, which applies batch after batch and tries again while the store is away. */
class Owner {
  applied = 0;
  refusals = 0;
  longestMs = 0;
  private readonly group: string;
  private readonly session: CqlSession;

  constructor(group: string, store: CqlSession) {
    this.group = group;
    this.session = store;
  }

  async run(signal: AbortSignal): Promise<void> {
    const rows = openCqlRows({ session: this.session, group: this.group, ...times });
    while (!signal.aborted) {
      const startedMs = performance.now();
      try {
        await rows.apply(batchOf(this.applied + 1), { epoch: 1, number: this.applied + 1 });
        this.applied++;
        await rows.writeCheckpoint({ epoch: 1, number: this.applied, nextPosition: this.applied * 10, offset: this.applied });
      } catch (error) {
        if (!isAway(error)) throw error;
        this.refusals++;
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - startedMs);
    }
  }

  /** What is missing of all that was said to be there. */
  async missing(store: CqlSession): Promise<number> {
    const rows = openCqlRows({ session: store, group: this.group, ...times });
    const found = new Set<number>();
    for (let user = 0; user < 10; user++) {
      const range = { inbox: inboxOf(user), firstChunk: 0, lastChunk: 0, position: 0 };
      for (const { position } of await rows.readInbox(range, ALL)) found.add(position);
    }
    const wanted = Array.from({ length: this.applied * 10 }, (_, i) => i + 10);
    return wanted.filter((position) => !found.has(position)).length;
  }
}

function inboxOf(user: number) {
  return { user: Buffer.from(`user-${user}`), bucket: 0 };
}

/** One envelope to each of ten users, at ten places in a row. */
function batchOf(number: number): RowChange[] {
  return Array.from({ length: 10 }, (_, user) => {
    const position = number * 10 + user;
    return { kind: 'envelope', inbox: inboxOf(user), chunk: 0, position, envelope: envelopeOf({ sequence: position }), messages: 1 };
  });
}

async function underLoad(store: CqlSession, name: string, work: () => Promise<void>): Promise<Owner[]> {
  const owners = Array.from({ length: 4 }, (_, i) => new Owner(`${name}-${i}`, store));
  const stop = new AbortController();
  const running = Promise.all(owners.map((owner) => owner.run(stop.signal)));
  await pause(1_500);
  await work();
  await pause(1_500);
  stop.abort();
  await running;
  return owners;
}

function totals(owners: readonly Owner[]): string {
  const sum = (of: (owner: Owner) => number) => owners.reduce((total, owner) => total + of(owner), 0);
  const longestMs = Math.max(...owners.map(({ longestMs: ms }) => ms));
  return `${sum(({ applied }) => applied)} batches applied, ${sum(({ refusals }) => refusals)} refused, none longer than ${longestMs.toFixed(0)} ms`;
}

it('a core keeps its lease while not one write of its rows gets through (L10, F22, F25)', async () => {
  const proxy = await CloggingProxy.open(cluster.contactPoints[0] as string, 262_144);
  const through = { ...settings, contactPoints: [proxy.address] };
  const store = storeConfig.parse({ kind: 'distributed', kafka: { brokers: ['127.0.0.1:1'] }, cql: through }) as DistributedStoreConfig;
  const config = { environment: 'proof', group: 'clogged', node: 'one' };
  const stores = await EngineStores.open({ config, store, bounds: UNBOUNDED, telemetry: new MemoryTelemetry() });
  try {
    const lost: string[] = [];
    const acquired = await stores.ownership((reason) => lost.push(reason)).acquire();
    if (acquired.kind !== 'held') throw new Error(`held by ${acquired.holder}`);
    const rows = openCqlRows({ session: stores['session'], group: config.group, ...times });
    const much = Array.from({ length: 4 }, (_, i) => ({ ...batchOf(i)[0], envelope: Buffer.alloc(200_000) }) as RowChange);
    const written = rows.apply(much, { epoch: 1, number: 1 }).then(
      () => 'written',
      () => 'away',
    );
    await until(() => proxy.clogged > 0, 'the rows’ connection takes nothing more');
    await pause(OWNERSHIP_LEASE_MS + OWNERSHIP_RENEWAL_MS);
    expect([acquired.lease.isHeld, lost]).toEqual([true, []]);
    await acquired.lease.release();
    expect(await written).toBe('away');
  } finally {
    await proxy.close();
    await stores.close();
  }
}, 60_000);

it('the only node is killed under load and comes back: nothing that resolved is missing, and no session outlives its close (L1, F3)', async () => {
  const child = spawn(process.execPath, [join(__dirname, 'one-cql-session.ts'), JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('open');
  const owners = await underLoad(session, 'killed', async () => {
    await cluster.killNode(0);
    await cluster.startNode(0);
  });
  report(`F3, one node: ${totals(owners)}`);
  for (const owner of owners) {
    expect(owner.applied).toBeGreaterThan(0);
    expect(owner.longestMs).toBeLessThan(CQL_GIVE_UP_MS + 3 * CQL_ANSWER_TIMEOUT_MS + 5_000);
    expect(await owner.missing(session)).toBe(0);
  }
  child.stdin.end();
  expect((await lines.next()).value).toBe('closed');
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  expect(await ended).toEqual([0, null]);
  clearTimeout(late);
}, 120_000);

it('another data centre is killed under load: nobody waits for it (F3)', async () => {
  await session.close();
  await cluster.stop();
  cluster = await CassandraCluster.start({ directory: join(folder, 'two'), cacheDirectory: TEST_CACHE, dataCentres: ['dc1', 'dc2'] });
  const [near = ''] = cluster.contactPoints;
  const plain = { dataCentre: 'dc1', keyspace: 'iris_proof', tls: false, contactPoints: [near] };
  await migrateSchema({ settings: plain, replication: { dc1: 1, dc2: 1 }, clock, done: () => undefined });
  session = await openCqlSession({ settings: plain, clock });
  const owners = await underLoad(session, 'far', async () => {
    await cluster.killNode(1);
  });
  report(`F3, a data centre away: ${totals(owners)}`);
  for (const owner of owners) {
    expect([owner.refusals, await owner.missing(session)]).toEqual([0, 0]);
    expect(owner.longestMs).toBeLessThan(2_000);
  }
}, 180_000);
