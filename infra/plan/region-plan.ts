import type { EnvironmentConfig } from '../../environments/environment.ts';
import type { RegionConfig } from '../../environments/region.ts';
import { DRAIN_TIMEOUT_MS } from '../../runtime/contract/limits.ts';
import { EDGES_PER_ZONE_MAX } from '../facts/aws-limits.ts';
import { AWS_REGIONS } from '../facts/aws-regions.ts';
import { findInstanceType } from '../facts/instance-types.ts';
import { type Cidr, parseCidr } from './cidr.ts';
import { type FleetNeed, planBus, planDirectory, planStore } from './distributed.ts';
import { deregistrationSeconds, planEdgeScaling } from './edge-scaling.ts';
import {
  coreNodeName,
  domainOf,
  edgeHostOf,
  endpointHostOf,
  globalNames,
  groupAddress,
  groupId,
  regionAddresses,
  regionNames,
} from './names.ts';
import type { GroupPlan, InstanceTypes, RegionPlan } from './plan.ts';
import { type RegionSize, roundUp, shardsOfGroups, sizeRegion } from './sizing.ts';
import { subnetsOf } from './subnets.ts';

/**
 * Cores of a group. The embedded foundation keeps no second copy, so a group is one node and a volume that its successor re-attaches;
 * with the distributed one a standby waits (design §7).
 */
export const CORES_PER_GROUP = { embedded: 1, distributed: 2 } as const;

/** Everything about one region, from the environment’s fields and its own; `firstShard` is all it learns from the list. */
export function planRegion(config: EnvironmentConfig, region: RegionConfig, firstShard: number): RegionPlan {
  const size = sizeRegion(config, region);
  const zoneIds = zonesOf(config, region);
  const instanceTypes = instanceTypesOf(config, region);
  const coresPerGroup = CORES_PER_GROUP[config.foundation];
  const accountZone = config.accounts[region.account] ?? null;
  const domain = domainOf(config, { accountZone });
  const groups = groupsOf({ domain, code: region.code, coresPerGroup, zoneIds, size, firstShard });
  const edgesFit = Math.max(size.edges, EDGES_PER_ZONE_MAX * Math.max(1, zoneIds.length));
  const edgesMax = Math.min(roundUp(size.edges * config.edgeGrowthMax), edgesFit);
  return {
    code: region.code,
    awsRegion: region.awsRegion,
    account: region.account === 'current' ? config.globalAccount : region.account,
    accountZone,
    zoneIds,
    cidr: region.cidr,
    subnets: subnetsOf(parseCidr(region.cidr) as Cidr, zoneIds),
    serves: region.serves,
    clientCertificate: certificateOf(config, region),
    edges: size.edges,
    edgesMin: size.edges,
    edgesMax,
    edgeScaling: planEdgeScaling({
      min: size.edges,
      max: edgesMax,
      connectionsPerEdge: config.connectionsPerEdge,
      cpus: findInstanceType(instanceTypes.edge)?.cpus ?? 1,
    }),
    edgeDeregistrationSeconds: deregistrationSeconds(config.limits.drainTimeoutMs ?? DRAIN_TIMEOUT_MS),
    edgeSpotShare: config.edgeSpotShare,
    cores: size.shardGroups * coresPerGroup,
    coresPerGroup,
    shardGroups: size.shardGroups,
    shards: size.shards,
    firstShard,
    connections: size.connections,
    dailyActiveUsers: size.dailyActiveUsers,
    groups,
    instanceTypes,
    amiId: region.amiId ?? null,
    storeAmiId: region.storeAmiId ?? null,
    ...fleetsOf(config, {
      ...size,
      domain,
      code: region.code,
      zones: zoneIds.length,
      traffic: config.traffic,
      instanceTypes,
      brokerKind: config.brokerKind,
      stated: region,
    }),
    names: regionNames(config.name, region.code),
    addresses: regionAddresses(domain, region.code, groups[0]!.address),
  };
}

/** Of the endpoint’s names, since each way of routing brings clients here, and of the region’s own. */
function certificateOf(config: EnvironmentConfig, { code, certificateArn }: RegionConfig): RegionPlan['clientCertificate'] {
  if (certificateArn !== undefined) return { arn: certificateArn };
  if (config.clientTls === 'none') return null;
  const { domain, geoRouting } = config;
  const routed = { geoRouting, names: globalNames(config.name, domain) };
  return { hosts: [...geoRouting.map((kind) => endpointHostOf(routed, kind)), edgeHostOf(domain, code)] };
}

/** The zones a region uses: its own list, else the first of its AWS region. */
export function zonesOf(config: Pick<EnvironmentConfig, 'zones'>, region: Pick<RegionConfig, 'awsRegion' | 'zoneIds'>): readonly string[] {
  return region.zoneIds ?? AWS_REGIONS.get(region.awsRegion)?.zoneIds.slice(0, config.zones) ?? [];
}

/** The environment’s types, with what the region states instead. */
export function instanceTypesOf(
  config: Pick<EnvironmentConfig, 'instanceTypes'>,
  region: Pick<RegionConfig, 'instanceTypes'>,
): InstanceTypes {
  const own = region.instanceTypes;
  const common = config.instanceTypes;
  return {
    edge: own.edge ?? common.edge,
    core: own.core ?? common.core,
    bus: own.bus ?? common.bus,
    store: own.store ?? common.store,
    directory: own.directory ?? common.directory,
  };
}

interface GroupsInput {
  readonly domain: string;
  readonly code: string;
  readonly coresPerGroup: number;
  readonly zoneIds: readonly string[];
  readonly size: RegionSize;
  readonly firstShard: number;
}

/** Cores that share a group are reached by a name for each zone: nobody has to follow the lease with a record (0020). */
function groupsOf({ domain, code, coresPerGroup, zoneIds, size, firstShard }: GroupsInput): GroupPlan[] {
  let next = firstShard;
  return shardsOfGroups(size.shards, size.shardGroups).map((shardCount, index) => {
    const id = groupId(code, index);
    const nodes = Array.from({ length: coresPerGroup }, (_, node) => coreNodeName(id, node));
    const [address = groupAddress(domain, id), ...standbyAddresses] =
      coresPerGroup === 1 ? [] : zoneIds.map((zoneId) => groupAddress(domain, id, zoneId));
    const group = { id, firstShard: next, shardCount, address, standbyAddresses, nodes };
    next += shardCount;
    return group;
  });
}

function fleetsOf(config: EnvironmentConfig, need: FleetNeed): Pick<RegionPlan, 'bus' | 'store' | 'directory'> {
  if (config.foundation === 'embedded') return { bus: null, store: null, directory: null };
  return { bus: planBus(need), store: planStore(need), directory: planDirectory(need) };
}
