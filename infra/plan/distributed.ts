import type { EnvironmentConfig } from '../../environments/environment.ts';
import type { RegionConfig } from '../../environments/region.ts';
import { LOG_REPLICAS, LOG_RETENTION_HOURS } from '../../runtime/contract/log-topic.ts';
import { BROKER_VOLUME_GIBIBYTES_MAX } from '../facts/aws-limits.ts';
import { findInstanceType } from '../facts/instance-types.ts';
import { storageFigures, trafficFigures } from './capacity.ts';
import { storeHost } from './names.ts';
import type { BusPlan, DirectoryPlan, InstanceTypes, StorePlan } from './plan.ts';
import { roundUp, roundUpToMultiple } from './sizing.ts';

/** Megabytes a second that one virtual CPU of a broker takes in: MSK’s 15.6 for two, which Express has for what producers send. */
export const BROKER_MEGABYTES_PER_CPU = 7.8;
/** How full a volume, a memory or a broker is planned (K9: 70 to 85 %). */
const PLANNED_FILL = 0.8;
/** Gibibytes below which a broker’s volume is not worth planning. */
const BROKER_VOLUME_MIN = 100;
/** Days of backups: each is a copy of a week’s messages. */
const BACKUP_DAYS = 2;
/** How far a broker’s volume may grow beyond its plan: room for a day’s outage of every consumer. */
const VOLUME_GROWTH_MAX = 2;
/** Bytes of a `session:{user}` entry with the server’s own overhead (R18). */
export const SESSION_BYTES = 1_024;
/** A Valkey cluster has three primaries at least, so that a majority survives one. */
const NODE_GROUPS_MIN = 3;
const DIRECTORY_REPLICAS = 1;

const GIBIBYTE = 2 ** 30;

export interface FleetNeed {
  readonly domain: string;
  readonly code: string;
  readonly dailyActiveUsers: number;
  readonly connections: number;
  readonly zones: number;
  readonly traffic: EnvironmentConfig['traffic'];
  readonly instanceTypes: InstanceTypes;
  readonly brokerKind: BusPlan['kind'];
  /** Counts stated in the environment win over what traffic asks for. */
  readonly stated: Pick<RegionConfig, 'brokers' | 'storeNodes' | 'storeReplaced' | 'directoryNodes'>;
}

/** Kafka brokers for the region’s peak with its copies, the same number in each zone. */
export function planBus(need: FleetNeed): BusPlan {
  const instanceType = need.instanceTypes.bus;
  const kind = need.brokerKind;
  const peak = trafficFigures(need.dailyActiveUsers, need.traffic).messagesPerSecondPeak;
  const megabytes = (peak * need.traffic.messageBytes * busCopies(kind)) / 1e6;
  const perBroker = (findInstanceType(instanceType)?.cpus ?? 1) * BROKER_MEGABYTES_PER_CPU * PLANNED_FILL;
  const brokers = need.stated.brokers ?? roundUpToMultiple(megabytes / perBroker, need.zones);
  const volume = brokerVolume(need, brokers);
  return {
    brokers,
    instanceType,
    kind,
    volumeGibibytes: Math.min(volume, BROKER_VOLUME_GIBIBYTES_MAX),
    volumeGibibytesMax: Math.min(volume * VOLUME_GROWTH_MAX, BROKER_VOLUME_GIBIBYTES_MAX),
  };
}

/** Gibibytes that each of so many brokers keeps, which may be more than a volume takes. */
export function brokerVolume(need: FleetNeed, brokers: number): number {
  const bytes = storageFigures(need.dailyActiveUsers, need.traffic).bytesPerDay * (LOG_RETENTION_HOURS / 24) * busCopies(need.brokerKind);
  return Math.max(BROKER_VOLUME_MIN, roundUp(bytes / brokers / PLANNED_FILL / GIBIBYTE));
}

/** Copies that count against a broker’s throughput and storage: Express brokers are rated and billed for what producers send. */
export function busCopies(kind: BusPlan['kind']): number {
  return kind === 'express' ? 1 : LOG_REPLICAS;
}

/** ScyllaDB nodes that hold the hot messages with their copies on local NVMe (C9), the same number in each zone. */
export function planStore(need: FleetNeed): StorePlan {
  const nodes = storeNodes(need);
  return {
    nodes,
    instanceType: need.instanceTypes.store,
    replicas: need.traffic.replicas,
    backupDays: BACKUP_DAYS,
    hosts: Array.from({ length: nodes }, (_, ordinal) => storeHost(need.domain, need.code, ordinal)),
    replaced: need.stated.storeReplaced,
  };
}

/** How many they are. */
export function storeNodes({ instanceTypes, traffic, dailyActiveUsers, zones, stated }: FleetNeed): number {
  const perNode = (findInstanceType(instanceTypes.store)?.nvmeGibibytes ?? 1) * GIBIBYTE * PLANNED_FILL;
  const least = Math.max(traffic.replicas, storageFigures(dailyActiveUsers, traffic).hotBytes / perNode);
  return stated.storeNodes ?? roundUpToMultiple(least, zones);
}

/** Valkey primaries for the region’s sessions, and a replica for each. */
export function planDirectory(need: FleetNeed): DirectoryPlan {
  const instanceType = need.instanceTypes.directory;
  const perNode = (findInstanceType(instanceType)?.memoryGibibytes ?? 1) * GIBIBYTE * PLANNED_FILL;
  const stated = need.stated.directoryNodes;
  const nodeGroups =
    stated === undefined
      ? Math.max(NODE_GROUPS_MIN, roundUp((need.connections * SESSION_BYTES) / perNode))
      : stated / (1 + DIRECTORY_REPLICAS);
  return { nodes: nodeGroups * (1 + DIRECTORY_REPLICAS), nodeGroups, replicasPerGroup: DIRECTORY_REPLICAS, instanceType };
}
