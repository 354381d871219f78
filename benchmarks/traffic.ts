import { durabilityName } from '../runtime/wire/durability.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import { InboxReader } from './inbox-reader.ts';
import { MessageSender, type SendShape } from './message-sender.ts';
import { cpuSeconds, pause } from './process-meter.ts';
import type { Deliveries } from './report.ts';
import type { ServerFleet } from './server-fleet.ts';

/** Seconds in which not one message moved: what is missing then counts as lost. */
const STALLED_SECONDS = 20;
/** Seconds of silence whose CPU time is taken for idle burn. */
const IDLE_SECONDS = 1;
/** Less CPU time than this is too near to the 0.01 s in which /proc counts it. */
const SERVER_SECONDS_MIN = 0.5;
/** A generator that is busier than this measures itself. */
const GENERATOR_BUSY_MAX = 0.85;

/** One stretch of traffic. */
export interface Stretch {
  readonly messages: number;
  readonly wallSeconds: number;
  /** User and system seconds of all servers, less what they burn when idle. */
  readonly serverSeconds: number;
  readonly coreSeconds: number;
  readonly generatorBusy: number;
  /** Envelopes that the core committed at a time, on average. */
  readonly envelopesPerCommit: number;
  readonly voidReasons: readonly string[];
}

export interface TrafficOptions {
  readonly senders: number;
  /** The user whom a sender writes to. */
  recipientOf(sender: number): string;
  readonly latency?: (ms: number) => void;
}

/** Senders and readers on a fleet, and what can be said about them. */
export class Traffic {
  readonly ledger = new DeliveryLedger();
  readonly readers = new Map<string, InboxReader>();
  senders: MessageSender[] = [];
  acknowledged = 0;
  private readonly fleet: ServerFleet;
  private durabilityMin = 3;
  private firstRefusal = '';
  private idleBurn = 0;
  private isDone: (() => boolean) | undefined;
  private finish: (() => void) | undefined;

  private constructor(fleet: ServerFleet) {
    this.fleet = fleet;
  }

  /** Connects everyone, readers first, and measures what the servers burn while nobody sends. */
  static async open(fleet: ServerFleet, options: TrafficOptions): Promise<Traffic> {
    const traffic = new Traffic(fleet);
    const edge = (index: number) => fleet.edges[index % fleet.edges.length]!.address;
    const { latency } = options;
    const progress = () => traffic.progress();
    for (let index = 0; index < options.senders; index++) {
      const user = options.recipientOf(index);
      if (traffic.readers.has(user)) continue;
      const reader = new InboxReader(
        { ledger: traffic.ledger, progress, ...(latency === undefined ? {} : { latency }) },
        { address: edge(index), user, device: 1 },
      );
      await reader.connect();
      traffic.readers.set(user, reader);
    }
    for (let number = 0; number < options.senders; number++) {
      const parts = {
        acknowledged: (count: number, durability: number) => traffic.onAcknowledged(count, durability),
        refused: (count: number, reason: string) => traffic.onRefused(count, reason),
        progress,
      };
      traffic.senders.push(await MessageSender.connect({ address: edge(number), number, recipient: options.recipientOf(number) }, parts));
    }
    await traffic.measureIdleBurn();
    return traffic;
  }

  get sent(): number {
    return this.senders.reduce((sum, sender) => sum + sender.sent, 0);
  }

  /** The weakest class of all acknowledgements. */
  get durability(): string {
    return this.acknowledged === 0 ? '' : durabilityName(this.durabilityMin);
  }

  prepare(shape: SendShape): void {
    for (const sender of this.senders) sender.prepare(shape);
  }

  /** Sends about `messages`, the same number of whole frames per sender, and measures until all are acknowledged, received and verified. */
  async closedLoop(messages: number, shape: SendShape): Promise<Stretch> {
    this.prepare(shape);
    const frames = Math.max(1, Math.round(messages / this.senders.length / shape.frameMessages));
    return await this.measure(async () => {
      for (const sender of this.senders) sender.sendMore(frames * shape.frameMessages);
      await this.allReceived();
    });
  }

