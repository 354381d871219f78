import { SHARDS_MAX, SLOTS } from '../../runtime/contract/limits.ts';
import { EDGES_PER_ZONE_MAX, SCALING_GROUPS_MAX } from '../facts/aws-limits.ts';
import { complete, type EnvironmentDraft, type RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { zonesOf } from './region-plan.ts';
import { type SizingParameters, sizeRegion } from './sizing.ts';

/** The fields without which no region can be sized. */
export const SIZING_FIELDS = [
  'dailyActiveUsers',
  'peakConcurrentShare',
  'connectionsPerEdge',
  'usersPerShard',
  'shardsPerGroup',
  'safetyFactor',
  'edgesMin',
] as const satisfies readonly (keyof SizingParameters)[];

/** How far shares may be from 1 before it is more than rounding. */
const SHARE_TOLERANCE = 1e-9;

/** Users, edges and shards must add up, and fit what AWS and the slot map can hold. */
export function sizeRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  const parameters = complete(draft, SIZING_FIELDS);
  const sizing = draft.regions.flatMap((region) => modeProblems(region));
  const shares = shareProblems(draft);
  if (parameters === undefined) return [...sizing, ...shares];
  return [
    ...sizing,
    ...shares,
    ...(draft.regions.every(isSizable)
      ? [...capacityProblems(draft, parameters), ...shardProblems(draft, parameters), ...scalingGroupProblems(draft, parameters)]
      : []),
    ...draft.regions
      .filter(isSizable)
      .flatMap((region) => [...edgeProblems(draft, parameters, region), ...groupProblems(parameters, region)]),
  ];
}

/** Whether the fields that could be read say how large the region is. */
export function isSizable(region: RegionDraft): boolean {
  return region.userShare !== undefined || (region.edges !== undefined && region.shards !== undefined);
}

/** A region says its share, or its edges and shards; not both, not neither. */
function modeProblems(region: RegionDraft): EnvironmentProblem[] {
  const stated = ['edges', 'shards'].filter((count) => region.written.includes(count)).length;
  const field = `regions[${region.index}].userShare`;
  const value = region.userShare;
  const isShared = region.written.includes('userShare');
  if (isShared && stated > 0) {
    return [{ field, value, limit: 'absent where edges or shards are stated', remedy: 'keep the share, or keep edges and shards' }];
  }
  if (!isShared && stated < 2) {
    return [{ field, value, limit: 'given, or both edges and shards', remedy: 'say how many users the region has, or its exact size' }];
  }
  return [];
}

function shareProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  const shares = draft.regions.flatMap(({ userShare }) => (userShare === undefined ? [] : [userShare]));
  const sum = shares.reduce((total, share) => total + share, 0);
  if (shares.length === 0 || Math.abs(sum - 1) <= SHARE_TOLERANCE) return [];
  const value = Number(sum.toPrecision(12));
  const remedy = sum < 1 ? `${Number((1 - sum).toPrecision(12))} is left to give` : `${Number((sum - 1).toPrecision(12))} is too much`;
  return [{ field: 'regions[].userShare', value, limit: '1 in sum over all regions that have one', remedy }];
}

/** Where every region states its size, the sizes must hold the users. */
function capacityProblems(draft: EnvironmentDraft, parameters: SizingParameters): EnvironmentProblem[] {
  if (draft.regions.length === 0 || draft.regions.some(({ userShare }) => userShare !== undefined)) return [];
  const sizes = draft.regions.map((region) => sizeRegion(parameters, region));
  const edges = sizes.reduce((sum, size) => sum + size.edges, 0);
  const shards = sizes.reduce((sum, size) => sum + size.shards, 0);
  const [needEdges, needShards] = [
    Math.ceil((parameters.dailyActiveUsers * parameters.peakConcurrentShare) / parameters.connectionsPerEdge),
    Math.ceil(parameters.dailyActiveUsers / parameters.usersPerShard),
  ];
  const problems: EnvironmentProblem[] = [];
  if (edges < needEdges) {
    const limit = `${needEdges} in sum, for ${parameters.dailyActiveUsers} users of whom ${parameters.peakConcurrentShare} are connected, ${parameters.connectionsPerEdge} to an edge`;
    problems.push({ field: 'regions[].edges', value: edges, limit, remedy: `add ${needEdges - edges} edges, or raise connectionsPerEdge` });
  }
  if (shards < needShards) {
    const limit = `${needShards} in sum, for ${parameters.dailyActiveUsers} users, ${parameters.usersPerShard} to a shard`;
    problems.push({ field: 'regions[].shards', value: shards, limit, remedy: `add ${needShards - shards} shards, or raise usersPerShard` });
  }
  return problems;
}

