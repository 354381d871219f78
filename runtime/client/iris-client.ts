import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import { errorCodeOfWire, IrisError } from '../contract/errors.ts';
import type { Timer } from '../ports/clock.ts';
import { Bursts } from '../wire/bursts.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { encodeBye } from '../wire/v2/bye.ts';
import { decodeDeliver } from '../wire/v2/deliver.ts';
import { decodeFault, type FaultFrame } from '../wire/v2/fault.ts';
import { decodeGap } from '../wire/v2/gap.ts';
import { decodeGeneration, type GenerationFrame } from '../wire/v2/generation.ts';
import { type HelloFrame, Reads } from '../wire/v2/hello.ts';
import { FETCH_VERSION, Opcode, VERSION_MAX, VERSION_MIN } from '../wire/v2/opcodes.ts';
import { decodeSent, type SentFrame } from '../wire/v2/sent.ts';
import type { WelcomeFrame } from '../wire/v2/welcome.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { WhoMaySee } from './audience.ts';
import { type ClientParts, type ConnectOptions, checkOptions, type SendOptions, transportFor } from './client-options.ts';
import { EdgeConnection, type EdgeConnectionUser } from './edge-connection.ts';
import { type BestEffortMessage, Ephemerals, type Presence, type TypingSignal } from './ephemerals.ts';
import { FATAL_FAULTS } from './fatal-faults.ts';
import { FirstLogin } from './first-login.ts';
import { Incoming, type IrisMessage } from './incoming.ts';
import { IncomingGaps, type MessageGap } from './incoming-gaps.ts';
import type { MessageStatus, SentMessages, StatusUpdate } from './message-statuses.ts';
import { Outgoing, type SendReceipt } from './outgoing.ts';
import { ShareReads } from './share-reads.ts';
import { Signals } from './signals.ts';
import type { UserPresence } from './watches.ts';

const SWEEP_MS = 250;
const CLOSE_TIMEOUT_MS = 6_000;

/**
 * A user’s connection to Iris: sends with receipts, receives in order and once, and comes back by itself when an edge or a core dies.
 * What was not acknowledged is sent again and recognised; what the application has not acknowledged is delivered again.
 */
export class IrisClient {
  private readonly options: ConnectOptions;
  private readonly parts: ClientParts;
  private readonly bursts: Bursts;
  private readonly outgoing: Outgoing;
  private readonly signals: Signals;
  private readonly ephemerals: Ephemerals;
  private readonly incoming = new Incoming({ moved: (cursor) => this.acks.moved(cursor), repeated: (body) => this.parts.repeated?.(body) });
  private readonly acks: Acknowledgements;
  private readonly gaps = new IncomingGaps(this.incoming, (cursor) => void this.acks.say(cursor));
  private readonly device: Buffer;
  private readonly connection: EdgeConnection;
  /** The buckets, where several connections read them. */
  private shares: ShareReads | undefined;
  private welcome: WelcomeFrame | undefined;
  private isClosing = false;
  private failure: IrisError | undefined;
  private sweep: Timer;
  private loggedIn: FirstLogin | undefined;
  private farewell: ((isConfirmed: boolean) => void) | undefined;
  private isConfirmed = false;

  private constructor(options: ConnectOptions, parts: ClientParts) {
    this.options = options;
    this.parts = parts;
    this.bursts = new Bursts((callback) => parts.clock.soon(callback));
    this.device = parts.random.bytes(8);
    const { clock } = parts;
    this.acks = new Acknowledgements(clock, (bucket) => this.ackWriter(bucket));
    this.connection = this.newConnection(
      {
        hello: () => this.hello(),
        welcomed: (frame) => this.welcomed(frame),
        frame: (opcode, reader) => this.frame(opcode, reader),
        lost: () => this.ephemerals.lost(),
      },
      0,
    );
    const version = () => this.protocolVersion;
    this.outgoing = new Outgoing({ clock, writer: () => this.connection.writer, version });
    const writer = () => (this.protocolVersion >= 3 ? this.connection.writer : undefined);
    this.signals = new Signals({ clock, writer, version, bucketWriters: () => this.shares?.writers ?? [] });
    this.ephemerals = new Ephemerals({ clock, writer, takeSequences: (count) => this.outgoing.takeSequences(count) });
    if (options.connections !== undefined && options.connections > 1) this.shares = this.newShares(options.connections);
    this.sweep = parts.clock.after(SWEEP_MS, () => this.tick());
    const abort = () => this.finish(new IrisError('DRAINING', 'the client was aborted'));
    options.signal?.addEventListener('abort', abort, { once: true });
  }

