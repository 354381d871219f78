/** Spot instances among so many edges, as the Auto Scaling group mixes them: one is on demand, and the others are rounded in favour of it. */
export function spotEdges(edges: number, spotShare: number): number {
  return Math.floor((edges - 1) * spotShare);
}

/** When a region’s edges grow and shrink, by the averages of its nodes. */
export interface EdgeScalingPlan {
  readonly connectionsHigh: number;
  readonly connectionsLow: number;
  /** Percent of all processors of a node. */
  readonly cpuHigh: number;
  readonly cpuLow: number;
}

/** Fewest and most seconds of a load balancer’s deregistration: clients of v1 know no GOAWAY and come back on their own; ELB allows an hour. */
const DEREGISTRATION_SECONDS = { min: 120, max: 3_600 };
/** Seconds after a drain for what it closed last to be gone. */
const DRAIN_MARGIN_SECONDS = 60;

export function deregistrationSeconds(drainTimeoutMs: number): number {
  const seconds = Math.ceil(drainTimeoutMs / 1_000) + DRAIN_MARGIN_SECONDS;
  return Math.min(DEREGISTRATION_SECONDS.max, Math.max(DEREGISTRATION_SECONDS.min, seconds));
}

/**
 * O3: up above 45,000 of the 50,000 connections that S3’s servers hold or 70 % CPU, down below 30,000 and 40 %; of one processor, since an
 * edge is one event loop.
 */
const HIGH = { connectionsShare: 0.9, cpu: 70 };
const LOW = { connectionsShare: 0.6, cpu: 40 };

interface EdgeScalingNeed {
  readonly min: number;
  readonly max: number;
  readonly connectionsPerEdge: number;
  /** Processors of an edge’s machine. */
  readonly cpus: number;
}

/**
 * O3’s thresholds for edges of `connectionsPerEdge`; null where the fleet may not grow. In a fleet that may be so small that one node more
 * changes the average by more than the gap between them, the low ones are lower: what a node has when the smallest fleet has just grown.
 */
export function planEdgeScaling({ min, max, connectionsPerEdge, cpus }: EdgeScalingNeed): EdgeScalingPlan | null {
  if (max <= min) return null;
  const connectionsHigh = Math.max(1, Math.floor(connectionsPerEdge * HIGH.connectionsShare));
  const cpuHigh = hundredths(HIGH.cpu / cpus);
  const least = (high: number) => (high * min) / (min + 1);
  return {
    connectionsHigh,
    connectionsLow: Math.floor(Math.min(connectionsPerEdge * LOW.connectionsShare, least(connectionsHigh))),
    cpuHigh,
    cpuLow: hundredths(Math.min(LOW.cpu / cpus, least(cpuHigh))),
  };
}

/** Whole per cents would be none of a machine with a hundred processors. */
function hundredths(percent: number): number {
  return Math.floor(percent * 100) / 100;
}
