import type { History } from './history.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedUser } from './simulated-user.ts';
import { V1User } from './v1-user.ts';
import { V2User } from './v2-user.ts';
import type { World } from './world.ts';

export interface WorkloadOptions {
  readonly usersPerRegion: number;
  /** Sends per virtual second, over all users; one in ten is a batch, one in a hundred a burst, some are large. */
  readonly sendsPerSecond: number;
}

const BATCH_MESSAGES_MAX = 20;
const BURST_SENDS_MAX = 60;
const LARGE_BYTES_MAX = 40_000;

/** Users who write to each other and come and go: half of them are away at first and come at the end at the latest. */
export class Workload {
  readonly users: readonly SimulatedUser[];
  private readonly v2Users: V2User[] = [];
  private readonly world: World;
  private readonly history: History;
  private readonly options: WorkloadOptions;
  private isSending = true;

  constructor(world: World, history: History, options: WorkloadOptions) {
    this.world = world;
    this.history = history;
    this.options = options;
    this.users = world.regions.flatMap((region) => Array.from({ length: options.usersPerRegion }, (_, i) => this.user(region, i)));
  }

  start(): void {
    this.users.forEach((user, i) => {
      if (i % 2 === 0) user.comeOnline();
    });
    this.sendLater();
    this.churnLater();
  }

  /** Sends no more, and everyone reads. */
  finish(): void {
    this.isSending = false;
    for (const user of this.users) user.comeOnline();
  }

  /** Everything is answered. */
  get isSettled(): boolean {
    return this.v2Users.every((user) => user.underWay === 0);
  }

  /** A v1 acknowledgement that a broken link swallowed is made again at the next login. */
  acknowledgeAgain(): void {
    for (const user of this.users) {
      if (!(user instanceof V1User)) continue;
      user.leave();
      user.comeOnline();
    }
  }

  /** Every sender asks once more what became of its messages; answered within seconds. */
  askStatuses(): void {
    for (const user of this.v2Users) user.askStatuses();
  }

  /** Those who keep their messages read them once more, from the beginning, and are judged when `endReads` is called later. */
  readAgain(): void {
    for (const user of this.v2Users) {
      user.leave();
      user.comeOnline();
    }
  }

  endReads(): void {
    for (const user of this.v2Users) user.endRead();
  }

  /**
   * Per region: every sixth user keeps what it reads, every fifth has a client of the original; the others read the buckets of a promoted
   * inbox over 1 to 4 connections.
   */
  private user(region: string, index: number): SimulatedUser {
    const { world, history } = this;
    if (index % 6 === 4) return new V1User(`${region}-v1-${index}`, { home: region, world, history });
    const user = new V2User(`${region}-${index}`, {
      home: region,
      isKeeper: index % 6 === 5,
      connections: 1 + (index % 4),
      world,
      history,
    });
    this.v2Users.push(user);
    return user;
  }

  private get random(): SeededRandom {
    return this.world.random;
  }

  private sendLater(): void {
    const gapMs = (2_000 / this.options.sendsPerSecond) * this.random.fraction();
    this.world.time.schedule(this.world.time.nowMs + gapMs, () => {
      if (!this.isSending) return;
      const sends = this.random.oneIn(100) ? this.random.below(BURST_SENDS_MAX) : 1;
      for (let i = 0; i < sends; i++) this.sendOne();
      this.sendLater();
    });
  }

  private sendOne(): void {
    const { random } = this;
    const [from, to] = [random.pick(this.users), random.pick(this.users)];
    const count = random.oneIn(10) ? 2 + random.below(BATCH_MESSAGES_MAX) : 1;
    const bytes = random.oneIn(50) ? random.below(LARGE_BYTES_MAX) : 0;
    if (from.isOnline) from.send(to.name, count, bytes);
  }

  private churnLater(): void {
    this.world.time.schedule(this.world.time.nowMs + this.random.between(200, 3_000), () => {
      if (!this.isSending) return;
      const user = this.random.pick(this.users);
      if (!user.isOnline) user.comeOnline();
      else if (this.random.oneIn(3)) user.leave();
      this.churnLater();
    });
  }
}
