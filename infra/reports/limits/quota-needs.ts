import { findInstanceType } from '../../facts/instance-types.ts';
import { type QuotaName, SERVICE_QUOTAS } from '../../facts/service-quotas.ts';
import { spotEdges } from '../../plan/edge-scaling.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';
import { regionStackNames } from '../../plan/stack-names.ts';

/** What an environment takes of one quota, at the most its autoscaling may grow to. */
export interface QuotaNeed {
  readonly account: string;
  readonly awsRegion: string;
  readonly quota: QuotaName;
  readonly service: string;
  readonly code: string | null;
  readonly name: string;
  readonly need: number;
  readonly have: number;
  /** Where `have` comes from: the account itself, the environment’s `quotas`, or a new account’s default. */
  readonly source: 'live' | 'declared' | 'default';
}

/** Every quota of every account and AWS region that the environment uses, those of one place together. */
export function quotaNeeds(plan: Plan): QuotaNeed[] {
  const places = new Map<string, RegionPlan[]>();
  for (const region of plan.regions) {
    const key = `${region.account} ${region.awsRegion}`;
    places.set(key, [...(places.get(key) ?? []), region]);
  }
  return [...places.values()].flatMap((regions) => {
    const { account, awsRegion } = regions[0] as RegionPlan;
    const declared = plan.config.quotas;
    return Object.entries(needsOf(plan, regions)).flatMap(([name, need]) => {
      const quota = name as QuotaName;
      const facts = SERVICE_QUOTAS[quota];
      const stated = facts.code === null ? undefined : declared[facts.code];
      const source = stated === undefined ? 'default' : 'declared';
      return need === 0 ? [] : [{ account, awsRegion, quota, ...facts, need, have: stated ?? facts.have, source } as const];
    });
  });
}

function needsOf(plan: Plan, regions: readonly RegionPlan[]): Record<QuotaName, number> {
  const sum = (figure: (region: RegionPlan) => number) => Math.ceil(regions.reduce((total, region) => total + figure(region), 0));
  return {
    onDemandCpus: sum((region) => onDemandCpus(region)),
    spotCpus: sum(({ edgesMax, edgeSpotShare, instanceTypes }) => spotEdges(edgesMax, edgeSpotShare) * cpus(instanceTypes.edge)),
    addresses: sum(({ bus, zoneIds }) => (bus === null ? 0 : zoneIds.length)),
    scalingGroups: sum(({ shardGroups }) => shardGroups + 1),
    loadBalancers: regions.length,
    targetsPerZone: Math.max(...regions.map(({ edgesMax, zoneIds }) => Math.ceil(edgesMax / Math.max(1, zoneIds.length)))),
    networks: regions.length,
    brokers: sum(({ bus }) => bus?.brokers ?? 0),
    cacheNodes: sum(({ directory }) => directory?.nodes ?? 0),
    stacks: sum((region) => regionStackNames(plan, region).length),
  };
}

function onDemandCpus({ edgesMax, edgeSpotShare, cores, store, instanceTypes }: RegionPlan): number {
  const edges = (edgesMax - spotEdges(edgesMax, edgeSpotShare)) * cpus(instanceTypes.edge);
  return edges + cores * cpus(instanceTypes.core) + (store === null ? 0 : store.nodes * cpus(store.instanceType));
}

function cpus(instanceType: string): number {
  return findInstanceType(instanceType)?.cpus ?? 0;
}
