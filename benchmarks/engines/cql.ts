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
import { type Figure, median } from '../report.ts';

/** Envelopes of one apply, each to an inbox of its own, and what each holds. */
const SHAPES = [
  { what: 'frames of 500 × 64 B, 64 inboxes', inboxes: 64, messages: 500, bytes: 500 * 66 + 100 },
  { what: 'frames of 1 × 64 B, 500 inboxes', inboxes: 500, messages: 1, bytes: 166 },
] as const;
type Shape = (typeof SHAPES)[number];
type Apply = (shape: Shape, number: number) => Promise<void>;
const WARM_UP_SHARE = 0.3;
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
    const clients: Readonly<Record<string, Apply>> = {
      adapter: (shape, number) => rows.apply(changesOf(shape, number), { epoch: 1, number }),
      'bare driver': (shape, number) => insertAll(bare, shape, number),
    };
    const figures: Figure[] = [];
    for (const shape of SHAPES) figures.push(...(await compare(shape, clients, { rounds, milliseconds })));
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

interface Round {
  readonly cpuMicroseconds: number;
  readonly messagesPerSecond: number;
}

async function compare(
  shape: Shape,
  clients: Readonly<Record<string, Apply>>,
  { rounds, milliseconds }: { rounds: number; milliseconds: number },
): Promise<Figure[]> {
  const names = Object.keys(clients);
  const measured = new Map(names.map((name) => [name, [] as Round[]]));
  for (const name of names) await applyFor(clients[name]!, shape, milliseconds * WARM_UP_SHARE);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured.get(name)!.push(await applyFor(clients[name]!, shape, milliseconds));
    }
  }
  const cpu = (name: string): number => median(measured.get(name)!.map(({ cpuMicroseconds }) => cpuMicroseconds));
  const ratio = cpu('adapter') / cpu('bare driver');
  return names.map((name) => ({
    what: `cql ${name}: ${shape.what}`,
    unit: 'µs CPU/message',
    values: measured.get(name)!.map(({ cpuMicroseconds }) => cpuMicroseconds),
    ...(name === 'adapter' && { goal: '≤ 1.3 × bare' }),
    durability: 'D2',
    details: {
      'messages/s': Math.round(median(measured.get(name)!.map(({ messagesPerSecond }) => messagesPerSecond))),
      ...(name === 'adapter' && { 'of the bare driver': Number(ratio.toFixed(2)) }),
    },
    voidReasons: [],
  }));
}

let lastNumber = 0;

async function applyFor(apply: Apply, shape: Shape, milliseconds: number): Promise<Round> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  let applies = 0;
  for (; performance.now() - startedMs < milliseconds; applies++) await apply(shape, ++lastNumber);
  const { user, system } = process.cpuUsage(before);
  const messages = applies * shape.inboxes * shape.messages;
  return { cpuMicroseconds: (user + system) / messages, messagesPerSecond: (messages * 1_000) / (performance.now() - startedMs) };
}
