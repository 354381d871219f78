import { isBucketName } from '../contract/bucket-name.ts';
import { ERROR_CODES, errorLine, IrisError } from '../contract/errors.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { Layout } from '../contract/layout.ts';
import * as limits from '../contract/limits.ts';
import type { Publisher, Refusal } from '../ports/bus.ts';
import type { Timer } from '../ports/clock.ts';
import type { EphemeralKind, InboxSubscriber, InboxSubscription } from '../ports/inbox-feed.ts';
import type { DirectoryEntry, LoginHolder } from '../ports/session-directory.ts';
import type { Connection } from '../ports/transport.ts';
import type { BurstTarget } from '../wire/bursts.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { countEntries, entriesStart, envelopeCount, forEachEntry } from '../wire/envelope.ts';
import { readMessageId, WHOLE_ENVELOPE } from '../wire/message-id.ts';
import * as v1 from '../wire/v1/encode.ts';
import { OpcodeV1 } from '../wire/v1/opcodes.ts';
import { afterName, nameAt, packetSpan, wholeEntries } from '../wire/v1/packet.ts';
import { SEND_FRESH } from '../wire/v2/send.ts';
import { admit } from './admission.ts';
import { BucketCursors } from './bucket-cursors.ts';
import { BucketReads } from './bucket-reads.ts';
import { enterDirectory } from './enter-directory.ts';
import { LastSequences } from './last-sequences.ts';
import { PushWindow } from './push-window.ts';
import { SendWindow } from './send-window.ts';
import type { Session, SessionParts } from './session-parts.ts';
import { ShownBatches } from './shown-batches.ts';
import { NO_BUCKET, type SignallingSessionV1, SignalsV1 } from './signals-v1.ts';

/** Bytes of a LOGIN with its token; a longer one is dropped, as the original does. */
const LOGIN_BYTES_MAX = 256;
/** v1 has no word for being replaced: it stays open and hears nothing. */
const OPEN_ANYWAY: LoginHolder = { replaced: () => undefined };

/**
 * One client of the original’s protocol. What the original drops in silence is dropped; what it loses is kept. A packet that cannot
 * be read costs what has been read so far, never the connection.
 */
export class SessionV1 implements Session, Publisher, InboxSubscriber, BurstTarget, SignallingSessionV1 {
  readonly publisherId: number;
  burst: ByteWriter | undefined;
  private readonly parts: SessionParts;
  private readonly connection: Connection;
  private readonly sendWindow: SendWindow;
  private readonly pushWindow: PushWindow;
  private readonly batches = new ShownBatches();
  private readonly lastSequences = new LastSequences();
  private readonly device: Buffer;
  private readonly signals: SignalsV1;
  private pending: Buffer | undefined;
  user: Buffer | undefined;
  subscription: InboxSubscription | undefined;
  private reads: BucketReads | undefined;
  private replay: Timer | undefined;
  private entry: DirectoryEntry | undefined;
  private sequence = 1;
  private openedMs: number;
  private loginStamp = 0;
  isOpen = true;

  constructor(parts: SessionParts, connection: Connection) {
    this.parts = parts;
    this.connection = connection;
    this.publisherId = parts.nextPublisherId();
    this.device = parts.random.bytes(8);
    this.sendWindow = new SendWindow(connection);
    this.pushWindow = new PushWindow(connection, parts.sessionQueuedBytesMax, parts.pushStock);
    this.signals = new SignalsV1(parts, this);
    this.openedMs = parts.clock.monotonicMs();
  }

  get isLoggedIn(): boolean {
    return this.user !== undefined;
  }

  received(chunk: Buffer): void {
    if (this.replay !== undefined) this.attachNow();
    const buffer = this.pending === undefined ? chunk : Buffer.concat([this.pending, chunk]);
    this.pending = undefined;
    try {
      this.consume(buffer);
    } catch (error) {
      this.parts.counters.faults.value++;
      this.parts.telemetry.log.warn('v1-packet-dropped', { bytes: buffer.length, reason: errorLine(error) });
    }
  }

