import { PING_INTERVAL_MS } from '../../../runtime/contract/limits.ts';
import { findInstanceType } from '../../facts/instance-types.ts';
import {
  CORE_BASE_BYTES,
  CORE_MESSAGE_MICROS,
  CORE_READER_BYTES,
  CORE_WAITING_BYTES_PER_USER,
  EDGE_BASE_BYTES,
  EDGE_CONNECTION_BYTES,
  EDGE_HEARTBEAT_MICROS,
  EDGE_MESSAGE_MICROS,
} from '../../facts/measured-needs.ts';
import { storageFigures, trafficFigures } from '../../plan/capacity.ts';
import { BROKER_MEGABYTES_PER_CPU, busCopies, SESSION_BYTES } from '../../plan/distributed.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';

/** How much of what a layer’s machines can hold or do is used at the peak, by the figures that the plan is made of. */
export interface LayerUse {
  readonly layer: 'edge' | 'core' | 'bus' | 'store' | 'directory';
  /** What is compared. */
  readonly of: string;
  /** 0 to 1, over all regions. */
  readonly share: number;
}

const GIBIBYTE = 2 ** 30;

/** Below 70 % a layer is larger than its load (K9). */
export function useOf(plan: Plan): LayerUse[] {
  const { regions, config, totals } = plan;
  const share = (load: (region: RegionPlan) => number, room: (region: RegionPlan) => number) => sum(regions, load) / sum(regions, room);
  const uses: LayerUse[] = [
    { layer: 'edge', of: 'connections', share: totals.concurrentConnections / (totals.edges * config.connectionsPerEdge) },
    { layer: 'edge', of: 'bytes in memory, as measured', share: share(edgeBytes, memoryOf('edge')) },
    {
      layer: 'edge',
      of: 'one processor, as measured',
      share: share(
        (region) => edgeMicros(plan, region),
        ({ edges }) => edges * 1e6,
      ),
    },
    { layer: 'core', of: 'daily users of the shards', share: totals.dailyActiveUsers / (totals.shards * config.usersPerShard) },
    { layer: 'core', of: 'bytes in memory, as measured', share: share(coreBytes, memoryOf('core')) },
    {
      layer: 'core',
      of: 'one processor, as measured',
      share: share(
        (region) => messagesAtPeak(plan, region) * CORE_MESSAGE_MICROS,
        ({ shardGroups }) => shardGroups * 1e6,
      ),
    },
  ];
  if (plan.foundation === 'embedded') return uses;
  return [
    ...uses,
    { layer: 'bus', of: 'megabytes a second at the peak', share: share((region) => busLoad(plan, region), busRoom) },
    {
      layer: 'store',
      of: 'bytes on NVMe',
      share: share((region) => storageFigures(region.dailyActiveUsers, config.traffic).hotBytes, storeRoom),
    },
    { layer: 'directory', of: 'bytes in memory', share: share(({ connections }) => connections * SESSION_BYTES, directoryRoom) },
  ];
}

const messagesAtPeak = ({ config }: Plan, { dailyActiveUsers }: RegionPlan) =>
  trafficFigures(dailyActiveUsers, config.traffic).messagesPerSecondPeak;

function memoryOf(fleet: 'edge' | 'core') {
  return ({ edges, shardGroups, instanceTypes }: RegionPlan) =>
    (fleet === 'edge' ? edges : shardGroups) * (findInstanceType(instanceTypes[fleet])?.memoryGibibytes ?? 0) * GIBIBYTE;
}

function edgeBytes({ edges, connections }: RegionPlan): number {
  return edges * EDGE_BASE_BYTES + connections * EDGE_CONNECTION_BYTES;
}

/** Of the owners; a standby has the same machine and waits. */
function coreBytes({ shardGroups, connections, dailyActiveUsers }: RegionPlan): number {
  return shardGroups * CORE_BASE_BYTES + connections * CORE_READER_BYTES + dailyActiveUsers * CORE_WAITING_BYTES_PER_USER;
}

/** An edge is one event loop: what it cannot do in one processor it cannot do. */
function edgeMicros(plan: Plan, region: RegionPlan): number {
  const heartbeats = region.connections / (PING_INTERVAL_MS / 1_000);
  return messagesAtPeak(plan, region) * EDGE_MESSAGE_MICROS + heartbeats * EDGE_HEARTBEAT_MICROS;
}

function busLoad({ config }: Plan, { bus, dailyActiveUsers }: RegionPlan): number {
  return (
    (trafficFigures(dailyActiveUsers, config.traffic).messagesPerSecondPeak *
      config.traffic.messageBytes *
      (bus === null ? 0 : busCopies(bus.kind))) /
    1e6
  );
}

function busRoom({ bus }: RegionPlan): number {
  return bus === null ? 0 : bus.brokers * (findInstanceType(bus.instanceType)?.cpus ?? 0) * BROKER_MEGABYTES_PER_CPU;
}

function storeRoom({ store }: RegionPlan): number {
  return store === null ? 0 : store.nodes * (findInstanceType(store.instanceType)?.nvmeGibibytes ?? 0) * GIBIBYTE;
}

function directoryRoom({ directory }: RegionPlan): number {
  return directory === null ? 0 : directory.nodeGroups * (findInstanceType(directory.instanceType)?.memoryGibibytes ?? 0) * GIBIBYTE;
}

function sum(regions: readonly RegionPlan[], figure: (region: RegionPlan) => number): number {
  return regions.reduce((total, region) => total + figure(region), 0);
}
