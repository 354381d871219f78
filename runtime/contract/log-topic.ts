import { LOG_BATCH_BYTES_MAX } from './limits.ts';

/** Kafka topics of the groups’ logs: one table for who makes and checks them and for the cluster that is deployed. */

/**
 * Hours that entries are kept. The rows follow the log within seconds, so it is the longest outage of the CQL store over which cores may be started
 * anew without loss; brokers’ volumes are planned for as long.
 */
export const LOG_RETENTION_HOURS = 24;
/** Copies of each log, and fewest that must have an entry before it is acknowledged: one broker may fail, and D2q holds. */
export const LOG_REPLICAS = 3;
export const LOG_REPLICAS_IN_SYNC_MIN = 2;
/** Bytes and milliseconds after which a log begins a new file: retention removes whole files. */
const SEGMENT_BYTES = 256 * 1_048_576;
const SEGMENT_MS = 3_600_000;
const HOUR_MS = 3_600_000;

/** A log’s topic. A group is in one region, and each region has a cluster of its own. */
export function logTopicName({ environment, group }: { readonly environment: string; readonly group: string }): string {
  return `iris.${environment}.${group}`;
}

/** How many copies acknowledge: all but one, so that one broker may fail. */
export function replicasInSync(replicas: number): number {
  return Math.max(1, replicas - 1);
}

export interface TopicSetting {
  /** As Kafka knows it. */
  readonly name: string;
  readonly value: string;
  /** What another value costs: with `equal` or less than `least` messages, so it is refused; with `free` space or time, so it is the cluster’s operator’s. */
  readonly rule: 'equal' | 'least' | 'free';
}

/** What a log’s topic is made with, and held against. */
export function logTopicSettings(replicas: number): readonly TopicSetting[] {
  return [
    // D2q: an acknowledged entry is on as many brokers.
    { name: 'min.insync.replicas', value: String(replicasInSync(replicas)), rule: 'least' },
    // A copy that misses entries is never made the one that counts (L1).
    { name: 'unclean.leader.election.enable', value: 'false', rule: 'equal' },
    // Compaction would take entries for versions of each other.
    { name: 'cleanup.policy', value: 'delete', rule: 'equal' },
    { name: 'max.message.bytes', value: String(LOG_BATCH_BYTES_MAX), rule: 'least' },
    { name: 'retention.ms', value: String(LOG_RETENTION_HOURS * HOUR_MS), rule: 'least' },
    { name: 'retention.bytes', value: '-1', rule: 'equal' },
    // Age by the brokers’ clocks: by an owner’s wrong one, entries would go too early.
    { name: 'message.timestamp.type', value: 'LogAppendTime', rule: 'free' },
    // As the owner sent them: envelopes travel unopened.
    { name: 'compression.type', value: 'producer', rule: 'free' },
    { name: 'segment.bytes', value: String(SEGMENT_BYTES), rule: 'free' },
    { name: 'segment.ms', value: String(SEGMENT_MS), rule: 'free' },
  ];
}

/** Whether a topic that has `value` keeps what the setting is for; -1 is without end. */
export function keepsSetting({ value: wanted, rule }: TopicSetting, value: string): boolean {
  if (rule === 'free' || value === wanted) return true;
  return rule === 'least' && (value === '-1' || Number(value) >= Number(wanted));
}