  drained(): void {
    this.pushWindow.settle(this.subscription);
    this.sendWindow.settle();
  }

  closed(): void {
    this.isOpen = false;
    this.replay?.stop();
    this.entry?.leave();
    this.pushWindow.close();
    this.subscription?.detach({ flush: false });
    this.parts.bus.forget(this);
  }

  /** v1 has no ping, so only the time before the login is bounded. */
  checkIdle(nowMs: number): void {
    if (!this.isLoggedIn && nowMs - this.openedMs > limits.LOGIN_TIMEOUT_MS) this.connection.destroy();
  }

  /** v1 cannot be told; its connection ends with the node. */
  goAway(): void {}

  writeBurst(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.connection.write(bytes);
    this.pushWindow.settle(this.subscription);
    this.sendWindow.settle();
  }

  published(sequence: number, count: number): void {
    this.sendWindow.answered(count);
    this.parts.times.acknowledged(this, sequence, count);
    this.parts.counters.messagesAcknowledged.value += count;
  }

  refused(sequence: number, count: number, recipient: Buffer, refusal: Refusal): void {
    this.lastSequences.forget(recipient, sequence + count - 1);
    this.sendWindow.answered(count);
    this.parts.counters.messagesRefused.value += count;
    if (!this.isOpen) return;
    if (ERROR_CODES[refusal.code].retry) v1.encodeRateLimited(this.writer(), refusal.retryAfterMs);
    else v1.encodeErrorV1(this.writer(), refusal.code.toLowerCase());
  }

  /** v1 sends once and never again, so nothing may wait for a repeat. */
  isFenced(): boolean {
    return false;
  }

