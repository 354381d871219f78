import { findInstanceType } from '../../facts/instance-types.ts';
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
  const uses: LayerUse[] = [
    { layer: 'edge', of: 'connections', share: totals.concurrentConnections / (totals.edges * config.connectionsPerEdge) },
    { layer: 'core', of: 'daily users of the shards', share: totals.dailyActiveUsers / (totals.shards * config.usersPerShard) },
  ];
  if (plan.foundation === 'embedded') return uses;
  const share = (load: (region: RegionPlan) => number, room: (region: RegionPlan) => number) => sum(regions, load) / sum(regions, room);
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
