import { z } from 'zod';
import { type CqlSettings, cqlConfig } from './cql-settings.ts';
import { resolveHosts } from './host-list.ts';
import { type KafkaSettings, kafkaConfig } from './kafka-settings.ts';
import * as limits from './limits.ts';

const count = z.int().min(1);

const bounds = {
  /** Envelopes and bytes one inbox may hold, and the outbox to one group of another region; more is refused, nothing is dropped. */
  inboxEnvelopesMax: count.default(limits.INBOX_ENVELOPES_MAX),
  inboxBytesMax: count.default(limits.INBOX_BYTES_MAX),
  outboxEnvelopesMax: count.default(limits.OUTBOX_ENVELOPES_MAX),
  outboxBytesMax: count.default(limits.OUTBOX_BYTES_MAX),
  /** Milliseconds a message may wait in an inbox and in an outbox before it is taken out and reported. */
  inboxRetentionMs: z.int().min(1_000).default(limits.INBOX_RETENTION_MS),
  outboxRetentionMs: z.int().min(1_000).default(limits.OUTBOX_RETENTION_MS),
};

/** Where a core keeps what it has acknowledged. */
export const storeConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('embedded'),
    /** Folder of the log, inbox and outbox; one process at a time. Relative paths count from the config’s folder. */
    directory: z.string().min(1),
    ...bounds,
  }),
  z.strictObject({
    kind: z.literal('distributed'),
    /** The group’s log: a topic of its own. */
    kafka: kafkaConfig,
    /** The group’s rows and leases. */
    cql: cqlConfig,
    ...bounds,
  }),
]);

type Written = z.output<typeof storeConfig>;
export type EmbeddedStoreConfig = Extract<Written, { kind: 'embedded' }>;
export type DistributedStoreConfig = Omit<Extract<Written, { kind: 'distributed' }>, 'kafka' | 'cql'> & {
  readonly kafka: KafkaSettings;
  readonly cql: CqlSettings & { readonly replicas?: number | undefined };
};
/** As read: engines by name. */
export type StoreConfig = EmbeddedStoreConfig | DistributedStoreConfig;

/** @throws IrisError CONFIG_INVALID for a variable that names no servers */
export function resolveStore(store: Written, env: Readonly<Record<string, string | undefined>>): StoreConfig {
  if (store.kind === 'embedded') return store;
  const { kafka, cql } = store;
  return {
    ...store,
    kafka: { ...kafka, brokers: resolveHosts('store.kafka.brokers', kafka.brokers, env) },
    cql: { ...cql, contactPoints: resolveHosts('store.cql.contactPoints', cql.contactPoints, env) },
  };
}
