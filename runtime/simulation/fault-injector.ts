import { failRegionOver, findsBack, giveRegionUp } from './failovers.ts';
import { moveShards } from './map-moves.ts';
import { failDisk, setClock, stopOne, storageOfOne } from './node-faults.ts';
import { AIMED_STATES, Encounters, isIn, statesOf } from './node-states.ts';
import type { SimulatedNode, World } from './world.ts';

/** Steps of a process within which it crashes: a burst of messages takes some dozens from socket to answer. */
const CRASH_STEPS_MAX = 400;
/** The same, counted in one state only. */
const AIMED_STEPS_MAX = 20;
/** F7. */
const LONG_CUT_MS = 600_000;
/** Between two cuts of one path: what waited can pass. Without it the cuts of a busy injector join to one that outlasts ORDER_HOLD_MS. */
const HEALED_MS_MIN = 30_000;
const CUT_MS_MAX = 60_000;

/** Called with the states that a fault meets later than it was injected. */
type Met = (states: readonly string[]) => void;

/** What each fault does to the world, and whom it meets; undefined where it had to be left out. It ends by itself. */
const INJECT = {
  'edge-kill': (world: World) => killOne(world, 'edge', true),
  'core-kill': (world: World) => killOne(world, 'core', true),
  'power-loss': (world: World) => killOne(world, 'core', false),
  crash: crashSoon,
  'region-loss': loseRegion,
  partition: (world: World) => cutRegions(world, { isBothWays: true, forMs: world.random.between(1_000, CUT_MS_MAX) }),
  'one-way': (world: World) => cutRegions(world, { isBothWays: false, forMs: world.random.between(1_000, CUT_MS_MAX) }),
  'long-cut': (world: World) => cutRegions(world, { isBothWays: world.random.oneIn(2), forMs: LONG_CUT_MS }),
  flapping: flap,
  slow: slowDown,
  stall: (world: World) => {
    world.network.stallSome(3, 15_000);
    return world.nodes;
  },
  duplicate: (world: World) => {
    world.network.loseAnswers(4);
    return world.nodes;
  },
  reset: (world: World) => {
    world.network.breakSome(4);
    return world.nodes;
  },
  pause: (world: World) => {
    const node = world.random.pick(world.nodes);
    node.place?.clock.stopUntil(world.time.nowMs + world.random.between(500, 40_000));
    return [node];
  },
  'disk-full': (world: World) => {
    const { core, storage } = storageOfOne(world);
    storage.fillUntil(world.time.nowMs + world.random.between(100, 8_000));
    return [core];
  },
  'disk-slow': (world: World) => {
    const { core, storage } = storageOfOne(world);
    storage.slowUntil(world.time.nowMs + world.random.between(1_000, 20_000));
    return [core];
  },
  'read-fail': (world: World) => {
    const { core, storage } = storageOfOne(world);
    world.readsFailUntilMs.set(storage, world.time.nowMs + world.random.between(100, 15_000));
    return [core];
  },
  'bit-flip': (world: World) => {
    const { core, storage } = storageOfOne(world);
    const flipped = storage.flip();
    if (flipped === undefined) return undefined;
    // Whoever reads it finds it out; then the disk’s mirror has the right bit, or an operator a copy.
    world.flips.add(flipped);
    world.time.schedule(world.time.nowMs + world.random.between(1_000, 60_000), () => {
      if (world.flips.delete(flipped)) flipped.repair();
    });
    return [core];
  },
  'disk-error': failDisk,
  clock: setClock,
  stop: stopOne,
  reshard: moveShards,
  failover: failRegionOver,
  'give-up': giveRegionUp,
} as const satisfies Readonly<Record<string, (world: World, met: Met) => readonly SimulatedNode[] | undefined>>;

export type Fault = keyof typeof INJECT;
export const FAULTS = Object.keys(INJECT) as readonly Fault[];

/** Injects faults at random moments, some while others last, and counts them and the states that they met. */
export class FaultInjector {
  readonly injected = new Map<Fault, number>();
  readonly encounters = new Encounters();
  private readonly world: World;
  private readonly faults: readonly Fault[];
  private isActive = true;

  constructor(world: World, faults: readonly Fault[]) {
    this.world = world;
    this.faults = faults;
  }

  start(): void {
    if (this.faults.length > 0) this.later();
  }

  /** Everything heals. */
  finish(): void {
    this.isActive = false;
    findsBack(this.world);
    this.world.network.calm();
    this.world.downRegions.clear();
    for (const flipped of this.world.flips) flipped.repair();
    this.world.flips.clear();
    this.world.readsFailUntilMs.clear();
    this.world.releaseAllMaps();
    for (const node of this.world.nodes) {
      node.place?.clock.crashAfter(undefined);
      node.storage?.fillUntil(this.world.time.nowMs);
      node.storage?.slowUntil(this.world.time.nowMs);
      node.storage?.calm();
      this.world.start(node);
    }
  }

