import type { EnvironmentConfig } from '../../environments/environment.ts';
import { roundUp } from './sizing.ts';

type TrafficParameters = EnvironmentConfig['traffic'];

/** What the seeds’ calculator answers (S2 §7). */
export interface CapacityFigures {
  readonly concurrentUsers: number;
  readonly edges: number;
  readonly shards: number;
  readonly cores: number;
  readonly regions: number;
}

/** K1 and C1: the calculator as the seeds wrote it, with `+ 1`, and with its corrections: rounded up, two edges at least, safety factor. */
export interface CapacityPlan {
  readonly seeds: CapacityFigures;
  readonly corrected: CapacityFigures;
  readonly traffic: TrafficFigures;
  readonly storage: StorageFigures;
  readonly throughput: ThroughputFigures;
}

export interface TrafficFigures {
  readonly messagesPerDay: number;
  readonly messagesPerSecondAverage: number;
  readonly messagesPerSecondPeak: number;
}

/** C9: rate × retention × copies ÷ compression, in bytes. */
export interface StorageFigures {
  readonly bytesPerDay: number;
  readonly bytesPerYear: number;
  /** What the hot store holds, copies included. */
  readonly hotBytes: number;
}

/** K2 and C6: cores for a billion messages to one receiver in a minute. */
export interface ThroughputFigures {
  readonly messagesPerSecond: number;
  readonly microsPerMessage: number;
  /** Cores when every one is 100 % busy: the seeds’ 236. */
  readonly cores: number;
  readonly nodes: number;
  /** Cores at `utilization`, and the nodes they make with two spare. */
  readonly utilization: number;
  readonly correctedCores: number;
  readonly correctedNodes: number;
  /** Buckets of the receiver’s inbox by the seeds’ 100 and by the measured limit of one key (C10). */
  readonly seedBuckets: number;
  readonly writesPerSecondPerKey: number;
  readonly correctedBuckets: number;
}

/** What the calculator is asked; the seeds’ defaults are 0.1, 100,000, 100,000 and 50. */
export interface CapacityQuestion {
  readonly dailyActiveUsers: number;
  readonly peakConcurrentShare: number;
  readonly connectionsPerEdge: number;
  readonly usersPerShard: number;
  readonly edgesPerRegion: number;
  readonly safetyFactor: number;
}

/** Edges per region in the seeds’ calculator (K1). */
export const SEED_EDGES_PER_REGION = 50;
/** Cores of a shard: the seeds give every shard a primary and a replica of its own; plans share them among a group’s shards (C13). */
const SEED_CORES_PER_SHARD = 2;

/** The calculator of S2 §7, line by line: `// + 1` throughout, so a full last machine buys another one. */
export function seedFigures(question: CapacityQuestion): CapacityFigures {
  const concurrentUsers = Math.trunc(question.dailyActiveUsers * question.peakConcurrentShare);
  const edges = Math.floor(concurrentUsers / question.connectionsPerEdge) + 1;
  const shards = Math.floor(question.dailyActiveUsers / question.usersPerShard) + 1;
  return { concurrentUsers, edges, shards, cores: shards * SEED_CORES_PER_SHARD, regions: Math.floor(edges / question.edgesPerRegion) + 1 };
}

/** The same with C1’s corrections; at a safety factor of 1 it gives the table that the seeds print. */
export function correctedFigures(question: CapacityQuestion): CapacityFigures {
  const concurrentUsers = Math.round(question.dailyActiveUsers * question.peakConcurrentShare);
  const edges = Math.max(2, roundUp((concurrentUsers * question.safetyFactor) / question.connectionsPerEdge));
  const shards = Math.max(1, roundUp((question.dailyActiveUsers * question.safetyFactor) / question.usersPerShard));
  return { concurrentUsers, edges, shards, cores: shards * SEED_CORES_PER_SHARD, regions: roundUp(edges / question.edgesPerRegion) };
}

export function trafficFigures(dailyActiveUsers: number, traffic: TrafficParameters): TrafficFigures {
  const messagesPerDay = dailyActiveUsers * traffic.messagesPerUserPerDay;
  const average = messagesPerDay / 86_400;
  return {
    messagesPerDay,
    messagesPerSecondAverage: Math.round(average),
    messagesPerSecondPeak: Math.round(average * traffic.peakToAverage),
  };
}

export function storageFigures(dailyActiveUsers: number, traffic: TrafficParameters): StorageFigures {
  const bytesPerDay = dailyActiveUsers * traffic.messagesPerUserPerDay * traffic.messageBytes;
  const hotBytes = Math.round((bytesPerDay * traffic.retentionDays * traffic.replicas) / traffic.compressionRatio);
  return { bytesPerDay, bytesPerYear: bytesPerDay * 365, hotBytes };
}

/** One receiver’s minute of a billion messages (S0 §3, B5) on 64-core machines; Graviton has no second thread per core (C6). */
export function throughputFigures(): ThroughputFigures {
  const messages = 1_000_000_000;
  const [seconds, microsPerMessage, coresPerNode, spareNodes, utilization] = [60, 14.16, 64, 2, 0.7];
  const cores = Math.round((messages * microsPerMessage) / 1e6 / seconds);
  const correctedCores = Math.round(cores / utilization);
  const messagesPerSecond = Math.floor(messages / seconds);
  const writesPerSecondPerKey = 15_000;
  return {
    messagesPerSecond,
    microsPerMessage,
    cores,
    nodes: Math.ceil(cores / coresPerNode) + spareNodes,
    utilization,
    correctedCores,
    correctedNodes: Math.ceil(correctedCores / coresPerNode) + spareNodes,
    seedBuckets: 100,
    writesPerSecondPerKey,
    correctedBuckets: Math.ceil(messagesPerSecond / writesPerSecondPerKey),
  };
}
