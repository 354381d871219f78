import { errorLine, IrisError } from '../contract/errors.ts';
import {
  FAREWELL_TIMEOUT_MS,
  FRAME_BYTES_MAX,
  LINK_RETRY_FIRST_MS,
  LINK_RETRY_LAST_MS,
  PING_INTERVAL_MS,
  SESSION_IDLE_MS,
} from '../contract/limits.ts';
import type { Timer } from '../ports/clock.ts';
import type { Connection, ConnectionHandler } from '../ports/transport.ts';
import type { Bursts, BurstTarget } from '../wire/bursts.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { type FrameSink, FrameSplitter } from '../wire/frame-splitter.ts';
import { decodeGoaway } from '../wire/v2/goaway.ts';
import { encodeHello, type HelloFrame } from '../wire/v2/hello.ts';
import { Opcode } from '../wire/v2/opcodes.ts';
import { encodePing } from '../wire/v2/ping.ts';
import { decodeWelcome, type WelcomeFrame } from '../wire/v2/welcome.ts';
import type { ClientParts } from './client-options.ts';

/** Milliseconds an edge may take to answer HELLO, which it does without asking anyone. A silent one costs this; then another is tried. */
const LOGIN_ANSWER_MS = 5_000;
/** Bytes that an edge may leave unread: all that may wait for its acknowledgement (PENDING_BYTES_MAX), and as much again. */
const UNREAD_BYTES_MAX = 536_870_912;

export interface EdgeConnectionParts extends ClientParts {
  readonly bursts: Bursts;
  readonly addresses: readonly string[];
  /** Which of them is tried first. */
  readonly firstAddress: number;
}

/** What speaks over a connection. */
export interface EdgeConnectionUser {
  /** What to log in with, now. */
  hello(): HelloFrame;
  /** Logged in, for the first time or again. */
  welcomed(frame: WelcomeFrame): void;
  /** The reader stands behind the opcode. */
  frame(opcode: number, reader: ByteReader): void;
  /** The connection broke, or none could be made; another is tried soon. */
  lost(): void;
}

/** One connection of a client to an edge, made anew at another address when it breaks. */
export class EdgeConnection implements ConnectionHandler, BurstTarget, FrameSink {
  burst: ByteWriter | undefined;
  /** Why the last try came to nothing. */
  failure: string | undefined;
  /** What the last edge that did not let it in has said, until one does. */
  refusal: IrisError | undefined;
  private readonly parts: EdgeConnectionParts;
  private readonly user: EdgeConnectionUser;
  private readonly reader = new ByteReader();
  private splitter = new FrameSplitter(FRAME_BYTES_MAX);
  private connection: Connection | undefined;
  private isLoggedIn = false;
  private isOver = false;
  private isPaused = false;
  private attempt: number;
  private address = '';
  /** When each address may be tried again that has said so; no more than there are addresses. */
  private readonly closedUntilMs = new Map<string, number>();
  private retryMs = LINK_RETRY_FIRST_MS;
  private heardMs = 0;
  private spokenMs = 0;
  private welcomedMs = 0;
  /** Since its welcome: a message, an acknowledgement, an answer. */
  private hasBrought = false;
  /** Why this side ends the connection. */
  private reason: string | undefined;
  /** What this connection asked for. */
  private versions: Pick<HelloFrame, 'versionMin' | 'versionMax'> = { versionMin: 0, versionMax: 0 };
  private retry: Timer | undefined;
  /** The edge is leaving, and has said when to go. */
  private departure: Timer | undefined;

  constructor(parts: EdgeConnectionParts, user: EdgeConnectionUser) {
    this.parts = parts;
    this.user = user;
    this.attempt = parts.firstAddress;
  }

  get isUp(): boolean {
    return this.isLoggedIn;
  }

  /** Undefined while it is not logged in. */
  get writer(): ByteWriter | undefined {
    return this.isLoggedIn ? this.parts.bursts.writer(this) : undefined;
  }

  start(): void {
    this.retry = undefined;
    if (this.isOver || this.connection !== undefined) return;
    this.address = this.nextAddress();
    this.parts.transport
      .connect(this.address, (connection) => this.greet(connection))
      .catch((error: unknown) => {
        this.failure = errorLine(error);
        if (!this.isOver) this.startLater();
      });
  }

  /** When the first address may be tried again, by the monotonic clock. */
  get welcomeAtMs(): number {
    return Math.min(...this.parts.addresses.map((address) => this.closedUntilMs.get(address) ?? 0));
  }

  /** The edge does not let it in now: what waits is tried at another address, or here when it said. */
  refused(error: IrisError): void {
    if (this.isLoggedIn) return;
    this.refusal = error;
    if (error.retryAfterMs > 0) this.closedUntilMs.set(this.address, this.parts.clock.monotonicMs() + error.retryAfterMs);
  }

  /** Drops the connection; the next one goes on from what `hello` says then. */
  reconnect(): void {
    this.retryMs = LINK_RETRY_FIRST_MS;
    this.connection?.destroy();
  }

  /** Ends it for good, after what is written. */
  stop(): void {
    // A socket that is not read would never hear that the server has closed it.
    this.resume();
    this.isOver = true;
    this.isLoggedIn = false;
    this.retry?.stop();
    this.departure?.stop();
    if (this.connection !== undefined) this.leaveAfter(FAREWELL_TIMEOUT_MS);
    this.connection?.end();
  }

