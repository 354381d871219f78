import { ERROR_CODES, errorLine, IrisError } from '../contract/errors.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { Layout } from '../contract/layout.ts';
import * as limits from '../contract/limits.ts';
import type { Publisher, Refusal } from '../ports/bus.ts';
import { EphemeralKind, type InboxSubscriber, type InboxSubscription, type MessageStatus } from '../ports/inbox-feed.ts';
import type { DirectoryEntry } from '../ports/session-directory.ts';
import type { Connection } from '../ports/transport.ts';
import type { BurstTarget } from '../wire/bursts.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { Durability } from '../wire/durability.ts';
import { entriesStart, envelopeCount, envelopeSender } from '../wire/envelope.ts';
import { type FrameSink, FrameSplitter } from '../wire/frame-splitter.ts';
import { checkUserName } from '../wire/user-name.ts';
import { encodeFarewell } from '../wire/v2/bye.ts';
import { decodeCursor } from '../wire/v2/cursor.ts';
import { encodeDeliver } from '../wire/v2/deliver.ts';
import { encodeEphemeral } from '../wire/v2/ephemeral.ts';
import { encodeFault, type FaultOptions } from '../wire/v2/fault.ts';
import { decodeFetch } from '../wire/v2/fetch.ts';
import { encodeGap } from '../wire/v2/gap.ts';
import { encodeGoaway } from '../wire/v2/goaway.ts';
import { decodeHello, type HelloFrame, Reads } from '../wire/v2/hello.ts';
import { encodeMessageStatus } from '../wire/v2/message-status.ts';
import { FETCH_VERSION, Opcode } from '../wire/v2/opcodes.ts';
import { decodePing, encodePong } from '../wire/v2/ping.ts';
import {
  checkSequence,
  decodeSend,
  SEND_BEST_EFFORT,
  SEND_FLAGS,
  SEND_FLAGS_VERSION_2,
  SEND_FRESH,
  type SendFrame,
} from '../wire/v2/send.ts';
import { encodeSent } from '../wire/v2/sent.ts';
import { encodeTyping } from '../wire/v2/typing.ts';
import { encodeWelcome } from '../wire/v2/welcome.ts';
import { admit, HELD_BACK, messagesLimited } from './admission.ts';
import { agreedVersion } from './agreed-version.ts';
import { enterDirectory, PROTOCOLS_V2 } from './enter-directory.ts';
import { handMessages } from './ephemeral-sends.ts';
import { PushWindow } from './push-window.ts';
import { type ReadingSession, ReadingV2 } from './reading-v2.ts';
import { SendFences } from './send-fences.ts';
import { SendWindow } from './send-window.ts';
import type { Session, SessionParts } from './session-parts.ts';
import { isSignal, type SignallingSession, SignalsV2 } from './signals-v2.ts';

const NO_BYTES = Buffer.alloc(0);

/** One v2 client’s session. A frame it cannot read ends this session with a FAULT and touches no other. */
export class SessionV2 implements Session, Publisher, InboxSubscriber, BurstTarget, FrameSink, SignallingSession, ReadingSession {
  readonly publisherId: number;
  burst: ByteWriter | undefined;
  private readonly parts: SessionParts;
  private readonly connection: Connection;
  private readonly splitter = new FrameSplitter(limits.FRAME_BYTES_MAX);
  private readonly sendWindow: SendWindow;
  private readonly pushWindow: PushWindow;
  private reading: ReadingV2 | undefined;
  /** What both sides speak; 0 before the login. */
  private version = 0;
  user = NO_BYTES;
  device = NO_BYTES;
  /** Most sessions never have any. */
  private fences: SendFences | undefined;
  private readonly openedMs: number;
  private heardMs: number;
  loginStamp = 0;
  private signals: SignalsV2 | undefined;
  private entry: DirectoryEntry | undefined;
  private hasMissedStatuses = false;
  isOpen = true;

  constructor(parts: SessionParts, connection: Connection) {
    this.parts = parts;
    this.connection = connection;
    this.publisherId = parts.nextPublisherId();
    this.sendWindow = new SendWindow(connection);
    this.pushWindow = new PushWindow(connection, parts.sessionQueuedBytesMax, parts.pushStock);
    this.openedMs = parts.clock.monotonicMs();
    this.heardMs = this.openedMs;
  }