  /** Measures the servers from the start of `work` to its end. */
  async measure(work: () => Promise<void>): Promise<Stretch> {
    const { pids, core } = this.fleet;
    const [received, commits, envelopes] = [this.ledger.received, await this.commits(), await this.envelopes()];
    const [servers, coreAlone, generator, startedMs] = [cpuSeconds(pids), cpuSeconds([core.pid]), process.cpuUsage(), performance.now()];
    await work();
    const wallSeconds = (performance.now() - startedMs) / 1_000;
    const serverSeconds = cpuSeconds(pids) - servers - this.idleBurn * wallSeconds;
    const coreSeconds = cpuSeconds([core.pid]) - coreAlone;
    const { user, system } = process.cpuUsage(generator);
    const generatorBusy = (user + system) / 1e6 / wallSeconds;
    return {
      messages: this.ledger.received - received,
      wallSeconds,
      serverSeconds,
      coreSeconds,
      generatorBusy,
      envelopesPerCommit: ((await this.envelopes()) - envelopes) / Math.max(1, (await this.commits()) - commits),
      voidReasons: this.reasonsAgainst(generatorBusy, serverSeconds),
    };
  }

  /** Resolves when everything sent is acknowledged and received, or nothing moves any more. */
  async allReceived(): Promise<void> {
    const isDone = () => this.ledger.received >= this.sent - this.ledger.refused && this.acknowledged + this.ledger.refused >= this.sent;
    if (isDone()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.isDone = isDone;
    this.finish = resolve;
    let [seen, quietSeconds] = [-1, 0];
    const watch = setInterval(() => {
      const moved = this.ledger.received + this.acknowledged;
      quietSeconds = moved === seen ? quietSeconds + 1 : 0;
      seen = moved;
      if (quietSeconds >= STALLED_SECONDS) resolve();
    }, 1_000);
    await promise;
    clearInterval(watch);
    this.isDone = undefined;
  }

  /** After a moment in which doubles would still come. */
  async verdict(): Promise<Deliveries> {
    await pause(300);
    return this.ledger.verdict(this.sent);
  }

  private progress(): void {
    if (this.isDone?.() === true) this.finish?.();
  }

  private onAcknowledged(count: number, durability: number): void {
    this.acknowledged += count;
    this.durabilityMin = Math.min(this.durabilityMin, durability);
  }

  private onRefused(count: number, reason: string): void {
    this.ledger.refused += count;
    this.firstRefusal ||= reason;
  }

  private reasonsAgainst(generatorBusy: number, serverSeconds: number): string[] {
    const reasons = [];
    if (this.fleet.cpus === undefined) reasons.push('one CPU for servers and generator');
    if (generatorBusy > GENERATOR_BUSY_MAX) reasons.push(`generator ${Math.round(generatorBusy * 100)} % busy`);
    if (serverSeconds < SERVER_SECONDS_MIN) reasons.push(`too short: ${serverSeconds.toFixed(2)} s of CPU, needs ${SERVER_SECONDS_MIN}`);
    if (this.firstRefusal !== '') reasons.push(`refused: ${this.firstRefusal}`);
    return reasons;
  }

  private async measureIdleBurn(): Promise<void> {
    const [before, startedMs] = [cpuSeconds(this.fleet.pids), performance.now()];
    await pause(IDLE_SECONDS * 1_000);
    this.idleBurn = (cpuSeconds(this.fleet.pids) - before) / ((performance.now() - startedMs) / 1_000);
  }

  private commits(): Promise<number> {
    return this.fleet.metric(this.fleet.core, 'iris_commits_total');
  }

  private envelopes(): Promise<number> {
    return this.fleet.metric(this.fleet.core, 'iris_envelopes_committed_total');
  }
}

/** Why a verdict voids a figure. */
export function reasonsOf({ lost, doubled, outOfOrder, refused }: Deliveries): string[] {
  return lost + doubled + outOfOrder + refused === 0 ? [] : ['messages lost, doubled, inverted or refused'];
}