  /**
   * Resolves when logged in.
   * @throws IrisError AUTHENTICATION_FAILED, RATE_LIMITED and OVERLOADED as the edge says, with `retryAfterMs`,
   * CONNECTION_FAILED when no address answers in time, COMMAND_INVALID
   */
  static async connect(options: ConnectOptions, parts: Partial<ClientParts> = {}): Promise<IrisClient> {
    checkOptions(options);
    const client = new IrisClient(options, { transport: transportFor(options.tls), clock: systemClock, random: systemRandom, ...parts });
    await client.firstLogin();
    return client;
  }

  /** Code of the region that serves this connection, such as `tokyo`. */
  get region(): string {
    return this.welcome?.region ?? '';
  }

  /** The AWS region that serves this connection, such as `ap-southeast-2` (P3). */
  getServerRegion(): string {
    return this.welcome?.awsRegion ?? '';
  }

  /** Version of the protocol that this connection speaks; 0 before the first login. What a server does not know is not asked of it. */
  get protocolVersion(): number {
    return this.welcome?.version ?? 0;
  }

  /**
   * Connections that read the inbox now: those asked for once it is promoted, 1 until then, and 1 where an edge or a core of an older release
   * cannot share its buckets.
   */
  get connections(): number {
    return Math.max(1, this.shares?.count ?? 1);
  }

  /** Resolves once the message is stored, with what it survives. Text is sent as UTF-8. */
  send(to: string, message: Uint8Array | string, options: SendOptions = {}): Promise<SendReceipt> {
    return this.sendBatch(to, [message], options);
  }

