import { SLOTS } from './limits.ts';
import type { ShardGroup, ShardRun, SlotMap, SlotMove } from './slot-map-schema.ts';

/** Everything of a slot map that its schema cannot say, one line each. The hashes are compared apart, once a table can be made. */
export function slotMapProblems(map: SlotMap): string[] {
  const groups = new Set(groupsOf(map).map(({ id }) => id));
  return [
    ...coverageProblems(map, groups),
    ...addressProblems(map),
    ...overrideProblems(map),
    ...(map.moving === undefined ? [] : movingProblems(map.moving, map, groups)),
    ...(map.givenUp ?? [])
      .flatMap((one) => [one, ...(one.returned ?? [])])
      .flatMap((set) => overrideProblems(set).map((problem) => `givenUp: ${problem}`)),
  ];
}

function groupsOf({ regions }: Pick<SlotMap, 'regions'>): ShardGroup[] {
  return regions.flatMap((region) => region.groups);
}

/** Two nodes of one group cannot listen at one address. */
function addressProblems(map: SlotMap): string[] {
  return groupsOf(map).flatMap(({ id, address, standby = [] }) =>
    new Set([address, ...standby]).size > standby.length ? [] : [`group ${id} lists an address twice: ${[address, ...standby].join(', ')}`],
  );
}

/** Every shard must have exactly one home, and no two groups may share an id. */
function coverageProblems(map: SlotMap, groups: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const owner = Array.from<string | undefined>({ length: map.shards });
  const seen = new Set<string>();
  for (const region of map.regions) {
    if (seen.has(region.code)) problems.push(`region ${region.code} is listed twice`);
    seen.add(region.code);
    for (const group of region.groups) {
      if (seen.has(`/${group.id}`)) problems.push(`group ${group.id} is listed twice`);
      seen.add(`/${group.id}`);
      claimShards(group, map.shards, owner, problems);
    }
  }
  const assigned = map.assigned ?? [];
  problems.push(...runProblems('assigned', assigned, map.shards, groups));
  for (const { firstShard, shardCount, group } of assigned) owner.fill(group, firstShard, firstShard + shardCount);
  const orphan = owner.indexOf(undefined);
  if (orphan >= 0) problems.push(`shard ${orphan} belongs to no group`);
  return problems;
}

function claimShards(group: ShardGroup, shards: number, owner: (string | undefined)[], problems: string[]): void {
  const end = group.firstShard + group.shardCount;
  if (end > shards) problems.push(`group ${group.id} holds shards ${group.firstShard} to ${end - 1}, the map has ${shards}`);
  for (let shard = group.firstShard; shard < Math.min(end, shards); shard++) {
    if (owner[shard] !== undefined) {
      problems.push(`shard ${shard} belongs to both ${owner[shard]} and ${group.id}`);
      return;
    }
    owner[shard] = group.id;
  }
}

/** Runs ascend without overlap, within the shards, and name groups that there are. */
function runProblems(what: string, runs: readonly ShardRun[], shards: number, groups: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  let next = 0;
  for (const { firstShard, shardCount, group } of runs) {
    if (firstShard < next) problems.push(`${what}: the run at shard ${firstShard} overlaps or is out of order`);
    next = firstShard + shardCount;
    if (next > shards) problems.push(`${what}: the run at shard ${firstShard} ends at ${next - 1}, there are ${shards} shards`);
    if (!groups.has(group)) problems.push(`${what}: group ${group} is in no region`);
  }
  return problems;
}

function overrideProblems(map: Pick<SlotMap, 'shards' | 'overrides'>): string[] {
  const problems: string[] = [];
  let next = 0;
  for (const run of map.overrides) {
    if (run.firstSlot < next) problems.push(`override at slot ${run.firstSlot} overlaps or is out of order`);
    next = run.firstSlot + run.slotCount;
    if (next > SLOTS) problems.push(`override at slot ${run.firstSlot} ends at ${next}, there are ${SLOTS} slots`);
    if (run.shard >= map.shards) problems.push(`override at slot ${run.firstSlot} names shard ${run.shard}, the map has ${map.shards}`);
  }
  return problems;
}

function movingProblems({ from, lost }: SlotMove, map: SlotMap, groups: ReadonlySet<string>): string[] {
  const problems = [
    ...runProblems('moving.from.homes', from.homes, from.shards, groups),
    ...overrideProblems(from).map((problem) => `moving.from: ${problem}`),
  ];
  if (from.version >= map.version) problems.push(`moving.from.version is ${from.version}, it must be below ${map.version}`);
  const covered = from.homes.reduce((sum, { shardCount }) => sum + shardCount, 0);
  if (covered !== from.shards) problems.push(`moving.from.homes holds ${covered} shards, there were ${from.shards}`);
  const codes = new Set(map.regions.map((region) => region.code));
  for (const region of lost) if (!codes.has(region)) problems.push(`moving.lost: no region is called ${region}`);
  return problems;
}
