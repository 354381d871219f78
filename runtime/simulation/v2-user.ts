import type { IrisMessage } from '../client/incoming.ts';
import type { IrisClient } from '../client/iris-client.ts';
import type { StatusUpdate } from '../client/message-statuses.ts';
import type { SendReceipt } from '../client/send-receipt.ts';
import { IrisError } from '../contract/errors.ts';
import type { History } from './history.ts';
import { bodyOf, MessageNames, nameOf, type SimulatedUser } from './simulated-user.ts';
import type { World } from './world.ts';

const CONNECT_TIMEOUT_MS = 60_000;
const SEND_TIMEOUT_MS = 120_000;
const RETRY_MS = 1_000;
/** Messages after which a keeper acknowledges what it has, so that its inbox stays bounded. */
const KEPT_MAX = 400;

/**
 * One person with one device, of the released client: an application that acknowledges what it has read and never takes a message twice.
 * A `keeper` acknowledges nothing for long, so that each of its sessions reads the same inbox again (L4).
 */
export class V2User implements SimulatedUser {
  readonly name: string;
  /** Sends without an answer yet. */
  underWay = 0;
  private readonly home: string;
  private readonly connections: number;
  private readonly world: World;
  private readonly history: History;
  private readonly names: MessageNames;
  private client: IrisClient | undefined;
  private isKeeper: boolean;
  private isWanted = false;
  private isComing = false;
  /** Set once a session could not confirm what was acknowledged: from then on the application itself must tell old from new. */
  private known: Set<string> | undefined;
  private readonly taken = new Set<string>();
  /** Reads from one cursor, and how often a keeper has moved it. */
  private reads = 0;
  private cursors = 0;
  private kept: IrisMessage[] = [];
  /** What the present session has sent and wants to hear of, by first sequence. */
  private asked = new Map<number, { receipt: SendReceipt; messages: readonly string[] }>();

  constructor(name: string, options: { home: string; isKeeper: boolean; connections: number; world: World; history: History }) {
    this.name = name;
    this.home = options.home;
    this.connections = options.connections;
    this.world = options.world;
    this.history = options.history;
    this.isKeeper = options.isKeeper;
    this.names = new MessageNames(name);
    if (this.isKeeper) this.known = this.taken;
  }

  get isOnline(): boolean {
    return this.client !== undefined;
  }

  send(to: string, count: number, bytes: number): void {
    if (this.client === undefined) return;
    const messages = Array.from({ length: count }, () => this.names.next(to));
    for (const message of messages) this.history.send(message);
    this.underWay++;
    const isAsking = this.world.random.oneIn(2);
    const bodies = messages.map((message) => bodyOf(message, bytes));
    const { client } = this;
    client.sendBatch(to, bodies, { timeoutMs: SEND_TIMEOUT_MS, status: isAsking }).then(
      (receipt) => {
        this.underWay--;
        for (const message of messages) this.history.acknowledge(message, receipt.durability);
        if (isAsking && client === this.client) this.asked.set(receipt.sequence, { receipt, messages });
      },
      (error: unknown) => {
        this.underWay--;
        for (const message of messages) this.history.refuse(message, error instanceof IrisError ? error.code : String(error));
      },
    );
  }

  /** In three of four times at home, else at another region’s edges. */
  comeOnline(): void {
    this.isWanted = true;
    if (this.client !== undefined || this.isComing) return;
    this.isComing = true;
    this.names.nextSession();
    const { random, regions } = this.world;
    const region = random.oneIn(4) ? random.pick(regions) : this.home;
    const others = regions.flatMap((other) => (other === region ? [] : this.world.edgesOf(other)));
    const addresses = [...this.world.edgesOf(region), ...others];
    const { name: user, connections } = this;
    // What the client keeps from its application is the judge’s all the same: only a failover may make it.
    const repeated = (body: Buffer) => {
      if (this.known === undefined) this.history.receive(user, nameOf(body.toString('utf8')));
    };
    this.world.connect(region, { addresses, user, connections, connectTimeoutMs: CONNECT_TIMEOUT_MS }, repeated).then(
      (client) => {
        this.isComing = false;
        this.client = client;
        this.asked = new Map();
        // A session that was given up may still hear of its own sends, whose sequences the present one counts anew.
        client.onStatus((update) => {
          if (client === this.client) this.heard(update);
        });
        client.onGap(({ messages }) => this.history.record({ event: 'gap', user: this.name, messages }));
        this.readAll(client).catch(() => this.lost(client));
      },
      () => {
        this.isComing = false;
        this.later();
      },
    );
  }

  leave(): void {
    const { client } = this;
    this.client = undefined;
    if (client === undefined) return;
    this.isWanted = false;
    this.isComing = true;
    const hasMoved = this.isKeeper && this.kept.length > KEPT_MAX;
    if (hasMoved) for (const message of this.kept) this.confirm(client, message);
    client.close().then(
      (isConfirmed) => {
        this.isComing = false;
        if (!isConfirmed) this.known = this.taken;
        // What an unconfirmed acknowledgement has removed, and when, is not known.
        if (hasMoved && !isConfirmed) this.isKeeper = false;
        if (hasMoved) this.cursors++;
        if (this.isWanted) this.comeOnline();
      },
      () => this.lost(client),
    );
  }

  stranded(): void {
    this.known = this.taken;
    this.isKeeper = false;
    const { client } = this;
    if (client !== undefined) for (const message of this.kept.splice(0)) this.confirm(client, message);
  }

  /** Of what the present session has sent; the sessions before it were other devices. */
  askStatuses(): void {
    const { client } = this;
    for (const { receipt, messages } of this.asked.values()) {
      client?.statusOf(receipt).then(
        (status) => {
          for (const message of messages) this.history.record({ event: 'status-end', message, status });
        },
        () => undefined,
      );
    }
  }

  /** A keeper’s present session has had time to read to the end. */
  endRead(): void {
    if (this.isKeeper && this.client !== undefined)
      this.history.record({ event: 'read-end', user: this.name, from: String(this.cursors), read: this.reads });
  }

  /** What is told of a send before its answer is known by the answer. */
  private heard({ sequence, status }: StatusUpdate): void {
    for (const message of this.asked.get(sequence)?.messages ?? []) this.history.record({ event: 'status', message, status });
  }

  private lost(client: IrisClient): void {
    if (this.client === client) this.client = undefined;
    this.known = this.taken;
    this.later();
  }

  private later(): void {
    this.world.time.schedule(this.world.time.nowMs + RETRY_MS, () => this.comeOnline());
  }

  private async readAll(client: IrisClient): Promise<void> {
    this.kept = [];
    const [from, read] = [String(this.cursors), ++this.reads];
    for await (const message of client.messages()) {
      const name = nameOf(message.text());
      const bucket = Number(message.id.split('-', 1)[0]);
      if (this.isKeeper) this.history.record({ event: 'read', user: this.name, from, read, bucket, message: name });
      if (this.known?.has(name) !== true) this.history.receive(this.name, name);
      this.taken.add(name);
      if (this.isKeeper) this.kept.push(message);
      else this.confirm(client, message);
    }
  }

  private confirm(client: IrisClient, message: IrisMessage): void {
    this.history.record({ event: 'cursor', user: this.name, message: nameOf(message.text()) });
    client.ack(message);
    if (this.world.random.oneIn(2)) client.markRead(message);
  }
}
