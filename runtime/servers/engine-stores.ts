import { systemClock } from '../adapters/clock-system.ts';
import { openCqlSession } from '../adapters/cql-schema.ts';
import type { CqlSession } from '../adapters/cql-session.ts';
import { openKafkaLog } from '../adapters/group-log-kafka.ts';
import { openCqlRows } from '../adapters/group-rows-cql.ts';
import { openDistributedStore } from '../adapters/inbox-store-distributed.ts';
import { CqlOwnership } from '../adapters/ownership-cql.ts';
import { machineLife } from '../adapters/process-life.ts';
import { IrisError } from '../contract/errors.ts';
import { GROUP_RETRY_MS } from '../contract/limits.ts';
import { logTopicName } from '../contract/log-topic.ts';
import type { CoreConfig } from '../contract/node-config.ts';
import type { DistributedStoreConfig } from '../contract/store-config.ts';
import type { GroupLog } from '../ports/group-log.ts';
import type { GroupRows } from '../ports/group-rows.ts';
import type { InboxStore, StoreBounds } from '../ports/inbox-store.ts';
import type { Lease, Ownership } from '../ports/ownership.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { StoreHearer } from './leased-core.ts';

export interface EngineStoresParts {
  readonly config: CoreConfig;
  readonly store: DistributedStoreConfig;
  readonly bounds: StoreBounds;
  readonly telemetry: Telemetry;
}

/** A core’s log on Kafka, its rows and leases on a CQL store. */
export class EngineStores {
  readonly directory = undefined;
  private readonly parts: EngineStoresParts;
  private readonly session: CqlSession;

  private constructor(parts: EngineStoresParts, session: CqlSession) {
    this.parts = parts;
    this.session = session;
  }

  /** @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
  static async open(parts: EngineStoresParts): Promise<EngineStores> {
    return new EngineStores(parts, await openCqlSession({ settings: parts.store.cql, clock: systemClock }));
  }

  ownership(lost: (reason: string) => void): Ownership {
    const { node, group } = this.parts.config;
    const life = machineLife();
    return new CqlOwnership({
      session: this.session,
      group,
      clock: systemClock,
      holder: node,
      ...(life === undefined ? {} : { life }),
      epochInLog: async () => (await this.rows().readCheckpoint())?.epoch ?? 0,
      lost,
    });
  }

  async open(lease: Lease, hearer: StoreHearer): Promise<InboxStore> {
    const { bounds } = this.parts;
    const log = await this.openLog(lease, hearer);
    return await openDistributedStore({ log, rows: this.rows(), lease, clock: systemClock, bounds, ...hearer });
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  /** Asks again while Kafka is away: a core that gave up would come back to the same. */
  private async openLog(lease: Lease, hearer: StoreHearer): Promise<GroupLog> {
    const { config, store, telemetry } = this.parts;
    const topic = logTopicName(config);
    for (;;) {
      try {
        return await openKafkaLog({ settings: store.kafka, topic, telemetry, clock: systemClock, clientId: `iris-${config.node}` });
      } catch (error) {
        if (!(error instanceof IrisError) || error.code !== 'ENGINE_UNAVAILABLE' || !lease.isHeld) {
          await lease.release();
          throw error;
        }
        hearer.failed(error);
      }
      await new Promise<void>((resolve) => {
        systemClock.after(GROUP_RETRY_MS, resolve);
      });
    }
  }

  private rows(): GroupRows {
    const { config, store } = this.parts;
    const { inboxRetentionMs, outboxRetentionMs } = store;
    return openCqlRows({ session: this.session, group: config.group, inboxRetentionMs, outboxRetentionMs });
  }
}
