import { findInstanceType, INSTANCE_FAMILIES, type InstanceType } from '../facts/instance-types.ts';
import {
  CORE_BASE_BYTES,
  CORE_READER_BYTES,
  CORE_WAITING_BYTES_PER_USER,
  EDGE_BASE_BYTES,
  EDGE_CONNECTION_BYTES,
} from '../facts/measured-needs.ts';
import { complete, type EnvironmentDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { instanceTypesOf } from './region-plan.ts';
import { isSizable, SIZING_FIELDS } from './rules-size.ts';
import { sizeRegion } from './sizing.ts';

const GIBIBYTE = 2 ** 30;
/** Percent of a node’s memory that its plan may fill: above it the alarms `edge-memory-over` and `core-memory-over` are on all day. */
const MEMORY_PERCENT_MAX = 95;

/** A node holds what it is planned with, as measured; one problem for each type that is too small. */
export function memoryRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  return draft.runsIn === 'local' ? [] : [...edgeProblems(draft), ...coreProblems(draft)];
}

/** An edge holds its connections. */
function edgeProblems({ connectionsPerEdge: value, instanceTypes, regions }: EnvironmentDraft): EnvironmentProblem[] {
  if (value === undefined || instanceTypes === undefined) return [];
  const names = regions.flatMap((region) =>
    region.instanceTypes === undefined ? [] : [instanceTypesOf({ instanceTypes }, { instanceTypes: region.instanceTypes }).edge],
  );
  return [...new Set(names)].flatMap((name) => {
    const type = findInstanceType(name);
    if (type === undefined) return [];
    const most = roomOf(type, EDGE_BASE_BYTES, EDGE_CONNECTION_BYTES);
    if (value <= most) return [];
    const limit = `${most} at most, ${whatHolds(type)}: ${EDGE_CONNECTION_BYTES} bytes a connection, measured, and ${EDGE_BASE_BYTES / 1e6} MB for system and process`;
    const larger = sizesOf(type).find((size) => value <= roomOf(size, EDGE_BASE_BYTES, EDGE_CONNECTION_BYTES));
    const remedy = larger === undefined ? `lower it to ${most}` : `lower it, or set the type of these edges to ${larger.name}`;
    return [{ field: 'connectionsPerEdge', value, limit, remedy }];
  });
}

/** A core holds the users of a whole group: one of its cores may own it alone. */
function coreProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  const parameters = complete(draft, ['usersPerShard', 'peakConcurrentShare']);
  if (parameters === undefined) return [];
  const { usersPerShard, peakConcurrentShare } = parameters;
  const bytesPerUser = peakConcurrentShare * CORE_READER_BYTES + CORE_WAITING_BYTES_PER_USER;
  return [...shardsOfCores(draft)].flatMap(([name, value]) => {
    const type = findInstanceType(name);
    if (type === undefined) return [];
    const users = roomOf(type, CORE_BASE_BYTES, bytesPerUser);
    if (value * usersPerShard <= users) return [];
    const why = `${whatHolds(type)}: ${Math.ceil(bytesPerUser)} bytes a daily user, measured, and ${CORE_BASE_BYTES / 1e6} MB for system and process`;
    const larger = sizesOf(type).find((size) => value * usersPerShard <= roomOf(size, CORE_BASE_BYTES, bytesPerUser));
    const orLarger = larger === undefined ? '' : `, or set the type of these cores to ${larger.name}`;
    const shards = Math.floor(users / usersPerShard);
    if (shards === 0)
      return [{ field: 'usersPerShard', value: usersPerShard, limit: `${users} at most, ${why}`, remedy: `lower it${orLarger}` }];
    const limit = `${shards} at most, of ${usersPerShard} users each, ${why}`;
    return [{ field: 'shardsPerGroup', value, limit, remedy: `lower it or usersPerShard${orLarger}` }];
  });
}

/** Shards of the largest group on each type of core. */
function shardsOfCores(draft: EnvironmentDraft): ReadonlyMap<string, number> {
  const parameters = complete(draft, [...SIZING_FIELDS, 'instanceTypes']);
  const most = new Map<string, number>();
  if (parameters === undefined) return most;
  for (const region of draft.regions) {
    if (region.leaves === true || region.instanceTypes === undefined || !isSizable(region)) continue;
    const { shards, shardGroups } = sizeRegion(parameters, region);
    const { core } = instanceTypesOf(parameters, { instanceTypes: region.instanceTypes });
    most.set(core, Math.max(most.get(core) ?? 0, Math.ceil(shards / shardGroups)));
  }
  return most;
}

/** `what 95 % of 2 GiB of a c7g.medium holds` */
function whatHolds({ name, memoryGibibytes }: InstanceType): string {
  return `what ${MEMORY_PERCENT_MAX} % of ${memoryGibibytes} GiB of a ${name} holds`;
}

/** Of connections or users, each of which takes so many bytes. */
function roomOf({ memoryGibibytes }: InstanceType, baseBytes: number, bytes: number): number {
  return Math.max(0, Math.floor(((memoryGibibytes * GIBIBYTE * MEMORY_PERCENT_MAX) / 100 - baseBytes) / bytes));
}

/** Of one family, smallest first. */
function sizesOf({ family }: InstanceType): InstanceType[] {
  const sizes = INSTANCE_FAMILIES[family]?.sizes ?? [];
  return sizes.flatMap((size) => findInstanceType(`${family}.${size}`) ?? []);
}
