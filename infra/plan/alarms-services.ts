import type { AlarmPlan } from './alarm-plan.ts';
import { alarm } from './alarm-rows.ts';
import type { BusPlan, RegionPlan } from './plan.ts';

/**
 * What AWS says of machines, volumes and data services, by Metrics Insights: one alarm watches every member, those of tomorrow too. A query
 * over machines or volumes sees all of the account and AWS region, Iris’s or not.
 */
export function serviceAlarms(region: RegionPlan): AlarmPlan[] {
  return [
    query('nodes-impaired', 'EC2 finds a machine or its network impaired', {
      query: 'SELECT MAX(StatusCheckFailed) FROM SCHEMA("AWS/EC2", InstanceId)',
      threshold: 0,
      unit: 'machines',
      pages: false,
    }),
    ...(region.bus === null && region.store === null
      ? [
          query('volumes-behind', 'requests pile up at a volume', {
            query: 'SELECT MAX(VolumeQueueLength) FROM SCHEMA("AWS/EBS", VolumeId)',
            threshold: 64,
            unit: 'requests',
          }),
        ]
      : []),
    ...(region.bus === null ? [] : busAlarms(region.bus, region.names.bus)),
    ...(region.directory === null ? [] : directoryAlarms()),
  ];
}

interface QueryRow {
  readonly query: string;
  readonly threshold: number;
  readonly unit: string;
  readonly pages?: boolean;
}

function query(key: string, says: string, row: QueryRow): AlarmPlan {
  const { threshold, unit, pages = true } = row;
  return alarm({ key, signal: 'service', says, figures: { all: { from: 'query', query: row.query } }, threshold, unit, pages });
}

function busAlarms({ kind }: BusPlan, cluster: string): AlarmPlan[] {
  const brokers = (metric: string) =>
    `SELECT MAX(${metric}) FROM SCHEMA("AWS/Kafka", "Broker ID", "Cluster Name") WHERE "Cluster Name" = '${cluster}'`;
  return [
    query('bus-cpu-over', 'a broker has too little processor left to lose another', {
      query: brokers('CpuUser'),
      threshold: 60,
      unit: '%',
    }),
    // Express brokers have no disk that could be full.
    ...(kind === 'express'
      ? []
      : [
          query('bus-disk-full', 'the disk of a broker is nearly full', {
            query: brokers('KafkaDataLogsDiskUsed'),
            threshold: 85,
            unit: '%',
          }),
        ]),
    query('bus-under-replicated', 'partitions lack a copy', {
      query: brokers('UnderReplicatedPartitions'),
      threshold: 0,
      unit: 'partitions',
      pages: false,
    }),
    alarm({
      key: 'bus-offline',
      signal: 'service',
      says: 'partitions of the bus have no leader',
      figures: {
        offline: {
          from: 'aws',
          namespace: 'AWS/Kafka',
          metric: 'OfflinePartitionsCount',
          dimensions: { 'Cluster Name': cluster },
          statistic: 'Maximum',
        },
      },
      threshold: 0,
      unit: 'partitions',
    }),
  ];
}

/** D8: above 80 % of memory or 800,000 operations a second and node it has to grow. Both are counted a minute. */
const DIRECTORY_OPERATIONS_PER_MINUTE = 800_000 * 60;

function directoryAlarms(): AlarmPlan[] {
  const nodes = (metric: string) => `SELECT MAX(${metric}) FROM SCHEMA("AWS/ElastiCache", CacheClusterId, CacheNodeId)`;
  return [
    query('directory-memory-full', 'a node of the session directory is nearly full', {
      query: nodes('DatabaseMemoryUsagePercentage'),
      threshold: 80,
      unit: '%',
    }),
    query('directory-operations-over', 'a node of the session directory does more than it is good for', {
      query: nodes('SetTypeCmds'),
      threshold: DIRECTORY_OPERATIONS_PER_MINUTE,
      unit: 'operations a minute',
      pages: false,
    }),
    query('directory-behind', 'a copy of the session directory is more than a second behind', {
      query: nodes('ReplicationLag'),
      threshold: 1,
      unit: 's',
      pages: false,
    }),
  ];
}
