import { IrisError } from './errors.ts';
import { createSlotMap, expandTable, readSlotMap, runsOf, shardRunsOf, tableHash } from './slot-map.ts';
import type { ShardRun, SlotMap, SlotMove } from './slot-map-schema.ts';

/** The group of every shard. */
export function homesOf(map: Pick<SlotMap, 'shards' | 'regions' | 'assigned'>): string[] {
  return shardRunsOf(map).flatMap(({ group, shardCount }) => Array.from<string>({ length: shardCount }).fill(group));
}

/** What a region that was lost leaves to those who take its shards. */
export interface Loss {
  readonly region: string;
  /** Above every position that its cores can have given out. */
  readonly positionsFrom: number;
}

/** The map that begins a move: these homes from now on, users fetched from where they were; those of a lost region begin with nothing. */
export function movedTo(map: SlotMap, homes: readonly string[], loss?: Loss): SlotMap {
  checkCalm(map);
  const moving = { from: formerOf(map), lost: [] as string[], isReturn: false };
  return next(map, homes, loss === undefined ? moving : { ...moving, lost: [loss.region], positionsFrom: loss.positionsFrom });
}

/** The map that begins a move of single slots: these overrides from now on. Without a move where no slot changes its group. */
export function slotsMovedTo(map: SlotMap, overrides: SlotMap['overrides']): SlotMap {
  checkCalm(map);
  const { shards, version } = map;
  const after = { ...map, version: version + 1, overrides, tableSha256: tableHash(expandTable({ shards, overrides })) };
  const isAny = readSlotMap(map)
    .comparedTo(readSlotMap(after))
    .some(({ from, to }) => from.group !== to.group);
  return isAny ? { ...after, moving: { from: formerOf(map), lost: [], isReturn: false } } : after;
}

function checkCalm({ version, moving }: SlotMap): void {
  if (moving !== undefined) throw new IrisError('CONFIG_INVALID', `slot map ${version} has a move under way; ${wayOutOf(moving)}`);
}

function wayOutOf({ lost, isReturn }: SlotMove): string {
  return lost.length > 0 && !isReturn ? `iris failback ${lost.join(' ')} comes first` : 'wait for its end or take it back';
}

/** The map that ends the move under way, once nobody is left to fetch. Of a lost region: `givenUpOf`. */
export function settled(map: SlotMap): SlotMap {
  const { moving: _moving, ...rest } = map;
  return { ...rest, version: map.version + 1 };
}

/** The map that takes the move under way back: everyone where they were before it. Of a lost region: by `failedBack` only, once it is there. */
export function takenBack(map: SlotMap): SlotMap {
  const { moving } = map;
  if (moving === undefined) throw new IrisError('CONFIG_INVALID', `slot map ${map.version} has no move under way that could be taken back`);
  if (moving.isReturn) throw new IrisError('CONFIG_INVALID', `slot map ${map.version} takes a move back already; wait for its end`);
  const homes = moving.from.homes.flatMap(({ group, shardCount }) => Array.from<string>({ length: shardCount }).fill(group));
  const { overrides } = moving.from;
  return next({ ...map, overrides }, homes, { from: formerOf(map), lost: moving.lost, isReturn: true });
}

/**
 * Homes for more shards: those there are stay with their groups, each new one goes to the group that has fewest of those that own any. Half of the slots change
 * their shard when shards double, 1/(N+1) when one joins (R2).
 * @throws IrisError ENVIRONMENT_INVALID for fewer shards than the groups' own ranges hold.
 */
export function homesOfMore(map: SlotMap, shards: number): string[] {
  const planned = Math.max(...map.regions.flatMap((region) => region.groups).map((group) => group.firstShard + group.shardCount));
  if (shards < planned) {
    throw new IrisError(
      'ENVIRONMENT_INVALID',
      `${shards} shards are fewer than the ${planned} that the environment plans; lower the shards of its regions there, or take a shard group out with iris leave`,
    );
  }
  return spreadEvenly(homesOf(map).slice(0, shards), shards, owningGroupsOf(map));
}

/** The groups that own shards. Who owns none has left: its process may be gone. */
export function owningGroupsOf(map: SlotMap): string[] {
  const owners = new Set(homesOf(map));
  return map.regions.flatMap((region) => region.groups.map((group) => group.id)).filter((group) => owners.has(group));
}

function spreadEvenly(homes: readonly string[], shards: number, groups: readonly string[]): string[] {
  return fill([...homes, ...Array.from<undefined>({ length: shards - homes.length })], groups);
}

/** Gives every shard without a home to the group that has fewest, the first of them in the order of the map. */
export function fill(homes: readonly (string | undefined)[], groups: readonly string[]): string[] {
  const counts = new Map(groups.map((group) => [group, 0]));
  for (const group of homes) if (group !== undefined && counts.has(group)) counts.set(group, (counts.get(group) as number) + 1);
  return homes.map((group) => {
    if (group !== undefined) return group;
    const fewest = groups.reduce((best, candidate) =>
      (counts.get(candidate) as number) < (counts.get(best) as number) ? candidate : best,
    );
    counts.set(fewest, (counts.get(fewest) as number) + 1);
    return fewest;
  });
}

function formerOf(map: SlotMap): SlotMove['from'] {
  const { version, shards, overrides, tableSha256 } = map;
  return { version, shards, overrides, tableSha256, homes: shardRunsOf(map) };
}

function next(map: SlotMap, homes: readonly string[], moving: SlotMove): SlotMap {
  const { environment, regions, overrides, givenUp } = map;
  const [first] = overrides.filter(({ shard }) => shard >= homes.length);
  if (first !== undefined)
    throw new IrisError(
      'CONFIG_INVALID',
      `slot ${first.firstSlot} has a home in shard ${first.shard}, which would go; clear it with iris home first`,
    );
  return createSlotMap({
    environment,
    version: map.version + 1,
    shards: homes.length,
    regions,
    assigned: assignedOf(map, homes),
    overrides,
    moving,
    ...(givenUp !== undefined && { givenUp }),
  });
}

/** Where the homes differ from the groups' own ranges. */
export function assignedOf(map: Pick<SlotMap, 'regions'>, homes: readonly string[]): ShardRun[] {
  const own = Array.from<string | undefined>({ length: homes.length });
  for (const group of map.regions.flatMap((region) => region.groups))
    own.fill(group.id, group.firstShard, group.firstShard + group.shardCount);
  return runsOf(homes).flatMap((run) => splitRun(run, own));
}

/** The parts of a run that are not in their group's own range. */
function splitRun({ firstShard, shardCount, group }: ShardRun, own: readonly (string | undefined)[]): ShardRun[] {
  const parts: { firstShard: number; shardCount: number; group: string }[] = [];
  for (let shard = firstShard; shard < firstShard + shardCount; shard++) {
    if (own[shard] === group) continue;
    const last = parts.at(-1);
    if (last !== undefined && last.firstShard + last.shardCount === shard) last.shardCount++;
    else parts.push({ firstShard: shard, shardCount: 1, group });
  }
  return parts;
}
