import { IrisError } from './errors.ts';
import { GIVEN_UP_MAX, GIVEN_UP_MS } from './limits.ts';
import { positionsBy } from './positions-by.ts';
import { shardRunsOf } from './slot-map.ts';
import { fill, homesOf, movedTo, owningGroupsOf, settled, takenBack } from './slot-map-moves.ts';
import type { SlotMap } from './slot-map-schema.ts';

/** The region whose shards others have while it is lost; undefined where none is. */
export function lostRegionOf({ moving }: Pick<SlotMap, 'moving'>): string | undefined {
  return moving === undefined || moving.isReturn ? undefined : moving.lost[0];
}

/**
 * The map by which the others take over from a region that is lost. It stands until the region is back: its users’ new owners know by it
 * that there is more than they have.
 * @throws IrisError ENVIRONMENT_INVALID for an unknown region or the only one, CONFIG_INVALID while another move is under way.
 */
export function failedOver(map: SlotMap, region: string, nowMs: number): SlotMap {
  return movedTo(map, homesWithout(map, region), { region, positionsFrom: positionsBy(nowMs) });
}

/** The map by which a region that still answers is emptied: its users are fetched, and nothing is left behind. @throws as `failedOver` */
export function drainedOf(map: SlotMap, region: string): SlotMap {
  return movedTo(map, homesWithout(map, region));
}

/**
 * The map that gives a region its users back: exactly those it had when it was lost; after it was drained, those its groups are planned for.
 * @throws IrisError ENVIRONMENT_INVALID, CONFIG_INVALID
 */
export function failedBack(map: SlotMap, region: string): SlotMap {
  const groups = regionGroups(map, region);
  if (lostRegionOf(map) === region) return takenBack(map);
  const next = movedTo(map, homesWith(map, region));
  if (next.givenUp === undefined) return next;
  const runs = shardRunsOf(next).flatMap(({ firstShard, shardCount, group }) =>
    groups.includes(group) ? [{ firstShard, shardCount }] : [],
  );
  const back = { shards: next.shards, overrides: next.overrides, runs };
  const givenUp = next.givenUp.map((one) =>
    one.region === region ? { ...one, returned: [...(one.returned ?? []), back].slice(-GIVEN_UP_MAX) } : one,
  );
  return { ...next, givenUp };
}

/** The map that ends a failover without the region: who has its users goes on without what it held. @throws IrisError CONFIG_INVALID where it is not lost */
export function givenUpOf(map: SlotMap, region: string, nowMs: number): SlotMap {
  const { moving } = map;
  if (moving === undefined || lostRegionOf(map) !== region)
    throw new IrisError('CONFIG_INVALID', `${region} is not failed over by slot map ${map.version}`);
  const { shards, overrides, homes } = moving.from;
  const groups = regionGroups(map, region);
  const runs = homes.flatMap(({ firstShard, shardCount, group }) => (groups.includes(group) ? [{ firstShard, shardCount }] : []));
  const known = (map.givenUp ?? []).filter(({ untilMs }) => untilMs > nowMs);
  const givenUp = [...known, { region, shards, overrides, runs, untilMs: nowMs + GIVEN_UP_MS }].slice(-GIVEN_UP_MAX);
  return { ...settled(map), givenUp };
}

/** True when the groups of a region own nothing. @throws IrisError ENVIRONMENT_INVALID */
export function ownsNothing(map: SlotMap, region: string): boolean {
  const groups = regionGroups(map, region);
  return !homesOf(map).some((home) => groups.includes(home));
}

/** Homes without a region: its shards go to the groups of the others that have fewest, one after the other. @throws IrisError ENVIRONMENT_INVALID */
export function homesWithout(map: SlotMap, region: string): string[] {
  const left = regionGroups(map, region);
  const others = owningGroupsOf(map).filter((group) => !left.includes(group));
  if (others.length === 0) throw new IrisError('ENVIRONMENT_INVALID', `${region} is the only region; there is nobody to take its shards`);
  return fill(
    homesOf(map).map((group) => (left.includes(group) ? undefined : group)),
    others,
  );
}

/** Homes with a region again: the shards that its groups would have had, and nobody else moves. @throws IrisError ENVIRONMENT_INVALID */
export function homesWith(map: SlotMap, region: string): string[] {
  const groups = regionGroups(map, region);
  const planned = Array.from<string | undefined>({ length: map.shards });
  for (const group of map.regions.flatMap((each) => each.groups)) {
    planned.fill(group.id, group.firstShard, group.firstShard + group.shardCount);
  }
  const own = fill(planned, [...new Set([...owningGroupsOf(map), ...groups])]);
  return homesOf(map).map((group, shard) => (groups.includes(own[shard] as string) ? (own[shard] as string) : group));
}

function regionGroups(map: SlotMap, code: string): string[] {
  const region = map.regions.find((candidate) => candidate.code === code);
  if (region !== undefined) return region.groups.map((group) => group.id);
  const known = map.regions.map((candidate) => candidate.code).join(', ');
  throw new IrisError('ENVIRONMENT_INVALID', `no region is called ${code}; there are ${known}`);
}