  private later(): void {
    this.world.time.schedule(this.world.time.nowMs + this.world.random.between(500, 20_000), () => {
      if (!this.isActive) return;
      const fault = this.world.random.pick(this.faults);
      this.inject(fault);
      this.later();
    });
  }

  private inject(fault: Fault): void {
    const before = new Map(this.world.nodes.map((node) => [node, statesOf(this.world, node)]));
    const met = INJECT[fault](this.world, (states) => this.encounters.add(fault, states));
    if (met === undefined) return;
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
    this.encounters.add(fault, [...new Set(met.flatMap((node) => before.get(node) ?? []))]);
  }
}

function killOne(world: World, role: SimulatedNode['role'], hasPower: boolean): readonly SimulatedNode[] {
  const node = world.random.pick(world.nodes.filter((candidate) => candidate.role === role));
  world.restart(node, { hasPower });
  return [node];
}

/** Ends a process at some step of what it does next, or a core’s at one of what it does in one state, by kill -9 or with the power. */
function crashSoon(world: World, met: Met): readonly SimulatedNode[] {
  const state = world.random.oneIn(3) ? undefined : world.random.pick(AIMED_STATES);
  const node = world.random.pick(state === undefined ? world.nodes : world.nodes.filter(({ role }) => role === 'core'));
  const hasPower = world.random.oneIn(2);
  const crash = {
    steps: 1 + world.random.below(state === undefined ? CRASH_STEPS_MAX : AIMED_STEPS_MAX),
    counts: () => state === undefined || isIn(world, node, state),
    kill: () => {
      met(statesOf(world, node));
      world.restart(node, { hasPower });
    },
  };
  if (state === 'opening') world.restart(node, { hasPower, crash });
  else node.place?.clock.crashAfter(crash);
  return [];
}

/** Every process of a region ends, with the power or without, and all come back later. */
function loseRegion(world: World): readonly SimulatedNode[] {
  const region = world.random.pick(world.regions);
  const nodes = nodesIn(world, [region]);
  const hasPower = world.random.oneIn(2);
  for (const node of nodes) world.kill(node, { hasPower: true });
  if (!hasPower) for (const storage of new Set(nodes.map((node) => node.storage))) storage?.losePower();
  world.time.schedule(world.time.nowMs + world.random.between(1_000, 120_000), () => {
    for (const node of nodes) world.start(node);
  });
  return nodes;
}

function cutRegions(world: World, { isBothWays, forMs }: { isBothWays: boolean; forMs: number }): readonly SimulatedNode[] | undefined {
  const pair = pairToCut(world, forMs);
  if (pair === undefined) return undefined;
  const [from, to] = pair;
  const cuts = [world.network.cut(from, to), ...(isBothWays ? [world.network.cut(to, from)] : [])];
  world.time.schedule(world.time.nowMs + forMs, () => {
    for (const cut of cuts) cut.heal();
  });
  return nodesIn(world, pair);
}

/** Cut and healed and cut again, both ways, for up to two minutes. */
function flap(world: World): readonly SimulatedNode[] | undefined {
  const forMs = world.random.between(10_000, 120_000);
  const pair = pairToCut(world, forMs);
  if (pair === undefined) return undefined;
  const endMs = world.time.nowMs + forMs;
  const next = () => {
    if (world.time.nowMs >= endMs) return;
    const cuts = [world.network.cut(pair[0], pair[1]), world.network.cut(pair[1], pair[0])];
    world.time.schedule(world.time.nowMs + world.random.between(200, 8_000), () => {
      for (const cut of cuts) cut.heal();
      world.time.schedule(world.time.nowMs + world.random.between(200, 8_000), next);
    });
  };
  next();
  return nodesIn(world, pair);
}

/** Delays between two regions, or within one, grow many times over for a while, with their jitter. */
function slowDown(world: World): readonly SimulatedNode[] {
  const regions = world.router.map.regions.map((region) => region.code);
  const [from, to] = [world.random.pick(regions), world.random.pick(regions)];
  const factor = from === to ? world.random.between(20, 500) : world.random.between(2, 20);
  world.network.slow(from, to, factor);
  world.network.slow(to, from, factor);
  world.time.schedule(world.time.nowMs + world.random.between(2_000, 60_000), () => {
    world.network.slow(from, to, 1);
    world.network.slow(to, from, 1);
  });
  return nodesIn(world, [from, to]);
}

/** Two regions with whole paths between them, which are kept for the cut. */
function pairToCut(world: World, forMs: number): readonly [string, string] | undefined {
  const regions = world.router.map.regions.map((region) => region.code);
  if (regions.length < 2) return undefined;
  const from = world.random.pick(regions);
  const to = world.random.pick(regions.filter((region) => region !== from));
  const path = [from, to].toSorted().join('|');
  if ((world.cutUntilMs.get(path) ?? 0) > world.time.nowMs) return undefined;
  world.cutUntilMs.set(path, world.time.nowMs + forMs + HEALED_MS_MIN);
  return [from, to];
}

function nodesIn(world: World, regions: readonly string[]): SimulatedNode[] {
  return world.nodes.filter((node) => regions.includes(node.region));
}
