import { NETWORK_PREFIX_MAX, NETWORK_PREFIX_MIN } from '../facts/aws-limits.ts';
import { type Cidr, overlaps, parseCidr } from './cidr.ts';
import { planBus, planDirectory, storeNodes } from './distributed.ts';
import { complete, type EnvironmentDraft, type RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { PEERED_REGIONS_MAX } from './region-joins.ts';
import { CORES_PER_GROUP, zonesOf } from './region-plan.ts';
import { isSizable, SIZING_FIELDS } from './rules-size.ts';
import { engineNeed } from './rules-traffic.ts';
import { sizeRegion } from './sizing.ts';
import { nodesThatFit } from './subnets.ts';

/** Private ranges of RFC 1918 and the shared range of RFC 6598: what a VPC may use without taking someone’s addresses. */
export const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/** Networks must be valid, private, large enough for their nodes, and apart from each other, since regions are linked (design §8). */
export function networkRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  return [...peeringProblems(draft), ...draft.regions.flatMap((region) => networkProblems(draft, region))];
}

function peeringProblems({ regionJoin, regions, runsIn }: EnvironmentDraft): EnvironmentProblem[] {
  if (regionJoin !== 'peering' || runsIn === 'local' || regions.length <= PEERED_REGIONS_MAX) return [];
  const limit = `cloud-wan or none with ${regions.length} regions, peering joins ${PEERED_REGIONS_MAX} at most`;
  return [{ field: 'regionJoin', value: regionJoin, limit, remedy: 'set it to cloud-wan' }];
}

function networkProblems(draft: EnvironmentDraft, region: RegionDraft): EnvironmentProblem[] {
  if (region.cidr === undefined) return [];
  const field = `regions[${region.index}].cidr`;
  const network = parseCidr(region.cidr);
  if (network === undefined) {
    const limit = 'an IPv4 block such as 10.20.0.0/16, without bits behind its prefix';
    return [{ field, value: region.cidr, limit, remedy: 'write the first address of the block and its prefix' }];
  }
  return [
    ...rangeProblems(field, region.cidr, network),
    ...overlapProblems(draft, region, network),
    ...roomProblems(draft, region, network),
  ];
}

function rangeProblems(field: string, value: string, network: Cidr): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = [];
  if (network.prefix < NETWORK_PREFIX_MIN || network.prefix > NETWORK_PREFIX_MAX) {
    const limit = `a block of /${NETWORK_PREFIX_MIN} to /${NETWORK_PREFIX_MAX}`;
    problems.push({ field, value, limit, remedy: network.prefix > NETWORK_PREFIX_MAX ? 'take a larger block' : 'take a smaller block' });
  }
  const ranges = PRIVATE_RANGES.map((range) => parseCidr(range) as Cidr);
  if (!ranges.some((range) => range.prefix <= network.prefix && overlaps(range, network))) {
    problems.push({ field, value, limit: `inside ${PRIVATE_RANGES.join(', ')}`, remedy: 'take a private block' });
  }
  return problems;
}

function overlapProblems(draft: EnvironmentDraft, region: RegionDraft, network: Cidr): EnvironmentProblem[] {
  return draft.regions.flatMap((other) => {
    const theirs = other.index < region.index && other.cidr !== undefined ? parseCidr(other.cidr) : undefined;
    if (theirs === undefined || !overlaps(theirs, network)) return [];
    const limit = `apart from the ${other.cidr} of regions[${other.index}] ${other.code ?? ''}`.trimEnd();
    return [{ field: `regions[${region.index}].cidr`, value: region.cidr, limit, remedy: 'give each region a block of its own' }];
  });
}

/** Twice the edges, since autoscaling and a rolling replacement run old and new nodes side by side. */
function roomProblems(draft: EnvironmentDraft, region: RegionDraft, network: Cidr): EnvironmentProblem[] {
  const parameters = complete(draft, [...SIZING_FIELDS, 'zones', 'foundation', 'edgeGrowthMax']);
  const place = complete(region, ['awsRegion']);
  if (parameters === undefined || place === undefined || !isSizable(region) || network.prefix > NETWORK_PREFIX_MAX) return [];
  const zones = Math.max(1, zonesOf(parameters, { ...place, zoneIds: region.zoneIds }).length);
  const size = sizeRegion(parameters, region);
  const nodes =
    Math.ceil(size.edges * parameters.edgeGrowthMax) +
    size.shardGroups * CORES_PER_GROUP[parameters.foundation] +
    engineNodes(draft, region);
  const room = nodesThatFit(network, Math.min(zones, 4));
  if (nodes <= room) return [];
  const limit = `large enough for ${nodes} nodes in ${zones} zones, it has room for ${room}`;
  const remedy = network.prefix > NETWORK_PREFIX_MIN ? 'take a block with a shorter prefix' : 'lower edgeGrowthMax, or split the region';
  return [{ field: `regions[${region.index}].cidr`, value: region.cidr, limit, remedy }];
}

function engineNodes(draft: EnvironmentDraft, region: RegionDraft): number {
  const need = engineNeed(draft, region);
  return need === undefined ? 0 : planBus(need).brokers + storeNodes(need) + planDirectory(need).nodes;
}
