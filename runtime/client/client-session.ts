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
import type { ClientParts, ConnectOptions } from './client-options.ts';
import { EdgeConnection, type EdgeConnectionUser } from './edge-connection.ts';
import { Ephemerals } from './ephemerals.ts';
import { Farewell } from './farewell.ts';
import { FATAL_FAULTS } from './fatal-faults.ts';
import { FirstLogin } from './first-login.ts';
import { Incoming } from './incoming.ts';
import { IncomingGaps } from './incoming-gaps.ts';
import { Outgoing } from './outgoing.ts';
import { ShareReads } from './share-reads.ts';
import { Signals } from './signals.ts';

const SWEEP_MS = 250;
const CLOSE_TIMEOUT_MS = 6_000;

/** What a client says and hears: its connections, who hears which frame of theirs, and its end. */
export class ClientSession {
  private readonly options: ConnectOptions;
  private readonly parts: ClientParts;
  private readonly bursts: Bursts;
  readonly outgoing: Outgoing;
  readonly signals: Signals;
  readonly ephemerals: Ephemerals;
  readonly incoming = new Incoming({ moved: (cursor) => this.acks.moved(cursor), repeated: (body) => this.parts.repeated?.(body) });
  private readonly acks: Acknowledgements;
  readonly gaps = new IncomingGaps(this.incoming, (cursor) => void this.acks.say(cursor));
  private readonly device: Buffer;
  private readonly connection: EdgeConnection;
  private readonly farewell: Farewell;
  /** The buckets, where several connections read them. */
  private shares: ShareReads | undefined;
  welcome: WelcomeFrame | undefined;
  private isClosing = false;
  /** What ended it for good. */
  failure: IrisError | undefined;
  private sweep: Timer;
  private loggedIn: FirstLogin | undefined;
  /** Signals that were one too many are said again then. */
  private signalsAgain: Timer | undefined;
  private readonly abort = () => this.finish(new IrisError('DRAINING', 'the client was aborted'));

  constructor(options: ConnectOptions, parts: ClientParts) {
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
    const version = () => this.version;
    this.outgoing = new Outgoing({ clock, writer: () => this.connection.writer, version });
    const writer = () => (this.version >= 3 ? this.connection.writer : undefined);
    this.signals = new Signals({ clock, writer, version, bucketWriters: () => this.shares?.writers ?? [] });
    this.ephemerals = new Ephemerals({ clock, writer, takeSequences: (count) => this.outgoing.takeSequences(count) });
    if (options.connections !== undefined && options.connections > 1) this.shares = this.newShares(options.connections);
    this.sweep = parts.clock.after(SWEEP_MS, () => this.tick());
    this.farewell = new Farewell(clock);
    options.signal?.addEventListener('abort', this.abort, { once: true });
  }

  /** @throws IrisError as `IrisClient.connect` */
  async firstLogin(): Promise<void> {
    const { connectTimeoutMs: timeoutMs = 10_000, addresses } = this.options;
    const { clock } = this.parts;
    const login = new FirstLogin({ clock, addresses, timeoutMs }, () => this.finish(login.failureOf(this.connection)));
    this.loggedIn = login;
    this.connection.start();
    await login.done;
  }

  /** Of the protocol, on the present connection; 0 before the first login. */
  get version(): number {
    return this.welcome?.version ?? 0;
  }

  /** Connections that read the inbox. */
  get connections(): number {
    return Math.max(1, this.shares?.count ?? 1);
  }

  /** The application has read what it was behind with: what was passed over comes again. */
  caughtUp(): void {
    if (this.incoming.isLagging && this.incoming.queued === 0) this.connection.reconnect();
  }

  /** Once. Resolves to whether all that was acknowledged is durable. */
  async leave(): Promise<boolean> {
    if (this.failure !== undefined) return this.incoming.cursors().length === 0;
    this.isClosing = true;
    this.incoming.close();
    this.acks.flush();
    this.signals.tick();
    const isConfirmed = this.connection.isUp || this.incoming.cursors().length > 0 ? await this.sayBye() : true;
    this.finish(new IrisError('DRAINING', 'the client was closed'));
    return isConfirmed;
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
        this.farewell.settle(true);
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
    if (code === 'SIGNALS_LIMITED') this.repeatSignals(frame.retryAfterMs);
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

  private repeatSignals(afterMs: number): void {
    this.signalsAgain ??= this.parts.clock.after(Math.max(SWEEP_MS, afterMs), () => {
      this.signalsAgain = undefined;
      this.signals.repeat();
    });
  }

  private sayBye(): Promise<boolean> {
    const out = this.connection.writer;
    if (out !== undefined) encodeBye(out);
    return this.farewell.within(CLOSE_TIMEOUT_MS, this.shares?.leave());
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
    this.signalsAgain?.stop();
    this.options.signal?.removeEventListener('abort', this.abort);
    this.farewell.settle(false);
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
