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
