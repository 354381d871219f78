import { IrisError } from './errors.ts';
import { homesOf } from './slot-map-moves.ts';
import type { SlotMap } from './slot-map-schema.ts';

/**
 * Homes without a group: its shards go to those groups of its region that own any, each to the one that has fewest. Unchanged where it owns none.
 * @throws IrisError COMMAND_INVALID for a group that is not in the map, or the last of its region that owns shards.
 */
export function homesWithout(map: SlotMap, group: string): string[] {
  const homes = homesOf(map);
  const counts = countsOf(homes, neighboursOf(map, group));
  if (!homes.includes(group)) return homes;
  const takers = [...counts].filter(([id, count]) => id !== group && count > 0).map(([id]) => id);
  if (takers.length === 0)
    throw new IrisError(
      'COMMAND_INVALID',
      `group ${group} is the last of its region that owns shards: nobody there could take them; let another join first, or give the region up`,
    );
  return homes.map((home) => {
    if (home !== group) return home;
    const taker = fewest(takers, counts);
    counts.set(taker, (counts.get(taker) as number) + 1);
    return taker;
  });
}

/**
 * Homes with a group that owns too little: it gets shards of its region, one by one from the group that has most, until none has two more than it.
 * @throws IrisError COMMAND_INVALID for a group that is not in the map, or where there is nothing to share.
 */
export function homesWith(map: SlotMap, group: string): string[] {
  const homes = homesOf(map);
  const groups = neighboursOf(map, group);
  const counts = countsOf(homes, groups);
  for (;;) {
    const giver = groups.reduce((best, candidate) => ((counts.get(candidate) as number) > (counts.get(best) as number) ? candidate : best));
    const [most, own] = [counts.get(giver) as number, counts.get(group) as number];
    if (most - own < 2) break;
    // The last of them: what a group has had longest stays with it.
    homes[homes.lastIndexOf(giver)] = group;
    counts.set(giver, most - 1).set(group, own + 1);
  }
  if (counts.get(group) === 0)
    throw new IrisError(
      'COMMAND_INVALID',
      `the region of group ${group} has no shard to spare: no other group there has two; give it more shards first`,
    );
  return homes;
}

/** Groups of the region that `group` is in. */
function neighboursOf(map: SlotMap, group: string): string[] {
  const region = map.regions.find(({ groups }) => groups.some(({ id }) => id === group));
  if (region !== undefined) return region.groups.map(({ id }) => id);
  const known = map.regions.flatMap(({ groups }) => groups.map(({ id }) => id)).join(', ');
  throw new IrisError('COMMAND_INVALID', `no group is called ${group}; slot map ${map.version} has ${known}`);
}

function countsOf(homes: readonly string[], groups: readonly string[]): Map<string, number> {
  return new Map(groups.map((group) => [group, homes.filter((home) => home === group).length]));
}

function fewest(groups: readonly string[], counts: ReadonlyMap<string, number>): string {
  return groups.reduce((best, candidate) => ((counts.get(candidate) as number) < (counts.get(best) as number) ? candidate : best));
}
