import { IrisError } from '../contract/errors.ts';
import { CqlSession, type CqlSessionParts } from './cql-session.ts';

/**
 * One step of the schema: statements that may be done again, so that a step which was cut short is done from its start. What is here is never
 * changed: tables of running environments were made by it. Another step is added, which nodes of the release before can work with.
 */
export interface SchemaStep {
  readonly version: number;
  /** The lowest version whose nodes work with these tables too: during a rollout they restart on them. */
  readonly oldest: number;
  readonly what: string;
  readonly statements: readonly string[];
}

/** Rewritten and read by key: few files hold a key, for the price of more compaction. */
const BY_KEY = "compaction = {'class': 'LeveledCompactionStrategy'}";
/**
 * Written once, read soon, taken out. Not by time windows: those go by the writes’ timestamps, which are numbers of batches here. A reader begins
 * behind what was taken out, so that tombstones do not slow it.
 */
const QUEUE = "compaction = {'class': 'SizeTieredCompactionStrategy'}";

/** The table that says how far the others are; it is there before the first step. */
export const STATE_TABLE = 'CREATE TABLE IF NOT EXISTS schema_state (name text PRIMARY KEY, version int, oldest int, holder text)';

export const SCHEMA_STEPS: readonly SchemaStep[] = [
  {
    version: 1,
    oldest: 1,
    what: 'tables of inboxes, outboxes, marks, records, checkpoints and leases',
    statements: [
      `CREATE TABLE IF NOT EXISTS inbox (grp text, user blob, bucket int, chunk int, position bigint, envelope blob, bytes bigint, messages int, first_index int,
        PRIMARY KEY ((grp, user, bucket, chunk), position)) WITH ${QUEUE}`,
      `CREATE TABLE IF NOT EXISTS summaries (grp text, part int, user blob, bucket int, envelopes bigint, bytes bigint, first_position bigint, last_position bigint,
        first_chunk int, last_chunk int, last_chunk_bytes bigint, number bigint, PRIMARY KEY ((grp, part), user, bucket)) WITH ${BY_KEY}`,
      `CREATE TABLE IF NOT EXISTS outgoing (grp text, to_grp text, chunk bigint, position bigint, envelope blob, bytes bigint,
        PRIMARY KEY ((grp, to_grp, chunk), position)) WITH ${QUEUE}`,
      `CREATE TABLE IF NOT EXISTS outgoing_chunks (grp text, to_grp text, chunk bigint, PRIMARY KEY (grp, to_grp, chunk)) WITH ${BY_KEY}`,
      `CREATE TABLE IF NOT EXISTS marks (grp text, part int, key blob, high bigint, holes blob, time_ms bigint, PRIMARY KEY ((grp, part), key)) WITH ${BY_KEY}`,
      `CREATE TABLE IF NOT EXISTS parked (grp text, part int, parked_ms bigint, key blob, sequence bigint, envelope blob,
        PRIMARY KEY ((grp, part), parked_ms, key, sequence)) WITH ${QUEUE}`,
      `CREATE TABLE IF NOT EXISTS last_seen (grp text, part int, user blob, seconds bigint, PRIMARY KEY ((grp, part), user)) WITH ${BY_KEY}`,
      `CREATE TABLE IF NOT EXISTS records (grp text, kind int, part int, user blob, value blob, PRIMARY KEY ((grp, kind, part), user)) WITH ${BY_KEY}`,
      `CREATE TABLE IF NOT EXISTS checkpoints (grp text, epoch bigint, number bigint, next_position bigint, log_offset bigint,
        PRIMARY KEY (grp, epoch)) WITH CLUSTERING ORDER BY (epoch DESC) AND ${BY_KEY}`,
      `CREATE TABLE IF NOT EXISTS leases (grp text PRIMARY KEY, epoch bigint, lease_id text, holder text, process text, renewals bigint, released boolean) WITH ${BY_KEY}`,
    ],
  },
];

/** The version that this release’s nodes work with. */
export const SCHEMA_VERSION = SCHEMA_STEPS.length;

export interface SchemaState {
  /** 0 where nothing was made yet. */
  readonly version: number;
  readonly oldest: number;
}

export async function schemaState(session: CqlSession): Promise<SchemaState> {
  const row = await session.readOne('SELECT version, oldest FROM schema_state WHERE name = ?', ['schema']);
  const version = (row?.['version'] as number | null | undefined) ?? 0;
  return { version, oldest: (row?.['oldest'] as number | null | undefined) ?? version };
}

/** @throws IrisError ENGINE_INVALID when the tables are of a later release that nodes of this one cannot work with. */
export function refuseNewer({ version, oldest }: SchemaState, keyspace: string): void {
  if (version <= SCHEMA_VERSION || oldest <= SCHEMA_VERSION) return;
  throw new IrisError(
    'ENGINE_INVALID',
    `keyspace ${keyspace} has schema version ${version} for nodes of version ${oldest} and later, this release knows ${SCHEMA_VERSION}; use the release that made it, or a later one`,
  );
}

/**
 * Connections to an environment’s keyspace, on whose schema this release works.
 * @throws IrisError ENGINE_UNAVAILABLE within CQL_GIVE_UP_MS, ENGINE_INVALID with the remedy.
 */
export async function openCqlSession(parts: Omit<CqlSessionParts, 'keyspace'>): Promise<CqlSession> {
  const { settings } = parts;
  const session = await CqlSession.connect({ ...parts, keyspace: settings.keyspace });
  try {
    await checkSchema(session);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** @throws IrisError ENGINE_INVALID when a node of this release must not work with the keyspace’s tables. */
async function checkSchema(session: CqlSession): Promise<void> {
  const { keyspace } = session.settings;
  const state = await schemaState(session);
  refuseNewer(state, keyspace);
  if (state.version >= SCHEMA_VERSION) return;
  throw new IrisError(
    'ENGINE_INVALID',
    `keyspace ${keyspace} has schema version ${state.version}, this release works with ${SCHEMA_VERSION}; bring it on with iris schema <environment> --cql <host>`,
  );
}
