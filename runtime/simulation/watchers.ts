import type { IrisClient } from '../client/iris-client.ts';
import type { History } from './history.ts';
import type { SimulatedUser } from './simulated-user.ts';
import type { World } from './world.ts';

/** Regions that have a watcher, and users that each watches: of a large environment some, or presence would be most of what is simulated. */
const WATCHERS_MAX = 4;
const WATCHED_MAX = 48;
const CONNECT_TIMEOUT_MS = 60_000;
const RETRY_MS = 1_000;

/** In some regions a client that watches users and tells the judge what it hears of them (R15, R16). */
export class Watchers {
  private readonly watchers: readonly Watcher[];
  private readonly users: readonly SimulatedUser[];
  private readonly history: History;

  constructor(world: World, history: History, users: readonly SimulatedUser[]) {
    this.history = history;
    this.users = users.slice(0, WATCHED_MAX);
    const names = this.users.map(({ name }) => name);
    this.watchers = world.regions.slice(0, WATCHERS_MAX).map((region) => new Watcher(region, { names, world, history }));
  }

  start(): void {
    for (const watcher of this.watchers) watcher.connect();
  }

  /** Some users go, so that the last word is not the same of all. */
  someLeave(): void {
    this.users.forEach((user, i) => {
      if (i % 3 === 0) user.leave();
    });
  }

  /** Everything has been quiet for long enough: what was told last is how it is. */
  end(): void {
    for (const { name: watcher } of this.watchers)
      for (const { name: user, isOnline } of this.users) this.history.record({ event: 'presence-end', watcher, user, isOnline });
  }
}

class Watcher {
  readonly name: string;
  private readonly region: string;
  private readonly users: readonly string[];
  private readonly world: World;
  private readonly history: History;

  constructor(region: string, { names, world, history }: { names: readonly string[]; world: World; history: History }) {
    this.name = `${region}-watcher`;
    this.region = region;
    this.users = names;
    this.world = world;
    this.history = history;
  }

  connect(): void {
    const { world, name: user, region } = this;
    const others = world.regions.flatMap((other) => (other === region ? [] : world.edgesOf(other)));
    const options = { addresses: [...world.edgesOf(region), ...others], user, connectTimeoutMs: CONNECT_TIMEOUT_MS };
    world
      .connect(region, options, () => undefined)
      .then((client) => this.watch(client))
      .catch(() => this.world.after(RETRY_MS, () => this.connect()));
  }

  /** Until the client gives up. */
  private async watch(client: IrisClient): Promise<void> {
    this.history.record({ event: 'watch', watcher: this.name });
    client.watch(this.users, ({ user, isOnline, refused }) =>
      this.history.record({ event: 'presence', watcher: this.name, user, ...(refused === undefined && { isOnline }) }),
    );
    for await (const message of client.messages()) client.ack(message);
  }
}
