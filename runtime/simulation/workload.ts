import type { IrisClient } from '../client/iris-client.ts';
import { IrisError } from '../contract/errors.ts';
import type { History } from './history.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { World } from './world.ts';

export interface WorkloadOptions {
  readonly usersPerRegion: number;
  /** Sends per virtual second, over all users; one in ten is a batch. */
  readonly sendsPerSecond: number;
}

const CONNECT_TIMEOUT_MS = 60_000;
const SEND_TIMEOUT_MS = 120_000;

/** Users who write to each other and come and go: half of them are away at first and come at the end at the latest. */
export class Workload {
  readonly users: User[] = [];
  /** Sends without an answer yet. */
  underWay = 0;
  private readonly world: World;
  private readonly history: History;
  private readonly options: WorkloadOptions;
  private isSending = true;

  constructor(world: World, history: History, options: WorkloadOptions) {
    this.world = world;
    this.history = history;
    this.options = options;
    const regions = world.router.map.regions.map((region) => region.code);
    for (const region of regions) {
      for (let i = 0; i < options.usersPerRegion; i++) this.users.push(new User(`${region}-${i}`, region, world, history));
    }
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

  private get random(): SeededRandom {
    return this.world.random;
  }

  private sendLater(): void {
    const gapMs = (2_000 / this.options.sendsPerSecond) * this.random.fraction();
    this.world.time.schedule(this.world.time.nowMs + gapMs, () => {
      if (!this.isSending) return;
      this.sendOne();
      this.sendLater();
    });
  }

  private sendOne(): void {
    const [from, to] = [this.random.pick(this.users), this.random.pick(this.users)];
    if (from.client === undefined) return;
    const count = this.random.oneIn(10) ? 2 + this.random.below(20) : 1;
    const bodies = Array.from({ length: count }, () => from.nextBody(to.name));
    for (const body of bodies) this.history.send(body);
    this.underWay++;
    from.client.sendBatch(to.name, bodies, { timeoutMs: SEND_TIMEOUT_MS }).then(
      (receipt) => {
        this.underWay--;
        for (const body of bodies) this.history.acknowledge(body, receipt.durability);
      },
      (error: unknown) => {
        this.underWay--;
        for (const body of bodies) this.history.refuse(body, error instanceof IrisError ? error.code : String(error));
      },
    );
  }

  private churnLater(): void {
    this.world.time.schedule(this.world.time.nowMs + this.random.between(200, 3_000), () => {
      if (!this.isSending) return;
      const user = this.random.pick(this.users);
      if (user.client === undefined) user.comeOnline();
      else if (this.random.oneIn(3)) user.leave();
      this.churnLater();
    });
  }
}

/** One person with one device: an application that acknowledges what it has read and never takes a message twice. */
export class User {
  readonly name: string;
  client: IrisClient | undefined;
  private readonly region: string;
  private readonly world: World;
  private readonly history: History;
  private readonly numbers = new Map<string, number>();
  private sessions = 0;
  private isWanted = false;
  private isComing = false;
  /** Set once a session could not confirm what was acknowledged: from then on the application itself must tell old from new. */
  private known: Set<string> | undefined;
  private readonly read = new Set<string>();

  constructor(name: string, region: string, world: World, history: History) {
    this.name = name;
    this.region = region;
    this.world = world;
    this.history = history;
  }

  /** `sender/recipient/number`, as the judge reads it. A new session is a new device, and order holds within a device. */
  nextBody(to: string): string {
    const number = this.numbers.get(to) ?? 0;
    this.numbers.set(to, number + 1);
    return `${this.name}~${this.sessions}/${to}/${number}`;
  }

  comeOnline(): void {
    this.isWanted = true;
    if (this.client !== undefined || this.isComing) return;
    this.isComing = true;
    this.sessions++;
    const own = this.world.edgesOf(this.region);
    const others = this.world.nodes.filter((node) => node.role === 'edge' && node.region !== this.region).map((node) => node.address);
    const options = { addresses: [...own, ...others], user: this.name, connectTimeoutMs: CONNECT_TIMEOUT_MS };
    this.world.connect(this.region, options).then(
      (client) => {
        this.isComing = false;
        this.client = client;
        this.readAll(client).catch(() => this.lost(client));
      },
      () => {
        this.isComing = false;
        this.world.time.schedule(this.world.time.nowMs + 1_000, () => this.comeOnline());
      },
    );
  }

  leave(): void {
    const { client } = this;
    this.client = undefined;
    if (client === undefined) return;
    this.isWanted = false;
    this.isComing = true;
    client.close().then(
      (isConfirmed) => {
        this.isComing = false;
        if (!isConfirmed) this.known = this.read;
        if (this.isWanted) this.comeOnline();
      },
      () => this.lost(client),
    );
  }

  private lost(client: IrisClient): void {
    if (this.client === client) this.client = undefined;
    this.known = this.read;
    this.world.time.schedule(this.world.time.nowMs + 1_000, () => this.comeOnline());
  }

  private async readAll(client: IrisClient): Promise<void> {
    for await (const message of client.messages()) {
      const body = message.text();
      if (this.known?.has(body) !== true) this.history.receive(this.name, body);
      this.read.add(body);
      this.history.record({ event: 'cursor', user: this.name, message: body });
      client.ack(message);
    }
  }
}
