import { randomUUID } from 'node:crypto';
import type { CqlSettings } from '../contract/cql-settings.ts';
import { IrisError } from '../contract/errors.ts';
import { CQL_GIVE_UP_MS, CQL_RETRY_LAST_MS, SCHEMA_LOCK_SECONDS, SCHEMA_STATEMENT_TIMEOUT_MS } from '../contract/limits-store.ts';
import type { Clock } from '../ports/clock.ts';
import { isScylla } from './cql-cluster.ts';
import { refuseNewer, SCHEMA_STEPS, SCHEMA_VERSION, type SchemaState, type SchemaStep, STATE_TABLE, schemaState } from './cql-schema.ts';
import { CqlSession } from './cql-session.ts';

/** Copies in each data centre. */
export type Replication = Readonly<Record<string, number>>;

export interface MigrationOptions {
  readonly settings: CqlSettings;
  readonly replication: Replication;
  /** An existing keyspace may be replicated otherwise. @default false */
  readonly takesOtherReplication?: boolean;
  readonly clock: Clock;
  /** Hears of each thing that was done. */
  readonly done: (what: string) => void;
}

const KEYSPACE = 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?';
const TAKE = "INSERT INTO schema_state (name, holder) VALUES ('lock', ?) IF NOT EXISTS USING TTL ?";
const KEEP = "UPDATE schema_state USING TTL ? SET holder = ? WHERE name = 'lock' IF holder = ?";
const GIVE = "DELETE FROM schema_state WHERE name = 'lock' IF holder = ?";
const HOLDER = "SELECT holder FROM schema_state WHERE name = 'lock'";
const SET_VERSION = "UPDATE schema_state SET version = ?, oldest = ? WHERE name = 'schema'";

/**
 * The statement that makes the keyspace. On ScyllaDB without tablets: by its documentation up to 2025.3 they know no compare-and-set, which leases need.
 */
function keyspaceStatement(keyspace: string, replication: Replication, isOnScylla: boolean): string {
  const copies = Object.entries(replication).map(([dataCentre, count]) => `'${dataCentre}': ${count}`);
  const tablets = isOnScylla ? " AND tablets = {'enabled': false}" : '';
  return `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', ${copies.join(', ')}}${tablets}`;
}

/** Everything that would be done in an empty cluster. */
export function schemaStatements(keyspace: string, replication: Replication, isOnScylla: boolean): string[] {
  return [keyspaceStatement(keyspace, replication, isOnScylla), STATE_TABLE, ...SCHEMA_STEPS.flatMap(({ statements }) => statements)];
}

/**
 * Brings a keyspace to this release’s schema: makes what is missing, under a lock that one migration at a time holds, and goes on where another was
 * cut short. With everything there it does nothing.
 * @throws IrisError ENGINE_INVALID when the schema is of a later release that excludes this one, or the keyspace is replicated otherwise; ENGINE_UNAVAILABLE.
 */
export async function migrateSchema(options: MigrationOptions): Promise<{ readonly from: number; readonly to: number }> {
  await makeKeyspace(options);
  const { settings } = options;
  const { session, state } = await whenKnown(options);
  try {
    refuseNewer(state, settings.keyspace);
    if (state.version < SCHEMA_VERSION) await new Migration(session, options).run();
    return { from: state.version, to: Math.max(state.version, SCHEMA_VERSION) };
  } finally {
    await session.close();
  }
}

/** The keyspace is there; the node that is asked may not know yet of what another core made a moment ago, and says that there is none. */
async function whenKnown({ settings, clock }: MigrationOptions): Promise<{ session: CqlSession; state: SchemaState }> {
  const endMs = clock.monotonicMs() + CQL_GIVE_UP_MS;
  for (;;) {
    try {
      return await openState(settings, clock);
    } catch (error) {
      if (!(error instanceof IrisError) || error.code !== 'ENGINE_INVALID' || clock.monotonicMs() > endMs) throw error;
    }
    await new Promise<void>((resolve) => void clock.after(CQL_RETRY_LAST_MS, resolve));
  }
}

