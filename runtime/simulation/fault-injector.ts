import type { SimulatedNode, World } from './world.ts';

export const FAULTS = ['edge-kill', 'core-kill', 'power-loss', 'partition', 'one-way', 'pause', 'reset', 'disk-full', 'clock'] as const;
export type Fault = (typeof FAULTS)[number];

/** What each fault does to the world; it ends by itself. */
const INJECT: Readonly<Record<Fault, (world: World) => void>> = {
  'edge-kill': (world) => killOne(world, 'edge', true),
  'core-kill': (world) => killOne(world, 'core', true),
  'power-loss': (world) => killOne(world, 'core', false),
  partition: (world) => cutRegions(world, true),
  'one-way': (world) => cutRegions(world, false),
  pause: (world) => {
    const node = world.random.pick(world.nodes);
    node.place?.clock.stopUntil(world.time.nowMs + world.random.between(500, 40_000));
  },
  reset: (world) => {
    world.network.breakSome(4);
  },
  'disk-full': (world) => {
    const core = world.random.pick(world.nodes.filter((node) => node.role === 'core'));
    if (core.disk !== undefined) core.disk.failingUntilMs = world.time.nowMs + world.random.between(100, 8_000);
  },
  clock: (world) => {
    const node = world.random.pick(world.nodes);
    if (node.place !== undefined) node.place.clock.skewMs += Math.floor(world.random.between(-30_000, 30_000));
  },
};

/** Injects faults at random moments, some while others last, and counts them. */
export class FaultInjector {
  readonly injected = new Map<Fault, number>();
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
    this.world.network.heal();
    for (const node of this.world.nodes) {
      if (node.disk !== undefined) node.disk.failingUntilMs = 0;
      this.world.start(node);
    }
  }

  private later(): void {
    this.world.time.schedule(this.world.time.nowMs + this.world.random.between(500, 20_000), () => {
      if (!this.isActive) return;
      const fault = this.world.random.pick(this.faults);
      this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
      INJECT[fault](this.world);
      this.later();
    });
  }
}

function killOne(world: World, role: SimulatedNode['role'], hasPower: boolean): void {
  const node = world.random.pick(world.nodes.filter((candidate) => candidate.role === role));
  world.kill(node, { hasPower });
  world.time.schedule(world.time.nowMs + world.random.between(200, 9_000), () => world.start(node));
}

function cutRegions(world: World, isBothWays: boolean): void {
  const regions = world.router.map.regions.map((region) => region.code);
  if (regions.length < 2) return;
  const from = world.random.pick(regions);
  const to = world.random.pick(regions.filter((region) => region !== from));
  world.network.cut(from, to);
  if (isBothWays) world.network.cut(to, from);
  world.time.schedule(world.time.nowMs + world.random.between(1_000, 60_000), () => world.network.heal());
}
