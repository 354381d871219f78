import { mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import cassandra from 'cassandra-driver';
import { CassandraCluster } from '../../infra/local/engines/cassandra.ts';
import { systemClock as clock } from '../../runtime/adapters/clock-system.ts';
import { migrateSchema } from '../../runtime/adapters/cql-migration.ts';
import { openCqlSession } from '../../runtime/adapters/cql-schema.ts';
import { openCqlRows } from '../../runtime/adapters/group-rows-cql.ts';
import { cqlSettingsSchema } from '../../runtime/contract/cql-settings.ts';
import { ROWS_IN_FLIGHT_MAX } from '../../runtime/contract/limits.ts';
import type { RowChange } from '../../runtime/ports/group-rows.ts';
import type { BenchmarkIo } from '../benchmark.ts';
import type { Figure } from '../report.ts';
import { besideBare, type Side } from './beside-bare.ts';

/** Envelopes of one apply, each to an inbox of its own, and what each holds. */
const SHAPES = [
  { what: 'frames of 500 × 64 B, 64 inboxes', inboxes: 64, messages: 500, bytes: 500 * 66 + 100 },
  { what: 'frames of 1 × 64 B, 500 inboxes', inboxes: 500, messages: 1, bytes: 166 },
] as const;
type Shape = (typeof SHAPES)[number];
type Apply = (shape: Shape, number: number) => Promise<void>;
const MILLISECONDS_A_DAY = 86_400_000;
/** What the adapter sends for an envelope, without knowing what the adapter knows. */
const INSERT =
  'INSERT INTO inbox (grp, user, bucket, chunk, position, envelope, bytes, messages) VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ? AND TIMESTAMP ?';

/** The rows’ adapter beside the bare driver: the same envelopes to the same table of one Cassandra in this run. */
export async function cqlFigures(rounds: number, milliseconds: number, io: BenchmarkIo): Promise<Figure[]> {
  const directory = mkdtempSync(join(io.stateRoot, 'iris-cql-'));
  const cacheDirectory = join(homedir(), '.cache', 'iris-test');
  const cluster = await CassandraCluster.start({ directory, cacheDirectory, onProgress: (text) => io.note(text) });
  const [contactPoint = ''] = cluster.contactPoints;
  const settings = cqlSettingsSchema.parse({ contactPoints: [contactPoint], dataCentre: 'dc1', keyspace: 'iris_benchmark' });
  await migrateSchema({ settings, replication: { dc1: 1 }, clock, done: (what) => io.note(what) });
  const session = await openCqlSession({ settings, clock });
  const bare = new cassandra.Client({ contactPoints: [contactPoint], localDataCenter: 'dc1', keyspace: settings.keyspace });
  try {
    const retention = 30 * MILLISECONDS_A_DAY;
    const rows = openCqlRows({ session, group: 'adapter', inboxRetentionMs: retention, outboxRetentionMs: retention });
    const adapter: Apply = (shape, number) => rows.apply(changesOf(shape, number), { epoch: 1, number });
    const plain: Apply = (shape, number) => insertAll(bare, shape, number);
    const figures: Figure[] = [];
    for (const shape of SHAPES) {
      const comparison = { engine: 'cql', what: shape.what, unit: 'message', durability: 'D2', rounds, milliseconds };
      figures.push(...(await besideBare(comparison, { adapter: applying(adapter, shape), bare: applying(plain, shape) })));
    }
    return figures;
  } finally {
    await session.close();
    await bare.shutdown();
    cluster.killNow();
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function changesOf({ inboxes, messages, bytes }: Shape, position: number): RowChange[] {
  return Array.from({ length: inboxes }, (_, i) => {
    const inbox = { user: Buffer.from(`user-${i}`), bucket: 0 };
    return { kind: 'envelope', inbox, chunk: 0, position, envelope: Buffer.alloc(bytes, i), messages };
  });
}

/** As many under way as the adapter has. */
async function insertAll(client: cassandra.Client, { inboxes, messages, bytes }: Shape, position: number): Promise<void> {
  const options = { prepare: true, isIdempotent: true, consistency: cassandra.types.consistencies.localQuorum };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < inboxes; i = next++) {
      const key = ['bare', Buffer.from(`user-${i}`), 0, 0, position];
      await client.execute(INSERT, [...key, Buffer.alloc(bytes, i), bytes, messages, MILLISECONDS_A_DAY / 1_000, position], options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(ROWS_IN_FLIGHT_MAX, inboxes) }, lane));
}

let lastNumber = 0;

function applying(apply: Apply, shape: Shape): Side {
  return async (milliseconds) => {
    const startedMs = performance.now();
    let applies = 0;
    for (; performance.now() - startedMs < milliseconds; applies++) await apply(shape, ++lastNumber);
    return applies * shape.inboxes * shape.messages;
  };
}
