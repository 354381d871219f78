import { failedBack, failedOver, givenUpOf, lostRegionOf, ownsNothing } from '../contract/slot-map-failover.ts';
import { settleLater } from './map-moves.ts';
import type { SimulatedNode, World } from './world.ts';

/** Milliseconds from the loss of a region until an operator fails it over, and from there until it is back. */
const NOTICED_MS = [2_000, 60_000] as const;
const AWAY_MS = [10_000, 480_000] as const;
/** Milliseconds from there until an operator gives the region up. */
const GIVEN_UP_AFTER_MS = [5_000, 240_000] as const;
/** Milliseconds from its return until an operator fails it back, at the least, and between looks whether it may be. */
const BACK_MS_MAX = 60_000;
const LOOK_MS = 1_000;

/**
 * Loses a region, gives its users to the others, brings it back and fails it back once it has sent on what it still had (F19). In half of the
 * cases it dies, with or without the power; else it lives on, cut off from the others and from newer slot maps, and serves whom it reaches.
 */
export function failRegionOver(world: World): readonly SimulatedNode[] | undefined {
  return loseRegion(world, { isGivenUp: false });
}

/** The same, but the failover is ended while the region is away; it comes back all the same, with what it held, under maps that move others meanwhile. */
export function giveRegionUp(world: World): readonly SimulatedNode[] | undefined {
  return loseRegion(world, { isGivenUp: true });
}

function loseRegion(world: World, { isGivenUp }: { isGivenUp: boolean }): readonly SimulatedNode[] | undefined {
  const { random } = world;
  const region = random.pick(world.regions);
  if (world.regions.length < 2 || world.router.map.moving !== undefined || world.awayRegion !== undefined) return undefined;
  world.awayRegion = region;
  const nodes = world.nodes.filter((node) => node.region === region);
  const recover = random.oneIn(2) ? loseProcesses(world, region, nodes) : cutOff(world, region);
  const noticedMs = random.between(...NOTICED_MS);
  const givenUpMs = noticedMs + random.between(...GIVEN_UP_AFTER_MS);
  const backMs = (isGivenUp ? givenUpMs : noticedMs) + random.between(...AWAY_MS);
  const before = world.router;
  world.isOfAwayRegion = (user) => before.homeOfUser(user).region === region;
  world.after(noticedMs, () => {
    const { router } = world;
    // Moves may have left no other region with shards: then nobody can take them.
    const canTake = world.regions.some((code) => code !== region && router.ownersIn(code).length > 0);
    if (router.map.moving === undefined && canTake) takeOver(world, region);
  });
  if (isGivenUp)
    world.after(givenUpMs, () => {
      const { map } = world.router;
      if (lostRegionOf(map) === region) world.publish(givenUpOf(map, region, world.time.wallMs));
    });
  world.after(backMs, () => {
    recover();
    if (ownsNothing(world.router.map, region)) bringBack(world, region);
    else world.awayRegion = undefined;
  });
  return nodes;
}

function takeOver(world: World, region: string): void {
  const { router } = world;
  world.stranded((user) => router.homeOfUser(user).region === region);
  world.publish(failedOver(router.map, region, world.time.wallMs));
}

function bringBack(world: World, region: string): void {
  findsBack(world);
  world.after(world.random.between(0, BACK_MS_MAX), () => failBackLater(world, region));
}

/** The others hear again of a region that lost its users, or are about to: while it was cut off it may have gone on for them. */
export function findsBack(world: World): void {
  const { awayRegion, router } = world;
  if (awayRegion !== undefined && ownsNothing(router.map, awayRegion)) world.stranded(world.isOfAwayRegion);
}

function failBackLater(world: World, region: string): void {
  const { map } = world.router;
  const isOthers = map.moving !== undefined && lostRegionOf(map) !== region;
  if (isOthers || !hasSentAll(world, region)) {
    world.after(LOOK_MS, () => failBackLater(world, region));
    return;
  }
  world.awayRegion = undefined;
  world.publish(failedBack(map, region));
  settleLater(world);
}

/** Every group of the region has an owner that knows the map and has nothing left for the others. */
function hasSentAll(world: World, region: string): boolean {
  const cores = world.nodes.filter((node) => node.role === 'core' && node.region === region);
  const isThrough = (core: SimulatedNode) =>
    world.shown(core, 'iris_slot_map_version') === world.router.map.version && world.shown(core, 'iris_strays_left') === 0;
  return [...new Set(cores.map((core) => core.group))].every((group) => cores.some((core) => core.group === group && isThrough(core)));
}

function loseProcesses(world: World, region: string, nodes: readonly SimulatedNode[]): () => void {
  const hasPower = world.random.oneIn(2);
  world.downRegions.add(region);
  for (const node of nodes) world.kill(node, { hasPower: true });
  if (!hasPower) for (const storage of new Set(nodes.map((node) => node.storage))) storage?.losePower();
  return () => {
    world.downRegions.delete(region);
    for (const node of nodes) world.start(node);
  };
}

function cutOff(world: World, region: string): () => void {
  const others = world.regions.filter((other) => other !== region);
  const cuts = others.flatMap((other) => [world.network.cut(region, other), world.network.cut(other, region)]);
  world.holdMaps(region);
  return () => {
    for (const cut of cuts) cut.heal();
    world.releaseMaps(region);
  };
}
