import { durabilityName } from '../runtime/wire/durability.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import type { EngineSeconds } from './engines/fleet-store.ts';
import { IDLE_SECONDS, leastBurn } from './idle-burn.ts';
import { InboxReader } from './inbox-reader.ts';
import { MessageSender, type SendShape } from './message-sender.ts';
import { cpuSeconds, pause } from './process-meter.ts';
import type { Deliveries } from './report.ts';
import type { ServerFleet } from './server-fleet.ts';

/** Seconds in which not one message moved: what is missing then counts as lost. */
const STALLED_SECONDS = 20;
/** Logins that are under way at a time. */
const LOGINS_AT_A_TIME = 100;
/** A stretch with less CPU time than this measures a collection or a compilation more or less. */
const SERVER_SECONDS_MIN = 0.1;
/** A generator that is busier than this measures itself. */
const GENERATOR_BUSY_MAX = 0.85;

/** One stretch of traffic. */
export interface Stretch {
  /** Received. */
  readonly messages: number;
  readonly acknowledged: number;
  readonly wallSeconds: number;
  /** User and system seconds of all servers, less what they burn when idle. */
  readonly serverSeconds: number;
  readonly coreSeconds: number;
  /** User and system seconds of the engines by name, their idle burn included. */
  readonly engineSeconds: EngineSeconds;
  readonly generatorBusy: number;
  /** Envelopes that the core committed at a time, on average. */
  readonly envelopesPerCommit: number;
  readonly voidReasons: readonly string[];
}

export interface TrafficOptions {
  /** What the senders are called, before their number. @default 'sender' */
  readonly name?: string;
  readonly senders: number;
  /** The users whom a sender writes to, in turn. */
  recipientsOf(sender: number): readonly string[];
  /** False leaves the readers offline until `connectReaders`. @default true */
  readonly areReadersOnline?: boolean;
  readonly latency?: (ms: number) => void;
  /** Connections over which each reader reads the buckets of a promoted inbox, one edge after the other. @default 1 */
  readonly readConnections?: number;
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
    const { senders, latency, name = 'sender', readConnections = 1 } = options;
    const shareAddresses = readConnections > 1 ? Array.from({ length: readConnections }, (_, share) => edge(share)) : [];
    const progress = () => traffic.progress();
    for (let index = 0; index < senders; index++) {
      for (const user of options.recipientsOf(index)) {
        if (traffic.readers.has(user)) continue;
        const parts = { ledger: traffic.ledger, progress, shareAddresses, ...(latency === undefined ? {} : { latency }) };
        traffic.readers.set(user, new InboxReader(parts, { address: edge(index), user, device: 1 }));
      }
    }
    if (options.areReadersOnline !== false) await traffic.connectReaders();
    for (let number = 0; number < senders; number++) {
      const parts = {
        acknowledged: (count: number, durability: number) => traffic.onAcknowledged(count, durability),
        refused: (count: number, reason: string) => traffic.onRefused(count, reason),
        progress,
      };
      traffic.senders.push(
        await MessageSender.connect({ name, address: edge(number), number, recipients: options.recipientsOf(number) }, parts),
      );
    }
    await traffic.measureIdleBurn();
    return traffic;
  }

  /** Logs every reader in, LOGINS_AT_A_TIME at a time. */
  async connectReaders(): Promise<void> {
    const waiting = [...this.readers.values()];
    while (waiting.length > 0) await Promise.all(waiting.splice(0, LOGINS_AT_A_TIME).map((reader) => reader.connect()));
  }

  get sent(): number {
    return this.senders.reduce((sum, sender) => sum + sender.sent, 0);
  }

  /** The weakest class of all acknowledgements, as they say or as the store of this run truly has it. */
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
    const { pids, core, store } = this.fleet;
    const [received, acknowledged] = [this.ledger.received, this.acknowledged];
    const [commits, envelopes] = [await this.commits(), await this.envelopes()];
    const engines = store.engineSeconds();
    const [servers, coreAlone, generator, startedMs] = [cpuSeconds(pids), cpuSeconds([core.pid]), process.cpuUsage(), performance.now()];
    await work();
    const wallSeconds = (performance.now() - startedMs) / 1_000;
    const serverSeconds = cpuSeconds(pids) - servers - this.idleBurn * wallSeconds;
    const coreSeconds = cpuSeconds([core.pid]) - coreAlone;
    const engineSeconds = Object.fromEntries(
      Object.entries(store.engineSeconds()).map(([engine, seconds]) => [engine, seconds - (engines[engine] ?? 0)]),
    );
    const { user, system } = process.cpuUsage(generator);
    const generatorBusy = (user + system) / 1e6 / wallSeconds;
    return {
      messages: this.ledger.received - received,
      acknowledged: this.acknowledged - acknowledged,
      wallSeconds,
      serverSeconds,
      coreSeconds,
      engineSeconds,
      generatorBusy,
      envelopesPerCommit: ((await this.envelopes()) - envelopes) / Math.max(1, (await this.commits()) - commits),
      voidReasons: this.reasonsAgainst(generatorBusy, serverSeconds),
    };
  }

  /** Resolves when everything sent is acknowledged and received, or nothing moves any more. */
  async allReceived(): Promise<void> {
    const isReceived = () => this.ledger.received >= this.sent - this.ledger.refused;
    await this.until(() => isReceived() && this.isAnswered());
  }

  /** Resolves when everything sent is acknowledged, or nothing moves any more. */
  async allAcknowledged(): Promise<void> {
    await this.until(() => this.isAnswered());
  }

  private isAnswered(): boolean {
    return this.acknowledged + this.ledger.refused >= this.sent;
  }

  private async until(isDone: () => boolean): Promise<void> {
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

  /** Everyone goes away without a word. */
  disconnect(): void {
    for (const reader of this.readers.values()) reader.disconnect();
    for (const sender of this.senders) sender.disconnect();
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
    const { pids } = this.fleet;
    this.idleBurn = await leastBurn(async () => {
      const [before, startedMs] = [cpuSeconds(pids), performance.now()];
      await pause(IDLE_SECONDS * 1_000);
      return (cpuSeconds(pids) - before) / ((performance.now() - startedMs) / 1_000);
    }, pids.length);
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