  /** Reads nothing until `resume`; the server feels it. */
  pause(): void {
    this.isPaused = true;
    this.connection?.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.heardMs = this.parts.clock.monotonicMs();
    this.connection?.resume();
  }

  /** Called four times a second: keeps the connection alive, and drops one that is not. */
  tick(): void {
    const now = this.parts.clock.monotonicMs();
    if (this.isLoggedIn && now - this.spokenMs > PING_INTERVAL_MS) encodePing(this.parts.bursts.writer(this), Math.floor(now));
    const silenceMsMax = this.isLoggedIn ? SESSION_IDLE_MS : LOGIN_ANSWER_MS;
    if (this.connection === undefined || this.isPaused || now - this.heardMs <= silenceMsMax) return;
    this.reason = `silent for ${silenceMsMax} ms`;
    this.connection.destroy();
  }

  received(chunk: Buffer): void {
    this.heardMs = this.parts.clock.monotonicMs();
    try {
      this.splitter.push(chunk, this);
    } catch (error) {
      // A server whose frames cannot be read is treated like a lost one.
      this.reason = `what it answers is no frame of Iris: ${errorLine(error)}`;
      this.connection?.destroy();
    }
  }

  drained(): void {}

  closed(): void {
    if (!this.isLoggedIn) this.failure = this.reason ?? 'the connection was closed before the login; where TLS is spoken, connect with tls';
    // One that lets in and closes at once is asked less and less often; one that lasted, or brought something, is not.
    const lastedMs = this.parts.clock.monotonicMs() - this.welcomedMs;
    if (this.isLoggedIn && (this.hasBrought || lastedMs > LINK_RETRY_LAST_MS)) this.retryMs = LINK_RETRY_FIRST_MS;
    this.connection = undefined;
    this.isLoggedIn = false;
    this.departure?.stop();
    this.splitter.stop();
    this.user.lost();
    if (!this.isOver) this.startLater();
  }

  writeBurst(bytes: Buffer): void {
    this.spokenMs = this.parts.clock.monotonicMs();
    if ((this.connection?.queuedBytes ?? 0) > UNREAD_BYTES_MAX) this.connection?.destroy();
    else this.connection?.write(bytes);
  }

  frame(buffer: Buffer, start: number, end: number): void {
    const reader = this.reader.reset(buffer, start, end);
    const opcode = reader.u8();
    if (opcode === Opcode.Welcome) this.welcomed(decodeWelcome(reader));
    else if (opcode === Opcode.Goaway) this.leaveAfter(decodeGoaway(reader).reconnectAfterMs);
    else if (opcode === Opcode.Fault) this.user.frame(opcode, reader);
    else if (this.isLoggedIn) this.take(opcode, reader);
    else throw new IrisError('FRAME_MALFORMED', `opcode 0x${opcode.toString(16)} before WELCOME`);
  }

  private take(opcode: number, reader: ByteReader): void {
    this.hasBrought = true;
    this.user.frame(opcode, reader);
  }

  private leaveAfter(ms: number): void {
    this.departure?.stop();
    this.departure = this.parts.clock.after(ms, () => this.connection?.destroy());
  }

  private welcomed(frame: WelcomeFrame): void {
    const { versionMin, versionMax } = this.versions;
    if (this.isLoggedIn) throw new IrisError('FRAME_MALFORMED', 'a second WELCOME');
    if (frame.version < versionMin || frame.version > versionMax)
      throw new IrisError('VERSION_UNSUPPORTED', `it names version ${frame.version}, asked for ${versionMin} to ${versionMax}`);
    this.isLoggedIn = true;
    this.welcomedMs = this.parts.clock.monotonicMs();
    this.hasBrought = false;
    this.refusal = undefined;
    this.closedUntilMs.clear();
    this.user.welcomed(frame);
  }

  private startLater(): void {
    const { clock, random } = this.parts;
    const waitMs = Math.max(0, this.welcomeAtMs - clock.monotonicMs());
    const delayMs = waitMs + this.retryMs * (0.5 + random.fraction());
    this.retryMs = Math.min(this.retryMs * 2, LINK_RETRY_LAST_MS);
    this.retry = clock.after(delayMs, () => this.start());
  }

  /** In turn, but for those that have said to come back later. */
  private nextAddress(): string {
    const { addresses, clock } = this.parts;
    const now = clock.monotonicMs();
    for (let i = 0; i < addresses.length; i++) {
      const address = addresses[this.attempt++ % addresses.length] as string;
      if ((this.closedUntilMs.get(address) ?? 0) <= now) return address;
    }
    return addresses[this.attempt++ % addresses.length] as string;
  }

  private greet(connection: Connection): this {
    this.connection = connection;
    if (this.isOver) {
      connection.destroy();
      return this;
    }
    this.isPaused = false;
    this.reason = undefined;
    this.splitter = new FrameSplitter(FRAME_BYTES_MAX);
    this.heardMs = this.parts.clock.monotonicMs();
    const hello = this.user.hello();
    this.versions = hello;
    encodeHello(this.parts.bursts.writer(this), hello);
    return this;
  }
}