  get isLoggedIn(): boolean {
    return this.reading !== undefined;
  }

  /** The client leaves so much unread that what can be told later is. */
  get isSlow(): boolean {
    return this.connection.queuedBytes > this.parts.sessionQueuedBytesMax;
  }

  get subscription(): InboxSubscription | undefined {
    return this.reading?.subscription;
  }

  received(chunk: Buffer): void {
    this.heardMs = this.parts.clock.monotonicMs();
    this.parts.stamps.look();
    try {
      this.splitter.push(chunk, this);
    } catch (error) {
      this.parts.counters.faults.value++;
      if (error instanceof IrisError) this.end({ code: error.code, message: error.message, retryAfterMs: error.retryAfterMs });
      else {
        this.parts.telemetry.log.error('session-failed', { reason: errorLine(error) });
        this.end({ code: 'FRAME_MALFORMED', message: 'the frame could not be handled' });
      }
    }
  }

  drained(): void {
    if (this.hasMissedStatuses) this.resumed();
    this.signals?.drained();
    this.pushWindow.settle(this.subscription);
    this.sendWindow.settle();
  }

  closed(): void {
    this.isOpen = false;
    this.entry?.leave();
    this.signals?.close();
    this.splitter.stop();
    this.pushWindow.close();
    this.subscription?.detach({ flush: false });
    this.parts.bus.forget(this);
  }

  /** Before the login every byte counts as nothing, so that a trickle does not keep a connection (A7). */
  checkIdle(nowMs: number): void {
    if (this.hasMissedStatuses && this.parts.load.level < 3) this.resumed();
    const silentMs = nowMs - this.heardMs;
    if (!this.isLoggedIn && nowMs - this.openedMs > limits.LOGIN_TIMEOUT_MS)
      this.end({ code: 'HELLO_EXPECTED', message: `no HELLO within ${limits.LOGIN_TIMEOUT_MS} ms` });
    else if (silentMs > limits.SESSION_IDLE_MS)
      this.end({ code: 'TIMED_OUT', message: `nothing heard for ${limits.SESSION_IDLE_MS} ms; send PING` });
  }

  goAway(reconnectAfterMs: number): void {
    encodeGoaway(this.writer(), { reconnectAfterMs, reason: 'the node is leaving' });
  }

  writeBurst(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.connection.write(bytes);
    this.pushWindow.settle(this.subscription);
    this.sendWindow.settle();
  }

  published(sequence: number, count: number, durability: number): void {
    this.sendWindow.answered(count);
    this.parts.counters.messagesAcknowledged.value += count;
    this.parts.times.acknowledged(this, sequence, count);
    if (this.isOpen) encodeSent(this.writer(), sequence, count, durability);
  }

  refused(sequence: number, count: number, recipient: Buffer, refusal: Refusal): void {
    this.sendWindow.answered(count);
    this.refuse(sequence, count, refusal);
    if (ERROR_CODES[refusal.code].retry) this.fence(recipient);
  }

  isFenced(recipient: Buffer): boolean {
    return this.fences?.has(recipient) ?? false;
  }

