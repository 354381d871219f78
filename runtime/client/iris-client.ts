import { systemClock, systemRandom } from '../adapters/clock-system.ts';
import type { WhoMaySee } from './audience.ts';
import { type ClientParts, type ConnectOptions, checkOptions, type SendOptions, transportFor } from './client-options.ts';
import { ClientSession } from './client-session.ts';
import type { BestEffortMessage, Presence, TypingSignal } from './ephemerals.ts';
import type { IrisMessage } from './incoming.ts';
import type { MessageGap } from './incoming-gaps.ts';
import type { MessageStatus, SentMessages, StatusUpdate } from './message-statuses.ts';
import type { SendReceipt } from './send-receipt.ts';
import type { UserPresence } from './watches.ts';

/**
 * A user’s connection to Iris: sends with receipts, receives in order and once, and comes back by itself when an edge or a core dies.
 * What was not acknowledged is sent again and recognised; what the application has not acknowledged is delivered again.
 */
export class IrisClient {
  private readonly session: ClientSession;
  private readonly sendTimeoutMs: number;
  private closing: Promise<boolean> | undefined;

  private constructor(session: ClientSession, sendTimeoutMs: number) {
    this.session = session;
    this.sendTimeoutMs = sendTimeoutMs;
  }

  /**
   * Resolves when logged in.
   * @throws IrisError AUTHENTICATION_FAILED, RATE_LIMITED and OVERLOADED as the edge says, with `retryAfterMs`,
   * CONNECTION_FAILED when no address answers in time, COMMAND_INVALID, NAME_INVALID, FRAME_TOO_LARGE for what could never be, DRAINING when aborted
   */
  static async connect(options: ConnectOptions, parts: Partial<ClientParts> = {}): Promise<IrisClient> {
    checkOptions(options);
    const session = new ClientSession(options, {
      transport: transportFor(options.tls),
      clock: systemClock,
      random: systemRandom,
      ...parts,
    });
    await session.firstLogin();
    return new IrisClient(session, options.sendTimeoutMs ?? 30_000);
  }

  /** Code of the region that serves this connection, such as `tokyo`. */
  get region(): string {
    return this.session.welcome?.region ?? '';
  }

  /** The AWS region that serves this connection, such as `ap-southeast-2` (P3). */
  getServerRegion(): string {
    return this.session.welcome?.awsRegion ?? '';
  }

  /** Version of the protocol that this connection speaks; 0 before the first login. What a server does not know is not asked of it. */
  get protocolVersion(): number {
    return this.session.version;
  }

  /**
   * Connections that read the inbox now: those asked for once it is promoted, 1 until then, and 1 where an edge or a core of an older release
   * cannot share its buckets.
   */
  get connections(): number {
    return this.session.connections;
  }

  /** Sends without an answer yet, stored ones: 100,000 or 256 MiB at the most, then OVERLOADED. Each is answered, or rejected by its deadline. */
  get pendingSends(): number {
    return this.session.outgoing.size;
  }

  /**
   * Resolves once the message is stored, with what it survives. Text is sent as UTF-8; bytes are not copied, so leave them alone until then.
   * @throws IrisError what the server refused for good, TIMED_OUT, OVERLOADED, NAME_INVALID, FRAME_TOO_LARGE
   */
  send(to: string, message: Uint8Array | string, options: SendOptions = {}): Promise<SendReceipt> {
    return this.sendBatch(to, [message], options);
  }

  /** Up to 1,000 messages or 1 MB to one recipient, stored together. */
  sendBatch(to: string, messages: readonly (Uint8Array | string)[], options: SendOptions = {}): Promise<SendReceipt> {
    if (this.session.failure !== undefined) return Promise.reject(this.session.failure);
    const bodies = messages.map((message) => (typeof message === 'string' ? Buffer.from(message, 'utf8') : message));
    if (options.bestEffort === true) return this.session.ephemerals.send(to, bodies);
    const timeoutMs = options.timeoutMs ?? this.sendTimeoutMs;
    if (options.status !== true)
      return this.session.outgoing.send(to, bodies, { timeoutMs, isStatusWanted: false, started: () => undefined });
    return this.session.signals.track({ to, count: bodies.length }, (started) =>
      this.session.outgoing.send(to, bodies, { timeoutMs, isStatusWanted: true, started }),
    );
  }

  /**
   * Tells what becomes of the sends that asked for it (`status: true`), each status once and in order: pending, sent, delivered (the
   * recipient’s application has acknowledged it), read. Of the 10,000 latest sends that are not read yet. Returns what ends it.
   */
  onStatus(listener: (update: StatusUpdate) => void): () => void {
    return this.session.signals.statuses.listen(listener);
  }