  /** Up to 1,000 messages or 1 MB to one recipient, stored together. */
  sendBatch(to: string, messages: readonly (Uint8Array | string)[], options: SendOptions = {}): Promise<SendReceipt> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const bodies = messages.map((message) => (typeof message === 'string' ? Buffer.from(message, 'utf8') : message));
    if (options.bestEffort === true) return this.ephemerals.send(to, bodies);
    const timeoutMs = options.timeoutMs ?? this.options.sendTimeoutMs ?? 30_000;
    if (options.status !== true) return this.outgoing.send(to, bodies, { timeoutMs, isStatusWanted: false, started: () => undefined });
    return this.signals.track({ to, count: bodies.length }, (started) =>
      this.outgoing.send(to, bodies, { timeoutMs, isStatusWanted: true, started }),
    );
  }

  /**
   * Tells what becomes of the sends that asked for it (`status: true`), each status once and in order: pending, sent, delivered (the
   * recipient’s application has acknowledged it), read. Of the 10,000 latest sends that are not read yet. Returns what ends it.
   */
  onStatus(listener: (update: StatusUpdate) => void): () => void {
    return this.signals.statuses.listen(listener);
  }

  /** Asks the server what became of a send; what this client knows when no answer comes within 3 s. Never less than it told before. */
  statusOf(messages: SentMessages): Promise<MessageStatus> {
    return this.signals.statusOf(messages);
  }

  /** Resolves to true once all messages of a send are delivered, or read; to false after `timeoutMs`, 30 s by default. */
  reached(messages: SentMessages, status: 'delivered' | 'read', options: { timeoutMs?: number } = {}): Promise<boolean> {
    return this.signals.reached(messages, status, options.timeoutMs ?? 30_000);
  }

  /** A person has seen the message: its sender hears of it where it asked. Says nothing of other messages, and does not acknowledge. */
  markRead(message: IrisMessage): void {
    this.signals.markRead(message);
  }

  /** Hears the best-effort messages to this user (`bestEffort: true`). Returns what ends it. */
  onBestEffort(listener: (message: BestEffortMessage) => void): () => void {
    return this.ephemerals.onMessage(listener);
  }

  /** Tells a user who is online that this one is typing to it, or not any more. Returns false when nobody could be told. */
  typing(to: string, isTyping: boolean): boolean {
    return this.ephemerals.typing(to, isTyping);
  }

  /** Hears who is typing to this user. Returns what ends it. */
  onTyping(listener: (signal: TypingSignal) => void): () => void {
    return this.ephemerals.onTyping(listener);
  }

  /** Whether a user is online, as its owner knew it at most 2 s ago. @throws IrisError TIMED_OUT, CONNECTION_FAILED, OVERLOADED */
  presenceOf(user: string): Promise<Presence> {
    return this.ephemerals.presenceOf(user);
  }

  /**
   * Hears how users are: soon, whenever one comes online or leaves, and again after a reconnect where that differs. Up to 5 s late; who is back within
   * 2 s has not left. The server takes 256 users of a connection, and tells `refused` of others. Returns what ends it. @throws IrisError WATCHES_LIMITED
   */
  watch(users: readonly string[], listener: (presence: UserPresence) => void): () => void {
    return this.signals.watches.add(users, listener);
  }

  /**
   * From now on only these may see whether this user is online and when it was last seen: everyone (the default, as v1 has it), nobody, or the users
   * named, 8,192 bytes of names. To all others it is as one who was never seen, within 5 s. Resolves when it is durable; waits through reconnects.
   * @throws IrisError TIMED_OUT after 15 s, NAME_INVALID, FRAME_TOO_LARGE, VERSION_UNSUPPORTED, OVERLOADED, SESSION_REPLACED
   */
  async setAudience(who: WhoMaySee): Promise<void> {
    await this.signals.audience.ask(who);
  }

  /** Who may see whether this user is online. @throws IrisError as `setAudience` */
  audience(): Promise<WhoMaySee> {
    return this.signals.audience.ask();
  }

  /** Tells of messages that will never come, before what follows: each gap once, also one that came before this call. Returns what ends it. */
  onGap(listener: (gap: MessageGap) => void): () => void {
    return this.gaps.listen(listener);
  }

  /**
   * Messages in the order of the inbox, each once: what waited in the buckets of a promoted one by the time it was sent. Ends when the client
   * closes; throws what ended it for good.
   */
  async *messages(): AsyncGenerator<IrisMessage, void, undefined> {
    for (;;) {
      const message = await this.incoming.next();
      if (message !== undefined) yield message;
      else if (this.failure !== undefined && !this.isClosing) throw this.failure;
      else return;
      if (this.incoming.isLagging && this.incoming.queued === 0) this.connection.reconnect();
    }
  }

  /** The application has the message: it need not be delivered again. Durable at the latest when `close` resolves. */
  ack(message: IrisMessage): void {
    this.incoming.acknowledge(message);
  }

  /**
   * Leaves in order: acknowledgements become durable, through a reconnect if need be, then the connection ends. Sends without an answer
   * are rejected. Takes 6 s at the most and resolves to whether the server has confirmed it; where it has not, acknowledged messages may
   * come again.
   */
  async close(): Promise<boolean> {
    if (this.isClosing) return this.isConfirmed;
    this.isClosing = true;
    this.incoming.close();
    this.acks.flush();
    this.signals.tick();
    this.isConfirmed = this.connection.isUp || this.incoming.cursors().length > 0 ? await this.sayBye() : true;
    this.finish(new IrisError('DRAINING', 'the client was closed'));
    return this.isConfirmed;
  }

  private frame(opcode: number, reader: ByteReader): void {
    switch (opcode) {
      case Opcode.Deliver:
        this.incoming.delivered(decodeDeliver(reader));
        break;
      case Opcode.Sent:
        this.sent(decodeSent(reader));
        break;
      case Opcode.Gap:
        this.gaps.arrived(decodeGap(reader));
        break;
      case Opcode.Fault:
        this.fault(decodeFault(reader));
        break;
      case Opcode.Generation:
        this.announced(decodeGeneration(reader));
        break;
      case Opcode.Farewell:
        this.farewell?.(true);
        break;
      default:
        if (!this.signals.frame(opcode, reader)) this.ephemerals.frame(opcode, reader);
    }
  }

  private sent(frame: SentFrame): void {
    if (!this.ephemerals.acknowledged(frame)) this.outgoing.acknowledged(frame);
  }

  /** What was passed over here comes again on the next connection, and so does this frame. */
  private announced(frame: GenerationFrame): void {
    this.incoming.forgetBefore(frame.oldest);
    this.acks.forgetBefore(frame.oldest);
    if (!this.incoming.isLagging && !this.isClosing) this.shares?.announced(frame);
  }

  private async firstLogin(): Promise<void> {
    const { connectTimeoutMs: timeoutMs = 10_000, addresses } = this.options;
    const { clock } = this.parts;
    const login = new FirstLogin({ clock, addresses, timeoutMs }, () => this.finish(login.failureOf(this.connection)));
    this.loggedIn = login;
    this.connection.start();
    await login.done;
  }

  private newConnection(user: EdgeConnectionUser, firstAddress: number): EdgeConnection {
    const { bursts, options } = this;
    return new EdgeConnection({ ...this.parts, bursts, addresses: options.addresses, firstAddress }, user);
  }

  private newShares(count: number): ShareReads {
    return new ShareReads({
      clock: this.parts.clock,
      incoming: this.incoming,
      count,
      connection: (user, first) => this.newConnection(user, first),
      hello: () => this.hello(),
      gap: (gap) => this.gaps.arrived(gap),
      welcomed: () => this.acks.flush(),
      resumed: () => this.signals.repeat(),
      failed: () => {
        this.stopSharing();
        this.connection.reconnect();
      },
    });
  }

  private stopSharing(): void {
    this.shares?.stop();
    this.shares = undefined;
  }

  private hello(): HelloFrame {
    return {
      versionMin: VERSION_MIN,
      versionMax: VERSION_MAX,
      device: this.device,
      user: Buffer.from(this.options.user, 'utf8'),
      token: this.options.token ?? '',
      cursors: this.incoming.cursors(),
      reads: this.shares === undefined ? Reads.all : Reads.own,
    };
  }

  private welcomed(frame: WelcomeFrame): void {
    this.welcome = frame;
    this.incoming.isLagging = false;
    // An older edge reads all buckets on this connection, whatever it was asked.
    if (frame.version < FETCH_VERSION && this.connections > 1) this.stopSharing();
    const out = this.connection.writer as ByteWriter;
    this.acks.flush();
    this.outgoing.repeat(out);
    this.signals.repeat();
    this.loggedIn?.resolve();
    this.loggedIn = undefined;
    if (this.isClosing) encodeBye(out);
  }

  private fault(frame: FaultFrame): void {
    if (frame.count > 0) {
      if (!this.ephemerals.refused(frame)) this.outgoing.refused(frame);
      return;
    }
    const code = errorCodeOfWire(frame.wire);
    if (code === 'SIGNALS_LIMITED') this.parts.clock.after(frame.retryAfterMs, () => this.signals.repeat());
    if (code === undefined) return;
    const error = new IrisError(code, frame.message, { retryAfterMs: frame.retryAfterMs });
    const isFatal = FATAL_FAULTS.includes(code);
    if (!isFatal) this.connection.refused(error);
    if (isFatal || this.loggedIn?.isHopeless(this.connection) === true) this.finish(error);
  }

  private ackWriter(bucket: number): ByteWriter | undefined {
    const to = this.shares?.connectionOf(bucket) ?? this.connection.writer;
    return to === 'down' ? undefined : to;
  }

  private async sayBye(): Promise<boolean> {
    const isOwnConfirmed = new Promise<boolean>((resolve) => {
      this.farewell = resolve;
      const out = this.connection.writer;
      if (out !== undefined) encodeBye(out);
    });
    const isConfirmed = Promise.all([isOwnConfirmed, this.shares?.leave()]).then(([isOwn]) => isOwn);
    let timer: Timer | undefined;
    const isLate = new Promise<boolean>((resolve) => {
      timer = this.parts.clock.after(CLOSE_TIMEOUT_MS, () => resolve(false));
    });
    const outcome = await Promise.race([isConfirmed, isLate]);
    timer?.stop();
    return outcome;
  }

  private tick(): void {
    this.sweep = this.parts.clock.after(SWEEP_MS, () => this.tick());
    this.outgoing.expire();
    this.signals.tick();
    this.connection.tick();
    this.shares?.tick();
  }

  private finish(error: IrisError): void {
    this.failure = error;
    this.sweep.stop();
    this.farewell?.(false);
    this.bursts.flushNow();
    this.connection.stop();
    this.shares?.stop();
    this.outgoing.failAll(error);
    this.signals.end(error);
    this.ephemerals.lost();
    this.incoming.close();
    this.loggedIn?.reject(error);
    this.loggedIn = undefined;
  }
}