  pushed(at: { bucket: number; position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void {
    if (!this.isOpen) return;
    const count = envelopeCount(buffer, start);
    const out = this.writer();
    this.signals.shown(at, buffer, start);
    if (count > 1) this.batches.shown(at, at.firstIndex, count - at.firstIndex);
    forEachEntry(buffer, entriesStart(buffer, start), end, (from, to, index) => {
      if (index < at.firstIndex) return;
      v1.encodeReliable(out, { bucket: at.bucket, position: at.position, index: count === 1 ? WHOLE_ENVELOPE : index }, buffer, from, to);
    });
    this.pushWindow.took(end - start);
    this.parts.times.delivered(buffer, start, this.loginStamp);
    this.parts.counters.messagesOut.value += count - at.firstIndex;
  }

  handed(kind: EphemeralKind, buffer: Buffer, start: number, end: number): void {
    if (!this.isOpen) return;
    this.pushWindow.took(end - start);
    this.signals.handed(kind, buffer, start, end);
  }

  /** v1 has no word for it. */
  gap(gap: InboxGap): void {
    this.parts.counters.gapMessages.value += gap.messages;
    this.parts.gapUntold(gap, 'v1');
  }

  /** v1 has no word for the status of what was sent. */
  statusGrown(): void {}

  resumed(): void {}

  /** The inbox is promoted: from now on its buckets are read as well. */
  laidOut(layout: Layout, readStamp: number): void {
    if (!this.isOpen || this.subscription === undefined) return;
    if (this.reads === undefined) {
      const { feed, router, clock } = this.parts;
      const { pushWindow, subscription: home } = this;
      this.reads = new BucketReads({
        home,
        clock,
        feed,
        router,
        pushWindow,
        user: this.user as Buffer,
        cursors: new BucketCursors([]),
        isSelective: true,
        subscriber: this,
        progressed: () => undefined,
      });
      this.subscription = this.reads;
    }
    this.reads.laidOut(layout, readStamp);
  }

  caughtUp(isEnd: boolean): void {
    if (isEnd) this.reads?.homeEnded();
  }

  /** A newer session reads the inbox; this one stays open, hears nothing more, and may still acknowledge. */
  ended(): void {
    this.reads?.replaced();
  }

  writer(): ByteWriter {
    return this.parts.bursts.writer(this);
  }

  private consume(buffer: Buffer): void {
    let at = 0;
    while (at < buffer.length && this.isOpen) {
      const span = packetSpan(buffer, at);
      if (span.kind === 'unknown') {
        this.parts.counters.faults.value++;
        return;
      }
      if (span.kind === 'partial') {
        this.keep(buffer, at);
        return;
      }
      if (!this.packet(buffer, at, at + span.bytes)) return;
      at += span.bytes;
    }
  }

  private keep(buffer: Buffer, at: number): void {
    const rest = buffer.length - at;
    if (rest > limits.FRAME_BYTES_MAX)
      throw new IrisError('FRAME_TOO_LARGE', `packet of over ${rest} bytes, limit is ${limits.FRAME_BYTES_MAX}`);
    this.pending = Buffer.from(buffer.subarray(at));
  }

  /** Handles one whole packet; false drops what follows it in the buffer. */
  private packet(buffer: Buffer, at: number, end: number): boolean {
    const opcode = buffer[at] as number;
    if (opcode === OpcodeV1.Login) {
      this.logIn(buffer.subarray(at + 1, end));
      return true;
    }
    if (this.user === undefined) {
      v1.encodeErrorV1(this.writer(), 'not_logged_in');
      return true;
    }
    switch (opcode) {
      case OpcodeV1.Send:
        this.publish(nameAt(buffer, at + 1), 1, buffer, afterName(buffer, at + 1), end);
        return true;
      case OpcodeV1.SendSequence:
        this.publish(nameAt(buffer, at + 1), 1, buffer, afterName(buffer, at + 1) + 8, end);
        return true;
      case OpcodeV1.Batch:
        this.batch(buffer, at, end);
        return true;
      case OpcodeV1.Ack:
        return this.acknowledge(buffer, at + 1);
      case OpcodeV1.Encrypted:
        this.encrypted(buffer, at, end);
        return true;
      default:
        if (!this.signals.packet(opcode, buffer, at)) this.unserved(opcode);
        return true;
    }
  }

  private logIn(text: Buffer): void {
    if (text.length > LOGIN_BYTES_MAX) return;
    const colon = text.indexOf(0x3a);
    const user = Buffer.from(colon < 0 ? text : text.subarray(0, colon));
    const token = colon < 0 ? '' : text.toString('utf8', colon + 1);
    try {
      if (this.parts.isDraining()) throw new IrisError('DRAINING', 'the node is leaving');
      admit(this.parts, this.connection, { user, token });
    } catch (error) {
      this.parts.telemetry.log.info('v1-login-refused', { reason: errorLine(error) });
      if (error instanceof IrisError && error.code === 'RATE_LIMITED') v1.encodeLoginLimited(this.writer());
      else v1.encodeLoginRefused(this.writer());
      this.parts.bursts.flushNow();
      this.isOpen = false;
      this.connection.end();
      this.parts.clock.after(limits.FAREWELL_TIMEOUT_MS, () => this.connection.destroy());
      return;
    }
    this.parts.times.loggedIn(this.parts.clock.monotonicMs() - this.openedMs);
    this.subscription?.detach({ flush: false });
    this.subscription = undefined;
    this.reads = undefined;
    this.user = user;
    v1.encodeLoginOk(this.writer());
    this.replay?.stop();
    this.replay = this.parts.clock.after(limits.V1_REPLAY_DELAY_MS, () => this.attachNow());
  }

  private attachNow(): void {
    this.replay?.stop();
    this.replay = undefined;
    const user = this.user as Buffer;
    const address = this.parts.router.ownerOf(user);
    this.loginStamp = this.parts.stamps.next();
    this.entry?.leave();
    const session = { user, device: this.device, loginStamp: this.loginStamp, protocol: 'v1' };
    this.entry = enterDirectory(this.parts, session, OPEN_ANYWAY);
    this.subscription = this.parts.feed.attach(
      {
        address,
        user,
        cursors: [],
        credit: this.pushWindow,
        isSelective: true,
        takesEphemerals: true,
        loginStamp: this.loginStamp,
      },
      this,
    );
  }

  /** `buffer[start … end)` are the entries, each with its u16 length: what SEND and BATCH carry already. */
  private publish(recipient: Buffer, count: number, buffer: Buffer, start: number, end: number): void {
    this.parts.counters.messagesIn.value += count;
    if (isBucketName(recipient)) {
      this.parts.counters.messagesRefused.value += count;
      v1.encodeErrorV1(this.writer(), 'name_invalid');
      return;
    }
    const waitMs = this.parts.rates.take('messages', this.user as Buffer, count);
    if (waitMs > 0) {
      this.parts.counters.messagesRefused.value += count;
      v1.encodeRateLimited(this.writer(), waitMs);
      return;
    }
    this.sendWindow.opened(count, end - start);
    const publication = this.parts.publication;
    publication.publisher = this;
    publication.flags = SEND_FRESH;
    publication.mayJoin = false;
    publication.count = count;
    publication.sequence = this.sequence;
    publication.previous = this.lastSequences.replace(recipient, this.sequence + count - 1);
    publication.stamp = this.parts.stamps.next();
    publication.device = this.device;
    publication.sender = this.user as Buffer;
    publication.recipient = recipient;
    publication.buffer = buffer;
    publication.start = start;
    publication.end = end;
    this.parts.times.sent(this, this.sequence);
    this.sequence += count;
    this.parts.router.publish(publication);
  }

  /** A last message that is cut short is passed over, as the original does. */
  private batch(buffer: Buffer, at: number, end: number): void {
    const recipient = nameAt(buffer, at + 1);
    const start = afterName(buffer, at + 1) + 4;
    let stop = end;
    let count = countEntries(buffer, start, end);
    if (count < 0) {
      [count, stop] = wholeEntries(buffer, start, end);
    }
    if (count === 0) return;
    if (count > limits.BATCH_MESSAGES_MAX) {
      this.parts.counters.messagesRefused.value += count;
      v1.encodeErrorV1(this.writer(), `batch_of_${count}_limit_${limits.BATCH_MESSAGES_MAX}`);
      return;
    }
    this.publish(recipient, count, buffer, start, stop);
  }

  /** False when no node of ours issued the id: then, as in the original, the rest of the read is dropped. */
  private acknowledge(buffer: Buffer, at: number): boolean {
    const id = readMessageId(buffer, at);
    if (id === undefined) return false;
    if (id.bucket === NO_BUCKET) return true;
    if (id.index === WHOLE_ENVELOPE || this.batches.acknowledged(id, id.index)) this.subscription?.remove(id.bucket, id.position);
    return true;
  }

  /** The recipient gets `24 sender header cipher` as its message; the header travels untouched. */
  private encrypted(buffer: Buffer, at: number, end: number): void {
    const inner = new ByteWriter(end - at + limits.USER_BYTES_MAX);
    inner.u8(OpcodeV1.EncryptedDelivery);
    inner.bytes16(this.user as Buffer);
    inner.bytes(buffer, afterName(buffer, at + 1), end);
    if (inner.length > limits.MESSAGE_BYTES_MAX) {
      v1.encodeErrorV1(this.writer(), `message_of_${inner.length}_limit_${limits.MESSAGE_BYTES_MAX}`);
      return;
    }
    const entry = new ByteWriter(inner.length + 2);
    entry.bytes16(inner.take());
    const bytes = entry.take();
    this.publish(nameAt(buffer, at + 1), 1, bytes, 0, bytes.length);
  }

  /** What the original answers where its optional services are off. */
  private unserved(opcode: number): void {
    if (opcode === OpcodeV1.UploadPrekeys || opcode === OpcodeV1.FetchPrekeys) v1.encodeNoPrekeys(this.writer());
    else if (opcode >= OpcodeV1.GroupCreate && opcode <= OpcodeV1.SenderKey) v1.encodeErrorV1(this.writer(), 'group_service_unavailable');
  }
}
