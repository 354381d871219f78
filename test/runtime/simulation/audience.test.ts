/** A23, L1: who may not see a user never learns how it is, over two regions and every fault of links, processes, stores and moves; who may knows the truth in the end. */
import type { IrisClient, UserPresence } from '../../../runtime/client/index.ts';
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
  'power-loss',
  'partition',
  'pause',
  'read-fail',
  'reshard',
  'failover',
];
const HIDDEN = ['ann', 'ben', 'cat'];
const LISTED = ['dan', 'eve', 'fay'];
/** Virtual milliseconds after the last move: owners that come back, users on their way, clients that find another edge. */
const SETTLE_MS = 180_000;

class Privacy {
  readonly world: World;
  readonly leaks: string[] = [];
  readonly friendKnows = new Map<string, boolean>();
  readonly clients = new Map<string, IrisClient>();

  constructor(seed: number) {
    this.world = new World(regions, { seed, store: 'memory', hasStandbys: false });
    for (const node of this.world.nodes) this.world.start(node);
  }

  async run(ms: number): Promise<void> {
    await this.world.time.run(this.world.time.nowMs + ms);
  }

  /** Resolves a promise of a client while the world runs. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const settled = promise.finally(() => {
      isOver = true;
    });
    settled.catch(() => undefined);
    for (let i = 0; i < 600 && !isOver; i++) await this.run(1_000);
    return await settled;
  }

  connect(region: string, user: string): Promise<IrisClient> {
    const options = { addresses: this.world.edgesOf(region), user, connectTimeoutMs: 600_000 };
    return this.world.connect(region, options, () => undefined);
  }

  /** Each user says who may see it, and goes. */
  async hide(): Promise<void> {
    for (const user of [...HIDDEN, ...LISTED]) {
      const client = await this.during(this.connect('tokyo', user));
      const audience = HIDDEN.includes(user) ? ('nobody' as const) : ['friend'];
      await this.during(client.setAudience(audience));
      expect(await this.during(client.audience())).toEqual(audience);
      await this.during(client.close());
    }
  }

  /** Hears all, and asks again and again. */
  async spy(region: string, user: string, isFriend: boolean): Promise<void> {
    const client = await this.during(this.connect(region, user));
    const note = (name: string, { isOnline, lastSeenMs }: { isOnline: boolean; lastSeenMs: number }) => {
      if (isFriend && LISTED.includes(name)) this.friendKnows.set(name, isOnline);
      else if (isOnline || lastSeenMs !== 0) this.leaks.push(`${user}: ${name} ${isOnline} ${lastSeenMs}`);
    };
    client.watch([...HIDDEN, ...LISTED], (presence: UserPresence) => {
      if (presence.refused === undefined) note(presence.user, presence);
    });
    const ask = () => {
      for (const name of HIDDEN)
        client.presenceOf(name).then(
          (presence) => note(name, presence),
          () => undefined,
        );
      if (!isFriend)
        for (const name of LISTED)
          client.presenceOf(name).then(
            (presence) => note(name, presence),
            () => undefined,
          );
      this.world.time.schedule(this.world.time.nowMs + 1_500, ask);
    };
    ask();
  }

  async toggle(user: string): Promise<void> {
    const client = this.clients.get(user);
    this.clients.delete(user);
    if (client !== undefined) void client.close();
    else this.clients.set(user, await this.during(this.connect(this.world.random.pick(this.world.regions), user)));
  }
}

it.each([8, 11])('seed %i', async (seed) => {
  const privacy = new Privacy(seed);
  const { world } = privacy;
  await privacy.hide();
  await privacy.spy('bangalore', 'stranger', false);
  await privacy.spy('tokyo', 'friend', true);
  await privacy.run(10_000);
  const injector = new FaultInjector(world, FAULT_KINDS);
  injector.start();
  for (let i = 0; i < 40; i++) {
    await privacy.toggle(world.random.pick([...HIDDEN, ...LISTED]));
    await privacy.run(world.random.between(100, 8_000));
  }
  injector.finish();
  // While a region is away nobody sees its users.
  for (let i = 0; i < 200 && (world.awayRegion !== undefined || world.router.map.moving !== undefined); i++) await privacy.run(10_000);
  await privacy.run(SETTLE_MS);
  expect(privacy.leaks).toEqual([]);
  const truth = LISTED.map((user) => [user, privacy.clients.has(user)]);
  expect(LISTED.map((user) => [user, privacy.friendKnows.get(user)])).toEqual(truth);
  expect([...injector.injected.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(3);
});
