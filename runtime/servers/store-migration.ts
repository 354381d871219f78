import { systemClock } from '../adapters/clock-system.ts';
import { systemDisk } from '../adapters/disk-system.ts';
import { openLogStore } from '../adapters/inbox-store-log.ts';
import { storeOwnership } from '../adapters/store-ownership.ts';
import { IrisError } from '../contract/errors.ts';
import { OWNERSHIP_LEASE_MS, STANDBY_POLL_MS } from '../contract/limits.ts';
import { logTopicName } from '../contract/log-topic.ts';
import type { DistributedStoreConfig } from '../contract/store-config.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { Lease, Ownership } from '../ports/ownership.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { boundsOf } from './core-stores.ts';
import { EngineStores } from './engine-stores.ts';
import { type CopyProgress, copyStore } from './store-copy.ts';

/** How much longer than a lease counts one is waited for whose holder was killed. */
const LEASE_WAIT_MS = 2 * OWNERSHIP_LEASE_MS;

export interface GroupMigration {
  readonly environment: string;
  readonly group: string;
  /** Of the group’s embedded store. */
  readonly directory: string;
  readonly store: DistributedStoreConfig;
  /** Names the migration where the group’s lease stands, so that its own beginning is told from what others have written. */
  readonly holder: string;
  /** How far runs before have come with the group, if they wrote to the same place. */
  readonly reached: 'begun' | 'done' | undefined;
  /** Called before the first write, once it is known that nothing was there. Has to be kept before it returns. */
  readonly begun: () => void;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  readonly told: (progress: Readonly<CopyProgress>) => void;
}

/**
 * Copies what one group keeps from its folder to Kafka and a CQL store, under the leases of both. The folder’s store stays as it is. Ended at any moment,
 * it goes on when it is called again with the same `holder`.
 * @returns what was copied; undefined when that had been done
 * @throws IrisError ENGINE_INVALID when the group has been served there, or holds something that is not of this migration; STATE_IN_USE, STORE_FAILED,
 * OWNERSHIP_LOST
 */
export async function migrateGroup(migration: GroupMigration): Promise<CopyProgress | undefined> {
  const { environment, group, store, holder, reached, telemetry } = migration;
  const config = { environment, group, node: holder };
  const engines = await EngineStores.open({ config, store, bounds: boundsOf(store), telemetry });
  try {
    const last = await engines.lastHolder();
    if (last !== undefined && last !== holder) throw notEmpty(migration, `was last served by ${last}`);
    const known = last === holder ? reached : undefined;
    return known === 'done' ? undefined : await copyGroup(migration, engines, known === undefined);
  } finally {
    await engines.close();
  }
}

async function copyGroup(migration: GroupMigration, engines: EngineStores, isFirst: boolean): Promise<CopyProgress> {
  const { directory, telemetry, signal, told } = migration;
  // A commit that lost its lease is never answered, and one waits while an engine is away.
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  signal.addEventListener('abort', () => ended.reject(signal.reason), { once: true });
  const lost = (reason: string) => ended.reject(new IrisError('OWNERSHIP_LOST', reason));
  const hearer = {
    failed: (error: unknown) => telemetry.log.warn('store-upkeep-failed', { reason: String(error) }),
    broken: (reason: string) => ended.reject(new IrisError('STORE_FAILED', reason)),
    lost,
  };
  const embedded = storeOwnership(directory, { disk: systemDisk, clock: systemClock, holder: 'iris migrate', lost });
  const source = await openLogStore(directory, { ...hearer, lease: await leaseOf(embedded, signal) });
  let target: InboxStore | undefined;
  try {
    const lease = await leaseOf(engines.ownership(lost), signal);
    target = await engines.open(lease, hearer);
    if (isFirst) {
      await checkEmpty(migration, target);
      migration.begun();
    }
    return await Promise.race([copyStore({ source, target, signal, told }), ended.promise]);
  } finally {
    await target?.close();
    await source.close();
  }
}

/** @throws IrisError STATE_IN_USE when another keeps it */
async function leaseOf(ownership: Ownership, signal: AbortSignal): Promise<Lease> {
  for (const startMs = systemClock.monotonicMs(); ; ) {
    const acquired = await ownership.acquire();
    if (acquired.kind === 'held') return acquired.lease;
    if (systemClock.monotonicMs() - startMs > LEASE_WAIT_MS) {
      throw new IrisError('STATE_IN_USE', `the group is held by ${acquired.holder} in epoch ${acquired.epoch}; stop it first`);
    }
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      systemClock.after(STANDBY_POLL_MS, resolve);
    });
  }
}

async function checkEmpty(migration: GroupMigration, target: InboxStore): Promise<void> {
  const { inboxes, outboxes, parked } = await target.counts();
  const holdsSomething = target.firstPosition > 1 || inboxes + parked + Object.keys(outboxes).length > 0;
  if (holdsSomething) throw notEmpty(migration, 'has something');
}

function notEmpty(migration: GroupMigration, why: string): IrisError {
  const { group, store } = migration;
  return new IrisError(
    'ENGINE_INVALID',
    `${group} ${why} there, so it is not copied over that; drop keyspace ${store.cql.keyspace} and topic ${logTopicName(migration)}, or name other servers`,
  );
}