async function openState(settings: CqlSettings, clock: Clock): Promise<{ session: CqlSession; state: SchemaState }> {
  const session = await CqlSession.connect({ settings, clock, keyspace: settings.keyspace });
  try {
    await session.define(STATE_TABLE, SCHEMA_STATEMENT_TIMEOUT_MS);
    return { session, state: await schemaState(session) };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function makeKeyspace({ settings, clock, replication, takesOtherReplication, done }: MigrationOptions): Promise<void> {
  const session = await CqlSession.connect({ settings, clock });
  try {
    const row = await session.readOne(KEYSPACE, [settings.keyspace]);
    if (row !== undefined && takesOtherReplication === true) return;
    if (row !== undefined) return checkReplication(row['replication'] as Record<string, string>, { settings, replication });
    await session.define(keyspaceStatement(settings.keyspace, replication, await isScylla(session)), SCHEMA_STATEMENT_TIMEOUT_MS);
    done(`made keyspace ${settings.keyspace} with ${textOf(replication)}`);
  } finally {
    await session.close();
  }
}

/** Another replication is the operator’s to set: it takes a repair to come true. */
function checkReplication(
  stored: Record<string, string>,
  { settings, replication }: Pick<MigrationOptions, 'settings' | 'replication'>,
): void {
  const { class: _, ...copies } = stored;
  const found = Object.fromEntries(Object.entries(copies).map(([dataCentre, count]) => [dataCentre, Number(count)]));
  const isSame = textOf(found) === textOf(replication);
  if (isSame) return;
  const remedy = `ALTER KEYSPACE ${settings.keyspace} WITH replication …, then nodetool repair, then iris schema again`;
  throw new IrisError('ENGINE_INVALID', `keyspace ${settings.keyspace} has ${textOf(found)}, wanted is ${textOf(replication)}; ${remedy}`);
}

function textOf(replication: Replication): string {
  const parts = Object.entries(replication).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return parts.map(([dataCentre, count]) => `${count} ${count === 1 ? 'copy' : 'copies'} in ${dataCentre}`).join(', ');
}

/** One migration, which holds the lock while it works. */
class Migration {
  private readonly holder = randomUUID();
  private readonly session: CqlSession;
  private readonly options: MigrationOptions;

  constructor(session: CqlSession, options: MigrationOptions) {
    this.session = session;
    this.options = options;
  }

  async run(): Promise<void> {
    const { settings, done } = this.options;
    await this.lock();
    try {
      // Another may have done it while this one waited.
      const state = await schemaState(this.session);
      refuseNewer(state, settings.keyspace);
      for (const step of SCHEMA_STEPS.slice(state.version)) {
        await this.step(step);
        done(`schema version ${step.version}: ${step.what}`);
      }
    } finally {
      await this.session.compareAndSet(GIVE, [this.holder]);
    }
  }

  private async step({ version, oldest, statements }: SchemaStep): Promise<void> {
    for (const statement of statements) {
      await this.keepLock();
      await this.session.define(statement, SCHEMA_STATEMENT_TIMEOUT_MS);
    }
    await this.keepLock();
    await this.session.write([{ query: SET_VERSION, params: [version, oldest] }], version);
  }

  /** Waits for another’s migration, or for the end of its lock where it was cut short. */
  private async lock(): Promise<void> {
    const { clock, settings } = this.options;
    const endMs = clock.monotonicMs() + SCHEMA_LOCK_SECONDS * 1_000 + CQL_GIVE_UP_MS;
    let isTold = false;
    while (!(await this.take())) {
      if (clock.monotonicMs() > endMs) {
        throw new IrisError(
          'ENGINE_UNAVAILABLE',
          `another migration of ${settings.keyspace} holds the lock for ${SCHEMA_LOCK_SECONDS} s; try again`,
        );
      }
      if (!isTold) this.options.done('waiting for another migration, or for the end of its lock');
      isTold = true;
      await new Promise<void>((resolve) => void clock.after(CQL_RETRY_LAST_MS, resolve));
    }
  }

  private async take(): Promise<boolean> {
    try {
      return await this.session.compareAndSet(TAKE, [this.holder, SCHEMA_LOCK_SECONDS]);
    } catch (error) {
      if (!(error instanceof IrisError) || error.code !== 'ENGINE_UNAVAILABLE') throw error;
      // Not known whether it was done: what stands there says so.
      const row = await this.session.ask(HOLDER, [], { isSerial: true });
      return row?.['holder'] === this.holder;
    }
  }

  private async keepLock(): Promise<void> {
    const isHeld = await this.session.compareAndSet(KEEP, [SCHEMA_LOCK_SECONDS, this.holder, this.holder]);
    if (!isHeld) throw new IrisError('ENGINE_UNAVAILABLE', 'the lock of the migration ran out; try again, it goes on where it stopped');
  }
}