/** Shard ranges must follow each other without gap or overlap, and there may be no more than the slot map can number (C12). */
function shardProblems(draft: EnvironmentDraft, parameters: SizingParameters): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = [];
  const ranges: { index: number; first: number; end: number }[] = [];
  let next = 0;
  for (const region of draft.regions) {
    const first = region.firstShard ?? next;
    next = first + sizeRegion(parameters, region).shards;
    ranges.push({ index: region.index, first, end: next });
  }
  let expected = 0;
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const field = `regions[${range.index}].firstShard`;
    if (range.first !== expected) {
      const what =
        range.first < expected ? 'free: the shards before it end there' : 'the next number: shards between would belong to no region';
      problems.push({ field, value: range.first, limit: `${expected}, ${what}`, remedy: `set it to ${expected}, or leave it out` });
    }
    expected = Math.max(expected, range.end);
  }
  if (expected > SHARDS_MAX) {
    const limit = `${SHARDS_MAX} at most, the slot map numbers them with 16 bits over ${SLOTS} slots`;
    problems.push({ field: 'regions[].shards', value: expected, limit, remedy: 'raise usersPerShard, or state fewer shards' });
  }
  return problems;
}

function edgeProblems(draft: EnvironmentDraft, parameters: SizingParameters, region: RegionDraft): EnvironmentProblem[] {
  const { edges } = sizeRegion(parameters, region);
  const [field, value] = [`regions[${region.index}].edges`, edges];
  const problems: EnvironmentProblem[] = [];
  if (draft.edgesPerRegionMax !== undefined && edges > draft.edgesPerRegionMax) {
    const limit = `${draft.edgesPerRegionMax} at most, as edgesPerRegionMax says`;
    problems.push({ field, value, limit, remedy: 'split the region in two, or raise edgesPerRegionMax' });
  }
  const place = complete(region, ['awsRegion']);
  const zones =
    draft.zones === undefined || place === undefined ? 0 : zonesOf({ zones: draft.zones }, { ...place, zoneIds: region.zoneIds }).length;
  if (draft.runsIn !== 'local' && zones > 0 && edges > EDGES_PER_ZONE_MAX * zones) {
    const limit = `${EDGES_PER_ZONE_MAX * zones} at most, ${EDGES_PER_ZONE_MAX} targets of the load balancer in each of ${zones} zones`;
    problems.push({ field, value, limit, remedy: 'split the region in two, or raise connectionsPerEdge' });
  }
  return problems;
}

function groupProblems(parameters: SizingParameters, region: RegionDraft): EnvironmentProblem[] {
  const { shards, shardGroups } = sizeRegion(parameters, region);
  const [field, value] = [`regions[${region.index}].shardGroups`, shardGroups];
  const problems: EnvironmentProblem[] = [];
  if (shardGroups > shards) {
    problems.push({
      field,
      value,
      limit: `${shards} at most, a group has one shard at least`,
      remedy: 'state fewer groups or more shards',
    });
  }
  if (shards > 0 && Math.ceil(shards / shardGroups) > parameters.shardsPerGroup) {
    const least = Math.ceil(shards / parameters.shardsPerGroup);
    problems.push({
      field,
      value,
      limit: `at least ${least}, for ${shards} shards of which a group takes ${parameters.shardsPerGroup}`,
      remedy: `raise it to ${least}, or leave it out`,
    });
  }
  return problems;
}

/** Regions of one account in one AWS region share its quota: a group each for their shard groups, and one for their edges. */
function scalingGroupProblems(draft: EnvironmentDraft, parameters: SizingParameters): EnvironmentProblem[] {
  if (draft.runsIn === 'local') return [];
  const byPlace = Map.groupBy(
    draft.regions,
    ({ account, awsRegion }) => `${awsRegion}, account ${account === 'current' ? (draft.globalAccount ?? account) : account}`,
  );
  return [...byPlace].flatMap(([place, regions]) => {
    const value = regions.reduce((sum, region) => sum + sizeRegion(parameters, region).shardGroups + 1, 0);
    if (value <= SCALING_GROUPS_MAX) return [];
    const limit = `${SCALING_GROUPS_MAX} Auto Scaling groups at most in ${place}, one for each shard group and each region’s edges`;
    return [{ field: 'regions[].shardGroups', value, limit, remedy: 'raise shardsPerGroup, or put regions into other accounts' }];
  });
}
