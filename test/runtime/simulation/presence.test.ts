/** R15, R16, L5: over two regions and every fault of links and processes, who watches ends with how users truly are, and no state is told twice in a row. */
import type { UserPresence } from '../../../runtime/client/watches.ts';
import { type Fault, FaultInjector } from '../../../runtime/simulation/fault-injector.ts';
import { World } from '../../../runtime/simulation/world.ts';

const regions = ['tokyo', 'bangalore'].map((code, index) => ({
  code,
  edges: 2,
  groups: [{ id: `${code}-g0`, firstShard: index, shardCount: 1 }],
}));
const FAULT_KINDS: readonly Fault[] = [
  'crash',
  'edge-kill',
  'core-kill',
  'long-cut',
  'one-way',
  'partition',
  'flapping',
  'pause',
  'reshard',
];
/** Virtual milliseconds: an edge that is silent, the grace, and clients that find another edge. */
const SETTLE_MS = 60_000;
/** Milliseconds from a change to everyone’s hearing of it, in a calm world (R15). */
const STALE_MS_MAX = 5_000;

/** Users who come and go, and watch each other from both regions. */
class Presences {
  readonly world: World;
  readonly told: string[] = [];
  readonly last = new Map<string, UserPresence>();
  readonly online = new Map<string, { close(): Promise<boolean> } | 'coming'>();
  readonly names = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'];

  constructor(seed: number) {
    this.world = new World(regions, { seed, store: 'memory', hasStandbys: false });
    for (const node of this.world.nodes) this.world.start(node);
  }

  async run(ms: number): Promise<void> {
    await this.world.time.run(this.world.time.nowMs + ms);
  }

  watchFrom(region: string): void {
    const { world } = this;
    const options = { addresses: world.edgesOf(region), user: `watcher-${region}`, connectTimeoutMs: 600_000 };
    void world
      .connect(region, options, () => undefined)
      .then((client) =>
        client.watch(this.names, (presence) => {
          const key = `${region} ${presence.user}`;
          const before = this.last.get(key);
          const isRepeated = before?.isOnline === presence.isOnline && before.lastSeenMs === presence.lastSeenMs;
          if (isRepeated || presence.refused !== undefined) this.told.push(`${key} ${presence.refused?.code ?? 'again'}`);
          this.last.set(key, presence);
        }),
      );
  }

  toggle(name: string): void {
    const { world, online } = this;
    const client = online.get(name);
    if (client === 'coming') return;
    if (client !== undefined) {
      online.delete(name);
      void client.close();
      return;
    }
    online.set(name, 'coming');
    const region = world.regions[world.random.below(2)] as string;
    const options = { addresses: world.edgesOf(region), user: name, connectTimeoutMs: 600_000 };
    void world.connect(region, options, () => undefined).then((connected) => online.set(name, connected));
  }

  /** Which users some watcher has another word of than is true. */
  wrong(): string[] {
    return this.world.regions.flatMap((region) =>
      this.names.flatMap((name) => {
        const told = this.last.get(`${region} ${name}`)?.isOnline;
        const isOnline = this.online.has(name);
        return told === isOnline ? [] : [`${region} ${name}: told ${told}, is ${isOnline}`];
      }),
    );
  }
}

it.each([1, 2, 3])('seed %i: after the last fault every watcher knows the truth', async (seed) => {
  const presences = new Presences(seed);
  const { world } = presences;
  const injector = new FaultInjector(world, FAULT_KINDS);
  for (const region of world.regions) presences.watchFrom(region);
  await presences.run(10_000);
  injector.start();
  for (let i = 0; i < 60; i++) {
    presences.toggle(presences.names[world.random.below(presences.names.length)] as string);
    await presences.run(world.random.between(100, 8_000));
  }
  injector.finish();
  await presences.run(SETTLE_MS);
  expect([presences.wrong(), presences.told]).toEqual([[], []]);
  expect([...injector.injected.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3);
});

it('in a calm world every change is known in both regions within 5 s', async () => {
  const presences = new Presences(7);
  for (const region of presences.world.regions) presences.watchFrom(region);
  await presences.run(10_000);
  let worstMs = 0;
  for (let i = 0; i < 60; i++) {
    presences.toggle(presences.names[i % presences.names.length] as string);
    let waitedMs = 0;
    while (waitedMs < 2 * STALE_MS_MAX && (waitedMs === 0 || presences.wrong().length > 0)) {
      await presences.run(100);
      waitedMs += 100;
    }
    worstMs = Math.max(worstMs, waitedMs);
  }
  process.stderr.write(`presence: the slowest of 60 changes was known in both regions after ${worstMs} ms\n`);
  expect(worstMs).toBeLessThan(STALE_MS_MAX);
});
