/** The rows of a group on a real CQL store (Cassandra): the port’s contract, and what becomes of it when nodes die (L1, L10, F3). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CassandraCluster } from '../../infra/local/engines/cassandra.ts';
import { systemClock } from '../../runtime/adapters/clock-system.ts';
import { migrateSchema } from '../../runtime/adapters/cql-migration.ts';
import { openCqlSession } from '../../runtime/adapters/cql-schema.ts';
import type { CqlSession } from '../../runtime/adapters/cql-session.ts';
import { openCqlRows } from '../../runtime/adapters/group-rows-cql.ts';
import type { CqlSettings } from '../../runtime/contract/cql-settings.ts';
import { describeGroupRowsContract } from '../contract/group-rows-contract.ts';
import { TEST_CACHE } from '../services/test-cache.ts';

const clock = systemClock;
const times = { inboxRetentionMs: 3_600_000, outboxRetentionMs: 3_600_000 };
const directory = mkdtempSync(join(tmpdir(), 'iris-cql-'));
let cluster: CassandraCluster;
let settings: CqlSettings;
let session: CqlSession;

beforeAll(async () => {
  cluster = await CassandraCluster.start({ directory, cacheDirectory: TEST_CACHE });
  settings = { contactPoints: cluster.contactPoints, dataCentre: 'dc1', keyspace: 'iris_test', tls: false };
  await migrateSchema({ settings, clock, replication: { dc1: 1 }, done: () => undefined });
  session = await openCqlSession({ settings, clock });
}, 120_000);
afterAll(async () => {
  await session?.close();
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

describeGroupRowsContract('Cassandra', { open: async (group) => openCqlRows({ session, group, ...times }) });
