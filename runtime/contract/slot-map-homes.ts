import { IrisError } from './errors.ts';
import { OVERRIDES_MAX } from './limits.ts';
import { slotOf } from './phash2.ts';
import type { ShardHome, SlotRouter } from './slot-map.ts';
import { homesOf, slotsMovedTo } from './slot-map-moves.ts';
import type { SlotMap } from './slot-map-schema.ts';

type Overrides = SlotMap['overrides'];

/** Where a user lives, and why. */
export interface UserHome extends ShardHome {
  readonly slot: number;
  readonly shard: number;
  /** An operator gave the user’s slot a home; else its slot decides. */
  readonly isExplicit: boolean;
}

export function homeOf(router: SlotRouter, user: Uint8Array): UserHome {
  const [slot, shard] = [slotOf(user), router.shardOf(user)];
  const isExplicit = router.map.overrides.some(({ firstSlot, slotCount }) => slot >= firstSlot && slot < firstSlot + slotCount);
  return { slot, shard, isExplicit, ...router.homeOf(shard) };
}

/**
 * The map that gives a user, with the others of its slot, a home in a region, or the one that its slot decides; undefined where that is so already.
 * @throws IrisError COMMAND_INVALID for a region without shards or too many explicit homes, CONFIG_INVALID while a move is under way.
 */
export function homedIn(router: SlotRouter, user: Uint8Array, region: string | undefined): SlotMap | undefined {
  const { map } = router;
  const home = homeOf(router, user);
  if (region === undefined ? !home.isExplicit : home.region === region) return undefined;
  const rest = withoutSlot(map.overrides, home.slot);
  if (region === undefined) return slotsMovedTo(map, rest);
  if (rest.length >= OVERRIDES_MAX)
    throw new IrisError('COMMAND_INVALID', `${rest.length} slots have explicit homes, the limit; clear some first`);
  const override = { firstSlot: home.slot, slotCount: 1, shard: shardIn(map, region, home.slot) };
  return slotsMovedTo(
    map,
    [...rest, override].toSorted((a, b) => a.firstSlot - b.firstSlot),
  );
}

function withoutSlot(overrides: Overrides, slot: number): Overrides {
  return overrides.flatMap((run) => {
    const end = run.firstSlot + run.slotCount;
    if (slot < run.firstSlot || slot >= end) return [run];
    const parts = [
      { ...run, slotCount: slot - run.firstSlot },
      { ...run, firstSlot: slot + 1, slotCount: end - slot - 1 },
    ];
    return parts.filter(({ slotCount }) => slotCount > 0);
  });
}

/** One of the region’s shards, by the slot, so that explicit homes spread. Those that its groups were planned with come first: a reshard takes none of them away. */
function shardIn(map: SlotMap, code: string, slot: number): number {
  const region = map.regions.find((candidate) => candidate.code === code);
  if (region === undefined)
    throw new IrisError('COMMAND_INVALID', `no region is called ${code}; there are ${map.regions.map((one) => one.code).join(', ')}`);
  const groups = region.groups.map(({ id }) => id);
  const owned = homesOf(map).flatMap((group, shard) => (groups.includes(group) ? [shard] : []));
  const planned = owned.filter((shard) =>
    region.groups.some(({ firstShard, shardCount }) => shard >= firstShard && shard < firstShard + shardCount),
  );
  const shards = planned.length > 0 ? planned : owned;
  if (shards.length === 0) throw new IrisError('COMMAND_INVALID', `no core of ${code} owns shards, so nobody can live there`);
  return shards[slot % shards.length] as number;
}
