import { systemClock } from '../adapters/clock-system.ts';
import { migrateSchema } from '../adapters/cql-migration.ts';
import { openCqlSession } from '../adapters/cql-schema.ts';
import { CqlSession, type CqlSessionParts } from '../adapters/cql-session.ts';
import { openKafkaLog } from '../adapters/group-log-kafka.ts';
import { openCqlRows } from '../adapters/group-rows-cql.ts';
import { openDistributedStore } from '../adapters/inbox-store-distributed.ts';
import { CqlOwnership } from '../adapters/ownership-cql.ts';
import { machineLife } from '../adapters/process-life.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import { GROUP_RETRY_MS } from '../contract/limits.ts';
import { logTopicName } from '../contract/log-topic.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import type { DistributedStoreConfig } from '../contract/store-config.ts';
import type { GroupLog } from '../ports/group-log.ts';
import type { GroupRows } from '../ports/group-rows.ts';
import type { InboxStore, StoreBounds } from '../ports/inbox-store.ts';
import type { Acquisition, Lease, Ownership } from '../ports/ownership.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { StoreHearer } from './leased-core.ts';

export interface EngineStoresParts {
  readonly config: Pick<CoreConfig, 'environment' | 'group' | 'node'>;
  readonly store: DistributedStoreConfig;
  readonly bounds: StoreBounds;
  readonly telemetry: Telemetry;
}

/** A core’s log on Kafka, its rows and leases on a CQL store. */
export class EngineStores {
  readonly directory = undefined;
  private readonly parts: EngineStoresParts;
  private readonly session: CqlSession;
  /** Connections of their own: on those of the rows a renewal would wait behind megabytes, and end with a connection that is given up for them. */
  private readonly leaseSession: CqlSession;

  private constructor(parts: EngineStoresParts, sessions: { rows: CqlSession; leases: CqlSession }) {
    this.parts = parts;
    this.session = sessions.rows;
    this.leaseSession = sessions.leases;
  }

  /** Waits while the CQL store is away: a core that gave up would come back to the same. @throws IrisError ENGINE_INVALID */
  static async open(parts: EngineStoresParts): Promise<EngineStores> {
    const { store, telemetry } = parts;
    const { replicas, ...settings } = store.cql;
    const open = async () => {
      if (replicas !== undefined) {
        const done = (what: string) => telemetry.log.info('schema', { what });
        const replication = { [settings.dataCentre]: replicas };
        // What operators have made of the keyspace since must not keep a core from serving.
        await migrateSchema({ settings, replication, takesOtherReplication: true, clock: systemClock, done });
      }
      const loginRefused = (error: unknown) => telemetry.log.warn('store-login-refused', { reason: errorLine(error) });
      return await openSessions({ settings, clock: systemClock, loginRefused });
    };
    const sessions = await whileAway(open, (error) => telemetry.log.warn('engine-away', { reason: errorLine(error) }));
    return new EngineStores(parts, sessions);
  }

  ownership(lost: (reason: string) => void): Ownership {
    const leases = this.leases(lost);
    return { acquire: () => leases.acquire().catch(unknownHolder) };
  }

  /** Who served the group last, or does; undefined when nobody ever has. @throws IrisError ENGINE_UNAVAILABLE */
  async lastHolder(): Promise<string | undefined> {
    return await this.leases(() => undefined).lastHolder();
  }

  async open(lease: Lease, hearer: StoreHearer): Promise<InboxStore> {
    const { bounds } = this.parts;
    const log = await this.openLog(lease, hearer);
    return await openDistributedStore({ log, rows: this.rows(this.session), lease, clock: systemClock, bounds, ...hearer });
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.leaseSession.close();
  }

  private leases(lost: (reason: string) => void): CqlOwnership {
    const { node, group } = this.parts.config;
    const life = machineLife();
    return new CqlOwnership({
      session: this.leaseSession,
      group,
      clock: systemClock,
      holder: node,
      ...(life === undefined ? {} : { life }),
      epochInLog: async () => (await this.rows(this.leaseSession).readCheckpoint())?.epoch ?? 0,
      lost,
    });
  }

  private async openLog(lease: Lease, hearer: StoreHearer): Promise<GroupLog> {
    const { config, store, telemetry } = this.parts;
    const topic = logTopicName(config);
    const open = () => openKafkaLog({ settings: store.kafka, topic, telemetry, clock: systemClock, clientId: `iris-${config.node}` });
    try {
      return await whileAway(open, (error) => {
        if (!lease.isHeld) throw error;
        hearer.failed(error);
      });
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  private rows(session: CqlSession): GroupRows {
    const { config, store } = this.parts;
    const { inboxRetentionMs, outboxRetentionMs } = store;
    return openCqlRows({ session, group: config.group, inboxRetentionMs, outboxRetentionMs });
  }
}

async function openSessions(parts: CqlSessionParts): Promise<{ rows: CqlSession; leases: CqlSession }> {
  const rows = await openCqlSession(parts);
  try {
    return { rows, leases: await CqlSession.connect({ ...parts, keyspace: parts.settings.keyspace }) };
  } catch (error) {
    await rows.close();
    throw error;
  }
}

/** Does it again as long as an engine is away; `told` of each time, which may throw to end that. */
async function whileAway<T>(work: () => Promise<T>, told: (error: unknown) => void): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error)) throw error;
      told(error);
    }
    await new Promise<void>((resolve) => {
      systemClock.after(GROUP_RETRY_MS, resolve);
    });
  }
}

/** While the store of leases is away nobody knows who holds one, and nobody may take it. */
function unknownHolder(error: unknown): Acquisition {
  if (!isAway(error)) throw error;
  return { kind: 'waits', holder: 'an unknown core', epoch: 0 };
}

function isAway(error: unknown): boolean {
  return error instanceof IrisError && error.code === 'ENGINE_UNAVAILABLE';
}
