import type { Environment, EnvironmentConfig } from '../../environments/environment.ts';
import { SLOTS } from '../../runtime/contract/limits.ts';
import {
  type CapacityPlan,
  correctedFigures,
  SEED_EDGES_PER_REGION,
  seedFigures,
  storageFigures,
  throughputFigures,
  trafficFigures,
} from './capacity.ts';
import { resolveEnvironment } from './check-environment.ts';
import { globalNames } from './names.ts';
import type { AlertPlan, Plan, PlanTotals, RegionPlan } from './plan.ts';
import { apartFrom, planJoins } from './region-joins.ts';
import { planRegion } from './region-plan.ts';

/**
 * Environment → plan: pure, and quick enough to do at every start (planet: milliseconds). The slot table is not built here;
 * `slotMapOf` does that.
 * @throws IrisError ENVIRONMENT_INVALID with every problem of the environment, one per line.
 */
export function createPlan(environment: Environment): Plan {
  const config = resolveEnvironment(environment);
  const regions = planRegions(config);
  const totals = totalsOf(config, regions);
  const leaving = config.regions.filter(({ leaves }) => leaves).map((region) => planRegion(config, region, 0));
  return {
    environment: config.name,
    domain: config.domain,
    runsIn: config.runsIn,
    foundation: config.foundation,
    geoRouting: config.geoRouting,
    globalRegion: config.globalRegion,
    hostedZoneId: config.hostedZoneId ?? null,
    globalAccount: config.globalAccount,
    accounts: accountsOf(config),
    totals,
    regions,
    leaving,
    regionJoin: config.regionJoin,
    apart: apartFrom(config.regionJoin, regions),
    joins: planJoins(config.regionJoin, [...regions, ...leaving]),
    slotMap: {
      version: config.slotMapVersion,
      slots: SLOTS,
      shards: totals.shards,
      slotsPerShardMin: Math.floor(SLOTS / totals.shards),
      slotsPerShardMax: Math.ceil(SLOTS / totals.shards),
      groups: totals.shardGroups,
    },
    capacity: capacityOf(config),
    names: globalNames(config.name, config.domain),
    alerts: { pager: alertOf(config, 'pager'), reader: alertOf(config, 'reader') },
    authentication: { issuer: config.authentication.issuer ?? `https://${config.domain}`, audience: config.authentication.audience },
    config,
  };
}

/** Declared ones count before a region is in them: what they trust is deployed ahead of it. */
function accountsOf({ globalAccount, accounts }: EnvironmentConfig): string[] {
  const others = Object.keys(accounts).toSorted();
  return others.length === 0 ? [] : [globalAccount, ...others];
}

function alertOf({ name, alerts }: EnvironmentConfig, who: 'pager' | 'reader'): AlertPlan | null {
  const protocol = alerts[who];
  return protocol === 'none' ? null : { protocol, endpointParameter: `/iris/${name}/${who}-endpoint` };
}

function planRegions(config: EnvironmentConfig): RegionPlan[] {
  let next = 0;
  const staying = config.regions.filter(({ leaves }) => !leaves);
  return staying.map((region) => {
    const plan = planRegion(config, region, region.firstShard ?? next);
    next = plan.firstShard + plan.shards;
    return plan;
  });
}

function totalsOf(config: EnvironmentConfig, regions: readonly RegionPlan[]): PlanTotals {
  const sum = (figure: (region: RegionPlan) => number) => regions.reduce((total, region) => total + figure(region), 0);
  return {
    regions: regions.length,
    edges: sum((region) => region.edges),
    cores: sum((region) => region.cores),
    shardGroups: sum((region) => region.shardGroups),
    shards: sum((region) => region.shards),
    concurrentConnections: sum((region) => region.connections),
    dailyActiveUsers: config.dailyActiveUsers,
    brokers: sum((region) => region.bus?.brokers ?? 0),
    storeNodes: sum((region) => region.store?.nodes ?? 0),
    directoryNodes: sum((region) => region.directory?.nodes ?? 0),
  };
}

function capacityOf(config: EnvironmentConfig): CapacityPlan {
  const question = { ...config, edgesPerRegion: SEED_EDGES_PER_REGION };
  return {
    seeds: seedFigures(question),
    corrected: correctedFigures(question),
    traffic: trafficFigures(config.dailyActiveUsers, config.traffic),
    storage: storageFigures(config.dailyActiveUsers, config.traffic),
    throughput: throughputFigures(),
  };
}