  /** Asks the server what became of a send; what this client knows when no answer comes within 3 s. Never less than it told before. */
  statusOf(messages: SentMessages): Promise<MessageStatus> {
    return this.session.signals.statusOf(messages);
  }

  /** Resolves to true once all messages of a send are delivered, or read; to false after `timeoutMs`, 30 s by default. */
  reached(messages: SentMessages, status: 'delivered' | 'read', options: { timeoutMs?: number } = {}): Promise<boolean> {
    return this.session.signals.reached(messages, status, this.session.failure === undefined ? (options.timeoutMs ?? 30_000) : 0);
  }

  /** A person has seen the message: its sender hears of it where it asked. Says nothing of other messages, and does not acknowledge. */
  markRead(message: IrisMessage): void {
    this.session.signals.markRead(message);
  }

  /** Hears the best-effort messages to this user (`bestEffort: true`). Returns what ends it. */
  onBestEffort(listener: (message: BestEffortMessage) => void): () => void {
    return this.session.ephemerals.onMessage(listener);
  }

  /** Tells a user who is online that this one is typing to it, or not any more. Returns false when nobody could be told. @throws IrisError NAME_INVALID, FRAME_TOO_LARGE */
  typing(to: string, isTyping: boolean): boolean {
    return this.session.ephemerals.typing(to, isTyping);
  }

  /** Hears who is typing to this user. Returns what ends it. */
  onTyping(listener: (signal: TypingSignal) => void): () => void {
    return this.session.ephemerals.onTyping(listener);
  }

  /** Whether a user is online, as its owner knew it at most 2 s ago. @throws IrisError TIMED_OUT, CONNECTION_FAILED, OVERLOADED, NAME_INVALID, FRAME_TOO_LARGE */
  presenceOf(user: string): Promise<Presence> {
    return this.session.ephemerals.presenceOf(user);
  }

  /**
   * Hears how users are: soon, whenever one comes online or leaves, and again after a reconnect where that differs. Up to 5 s late; who is back within
   * 2 s has not left. The server takes 256 users of a connection, and tells `refused` of others. Returns what ends it.
   * @throws IrisError WATCHES_LIMITED, NAME_INVALID, FRAME_TOO_LARGE
   */
  watch(users: readonly string[], listener: (presence: UserPresence) => void): () => void {
    return this.session.signals.watches.add(users, listener);
  }

  /**
   * From now on only these may see whether this user is online and when it was last seen: everyone (the default, as v1 has it), nobody, or the users
   * named, 8,192 bytes of names. To all others it is as one who was never seen, within 5 s. Resolves when it is durable; waits through reconnects.
   * @throws IrisError TIMED_OUT after 15 s, NAME_INVALID, FRAME_TOO_LARGE, VERSION_UNSUPPORTED, OVERLOADED, SESSION_REPLACED
   */
  async setAudience(who: WhoMaySee): Promise<void> {
    if (this.session.failure !== undefined) throw this.session.failure;
    await this.session.signals.audience.ask(who);
  }

  /** Who may see whether this user is online. @throws IrisError as `setAudience` */
  async audience(): Promise<WhoMaySee> {
    if (this.session.failure !== undefined) throw this.session.failure;
    return await this.session.signals.audience.ask();
  }

  /** Tells of messages that will never come, before what follows: each gap once, also one that came before this call. Returns what ends it. */
  onGap(listener: (gap: MessageGap) => void): () => void {
    return this.session.gaps.listen(listener);
  }

  /**
   * Messages in the order of the inbox, each once: what waited in the buckets of a promoted one by the time it was sent. Ends when the client
   * closes; throws what ended it for good.
   */
  async *messages(): AsyncGenerator<IrisMessage, void, undefined> {
    for (;;) {
      const message = await this.session.incoming.next();
      if (message !== undefined) yield message;
      else if (this.session.failure !== undefined && this.closing === undefined) throw this.session.failure;
      else return;
      this.session.caughtUp();
    }
  }

  /** The application has the message: it need not be delivered again. Durable at the latest when `close` resolves. */
  ack(message: IrisMessage): void {
    this.session.incoming.acknowledge(message);
  }

  /**
   * Leaves in order: acknowledgements become durable, through a reconnect if need be, then the connection ends. Sends without an answer
   * are rejected. Takes 6 s at the most and resolves to whether the server has confirmed it; where it has not, acknowledged messages may
   * come again.
   */
  close(): Promise<boolean> {
    this.closing ??= this.session.leave();
    return this.closing;
  }
}