  pushed(at: { bucket: number; position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void {
    if (!this.isOpen) return;
    this.parts.counters.messagesOut.value += envelopeCount(buffer, start) - at.firstIndex;
    this.parts.times.delivered(buffer, start, this.loginStamp);
    this.pushWindow.took(end - start);
    encodeDeliver(this.writer(), at, buffer, start, end);
  }

  gap(gap: InboxGap): void {
    if (!this.isOpen) return;
    this.parts.counters.gapMessages.value += gap.messages;
    if (this.version >= 3) encodeGap(this.writer(), gap);
    else this.parts.gapUntold(gap, `version ${this.version}`);
  }

  handed(kind: EphemeralKind, buffer: Buffer, start: number, end: number): void {
    if (!this.isOpen) return;
    this.pushWindow.took(end - start);
    if (kind === EphemeralKind.message) {
      this.parts.counters.messagesOut.value += envelopeCount(buffer, start);
      encodeEphemeral(this.writer(), buffer, start, end);
    } else if (kind === EphemeralKind.typing) {
      const isTyping = buffer[entriesStart(buffer, start) + 2] === 1;
      encodeTyping(this.writer(), Opcode.TypingPush, { isTyping, user: envelopeSender(buffer, start) });
    } else this.pushWindow.settle(this.subscription);
  }

  /** A client that reads slowly is told later to ask, and so is everyone while the node is busy. */
  statusGrown(status: MessageStatus): void {
    if (!this.isOpen || this.version < 3 || !status.device.equals(this.device)) return;
    if (this.isSlow || this.parts.load.sheds('receipts')) this.hasMissedStatuses = true;
    else encodeMessageStatus(this.writer(), status);
  }

  resumed(): void {
    this.hasMissedStatuses = false;
    if (this.isOpen && this.version >= 3) encodeMessageStatus(this.writer(), { recipient: NO_BYTES, delivered: [], read: [] });
  }

  laidOut(layout: Layout, readStamp: number): void {
    if (this.isOpen) this.reading?.laidOut(layout, readStamp);
  }

  caughtUp(isEnd: boolean): void {
    if (isEnd) this.reading?.homeEnded();
  }

  ended(reason: 'replaced' | 'flushed'): void {
    if (!this.isOpen) return;
    if (reason === 'replaced') this.replaced();
    else {
      encodeFarewell(this.writer());
      this.finish();
    }
  }

  replaced(): void {
    this.end({ code: 'SESSION_REPLACED', message: 'this user logged in elsewhere' });
  }

  /** Handles the frame `buffer[start … end)`; throws what ends the session. */
  frame(buffer: Buffer, start: number, end: number): void {
    const reader = this.parts.reader.reset(buffer, start, end);
    const opcode = reader.u8();
    if (!this.isLoggedIn) {
      if (opcode !== Opcode.Hello) throw new IrisError('HELLO_EXPECTED', `opcode 0x${opcode.toString(16)} before HELLO`);
      this.logIn(decodeHello(reader));
      return;
    }
    switch (opcode) {
      case Opcode.Send:
      case Opcode.Batch:
        this.send(reader, opcode);
        break;
      case Opcode.Ack:
        this.reading?.acknowledge(decodeCursor(reader));
        break;
      case Opcode.Ping:
        encodePong(this.writer(), decodePing(reader));
        break;
      case Opcode.Bye:
        this.leave();
        break;
      case Opcode.Hello:
        throw new IrisError('FRAME_MALFORMED', 'a second HELLO on one connection; open another');
      default:
        if (isSignal(opcode, this.version)) {
          this.signals ??= new SignalsV2(this.parts, this);
          this.signals.frame(opcode, reader);
          return;
        }
        if (this.version >= FETCH_VERSION && opcode === Opcode.Fetch) {
          this.reading?.fetch(decodeFetch(reader));
          return;
        }
        encodeFault(this.writer(), {
          code: 'OPCODE_UNKNOWN',
          message: `opcode 0x${opcode.toString(16)} is not part of version ${this.version}`,
        });
    }
  }

  writer(): ByteWriter {
    return this.parts.bursts.writer(this);
  }

  private logIn(hello: HelloFrame): void {
    const version = agreedVersion(hello);
    if (this.parts.isDraining()) throw new IrisError('DRAINING', 'the node is leaving; connect elsewhere');
    const user = Buffer.from(hello.user);
    checkUserName(user);
    admit(this.parts, this.connection, { user, token: hello.token });
    this.version = version;
    this.user = user;
    this.device = Buffer.from(hello.device);
    this.parts.times.loggedIn(this.heardMs - this.openedMs);
    this.loginStamp = this.parts.stamps.next();
    const { region, awsRegion, node } = this.parts;
    encodeWelcome(this.writer(), { version, serverTimeMs: this.parts.clock.nowMs(), region, awsRegion, node });
    const login = { user, version, cursors: hello.cursors, loginStamp: this.loginStamp, reads: hello.reads ?? Reads.all };
    this.reading = new ReadingV2(this.parts, this, { login, pushWindow: this.pushWindow });
    const session = { user, device: this.device, loginStamp: this.loginStamp, protocol: PROTOCOLS_V2[version] as string };
    if (login.reads !== Reads.shares) this.entry = enterDirectory(this.parts, session, this);
  }

  private send(reader: ByteReader, opcode: number): void {
    const frame = this.parts.sendFrame;
    frame.sequence = 0;
    frame.previous = 0;
    frame.count = 0;
    try {
      decodeSend(reader, opcode, frame);
      checkSequence(frame);
      checkUserName(frame.recipient);
    } catch (error) {
      // What can be attributed to its sequence costs that message only.
      if (!(error instanceof IrisError) || frame.sequence === 0) throw error;
      const count = Math.min(Math.max(1, frame.count), 0xffff);
      this.refuse(frame.sequence, count, { code: error.code, message: error.message, retryAfterMs: 0 });
      return;
    }
    this.parts.counters.messagesIn.value += frame.count;
    if ((frame.flags & SEND_BEST_EFFORT) !== 0 && this.version >= 3) {
      if (!this.isOverRate(frame)) this.sendBestEffort(frame, reader);
      return;
    }
    if (this.fences?.holdsBack(frame.recipient, (frame.flags & SEND_FRESH) !== 0) === true) {
      this.refuse(frame.sequence, frame.count, HELD_BACK);
      return;
    }
    if (this.isOverRate(frame)) {
      this.fence(frame.recipient);
      return;
    }
    this.sendWindow.opened(frame.count, reader.end - frame.entriesAt);
    const publication = this.parts.publication;
    publication.publisher = this;
    publication.flags = frame.flags & (this.version >= 3 ? SEND_FLAGS : SEND_FLAGS_VERSION_2);
    publication.mayJoin = this.version >= 3;
    publication.count = frame.count;
    publication.sequence = frame.sequence;
    publication.previous = frame.previous;
    publication.stamp = this.parts.stamps.nextAsLooked();
    publication.device = this.device;
    publication.sender = this.user;
    publication.recipient = frame.recipient;
    publication.buffer = reader.buffer;
    publication.start = frame.entriesAt;
    publication.end = reader.end;
    this.parts.times.sent(this, frame.sequence);
    this.parts.router.publish(publication);
  }

  /** Past every log and every fence: it stands in no order to what is stored. */
  private sendBestEffort({ sequence, count, recipient, entriesAt }: SendFrame, { buffer, end }: ByteReader): void {
    this.sendWindow.opened(count, end - entriesAt);
    const header = { count, sequence, device: this.device, sender: this.user, recipient };
    handMessages(this.parts, header, { buffer, start: entriesAt, end }, (refusal) => {
      if (refusal === undefined) this.published(sequence, count, Durability.D0);
      else {
        this.sendWindow.answered(count);
        this.refuse(sequence, count, refusal);
      }
    });
  }

  private isOverRate({ sequence, count }: SendFrame): boolean {
    const waitMs = this.parts.rates.take('messages', this.user, count);
    if (waitMs > 0) this.refuse(sequence, count, messagesLimited(waitMs));
    return waitMs > 0;
  }

  private fence(recipient: Buffer): void {
    this.fences ??= new SendFences();
    const fault = this.fences.raise(recipient);
    if (fault !== undefined) this.end(fault);
  }

  private refuse(sequence: number, count: number, refusal: Refusal): void {
    this.parts.counters.messagesRefused.value += count;
    if (this.isOpen) encodeFault(this.writer(), { ...refusal, sequence, count });
  }

  private leave(): void {
    if (this.reading?.leave() === true) this.parts.clock.after(limits.FAREWELL_TIMEOUT_MS, () => this.finish());
  }

  end(fault: FaultOptions): void {
    if (!this.isOpen) return;
    encodeFault(this.writer(), fault);
    this.finish();
  }

  private finish(): void {
    if (!this.isOpen) return;
    this.parts.bursts.flushNow();
    this.isOpen = false;
    this.entry?.leave();
    this.signals?.close();
    this.splitter.stop();
    this.connection.end();
    // A client that does not close its side must not keep the connection.
    this.parts.clock.after(limits.FAREWELL_TIMEOUT_MS, () => this.connection.destroy());
  }
}
