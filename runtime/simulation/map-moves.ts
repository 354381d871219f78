import { readSlotMap } from '../contract/slot-map.ts';
import { lostRegionOf } from '../contract/slot-map-failover.ts';
import { homesWith, homesWithout } from '../contract/slot-map-groups.ts';
import { homedIn } from '../contract/slot-map-homes.ts';
import { homesOf, homesOfMore, movedTo, settled, takenBack } from '../contract/slot-map-moves.ts';
import type { SlotMap } from '../contract/slot-map-schema.ts';
import { transitionProblems } from '../contract/slot-map-transition.ts';
import type { SimulatedNode, World } from './world.ts';

/** Shards beyond which a simulation adds none: its users are few. */
const SHARDS_MAX = 24;
const SETTLE_LOOK_MS = 1_000;

/**
 * Publishes a slot map that moves users while they write: one to another home region, more shards, a shard to another group of whatever region, or a group that leaves
 * its region or comes back. Where a move is under way already it is taken back. A move is settled once every core says that nobody is left.
 */
export function moveShards(world: World): readonly SimulatedNode[] | undefined {
  const { map } = world.router;
  const cores = world.nodes.filter((node) => node.role === 'core');
  if (map.moving === undefined) {
    const next = begun(world, map);
    // Who publishes makes the nodes' check first: too much at a time is refused.
    if (transitionProblems(world.router, readSlotMap(next)).length > 0) return undefined;
    world.publish(next);
    settleLater(world);
  } else if (map.moving.isReturn || lostRegionOf(map) !== undefined) return undefined;
  else world.publish(takenBack(map));
  return cores;
}

function begun(world: World, map: SlotMap): SlotMap {
  const { random } = world;
  if (world.users.length > 0 && random.oneIn(3)) {
    const user = Buffer.from(random.pick(world.users), 'utf8');
    const homed = homedIn(world.router, user, random.oneIn(4) ? undefined : random.pick(world.router.homes).region);
    if (homed !== undefined) return homed;
  }
  if (map.shards < SHARDS_MAX && random.oneIn(2))
    return movedTo(map, homesOfMore(map, random.oneIn(2) ? map.shards + 1 : Math.min(2 * map.shards, SHARDS_MAX)));
  const region = random.pick(map.regions);
  if (region.groups.length > 1 && random.oneIn(2)) return movedTo(map, changedGroup(map, random.pick(region.groups).id));
  const homes = homesOf(map);
  const groups = map.regions.flatMap((region) => (region.code === world.awayRegion ? [] : region.groups.map((group) => group.id)));
  homes[random.below(homes.length)] = random.pick(groups);
  return movedTo(map, homes);
}

/** Who owns shards leaves, if it is not the last; who owns none joins. */
function changedGroup(map: SlotMap, group: string): string[] {
  const region = map.regions.find(({ groups }) => groups.some(({ id }) => id === group)) as SlotMap['regions'][number];
  const homes = homesOf(map);
  const owners = region.groups.filter(({ id }) => homes.includes(id));
  const canShare = owners.some(({ id }) => homes.indexOf(id) !== homes.lastIndexOf(id));
  if (!homes.includes(group)) return canShare ? homesWith(map, group) : homes;
  return owners.length === 1 ? homes : homesWithout(map, group);
}

/** Ends the move under way once every core says that nobody is left; one that waits for a lost region is not ended so. */
export function settleLater(world: World): void {
  world.time.schedule(world.time.nowMs + SETTLE_LOOK_MS, () => {
    const { map } = world.router;
    if (map.moving === undefined || lostRegionOf(map) !== undefined) return;
    const cores = world.nodes.filter((node) => node.role === 'core');
    const groups = [...new Set(cores.map((core) => core.group))];
    // A group without an owner at this moment has not said that nobody is left.
    const isSettled = groups.every((group) => cores.some((core) => core.group === group && isThrough(world, core, map.version)));
    if (isSettled) world.publish(settled(map));
    settleLater(world);
  });
}

function isThrough(world: World, core: SimulatedNode, version: number): boolean {
  return world.shown(core, 'iris_slot_map_version') === version && world.shown(core, 'iris_handover_groups_left') === 0;
}
