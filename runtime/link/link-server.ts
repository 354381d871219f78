import { ERROR_CODES, errorLine, IrisError } from '../contract/errors.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { Layout } from '../contract/layout.ts';
import { LINK_SILENT_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { EphemeralKind, InboxSubscriber, MessageStatus } from '../ports/inbox-feed.ts';
import type { OwnedSubscription, ShardOwner } from '../ports/shard-owner.ts';
import type { Log } from '../ports/telemetry.ts';
import type { Connection, ConnectionHandler } from '../ports/transport.ts';
import type { Bursts, BurstTarget } from '../wire/bursts.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { checkEnvelope, ENVELOPE_BYTES_MAX } from '../wire/envelope.ts';
import { type FrameSink, FrameSplitter } from '../wire/frame-splitter.ts';
import { type AttachFrame, DETACH_FLUSH, Detached, decodeAttach, encodeDetached, encodePush, type PushPlace } from '../wire/link/attach.ts';
import { BUCKETS_VERSION, encodeCaughtUp, encodeLayoutFrame } from '../wire/link/buckets.ts';
import { encodeEphemeralAnswer, encodeEphemeralPush } from '../wire/link/ephemeral.ts';
import { encodeLinkGap } from '../wire/link/gap.ts';
import { decodeLinkHello, encodeLinkRefuse, encodeLinkWelcome, type LinkHello } from '../wire/link/hello.ts';
import { decodeLinkRead, decodeLinkStatusQuery, encodeLinkMessageStatus } from '../wire/link/message-status.ts';
import { LINK_HEADER_BYTES_MAX, LINK_VERSION_MAX, LINK_VERSION_MIN, LinkOpcode } from '../wire/link/opcodes.ts';
import { encodeLinkPong } from '../wire/link/ping.ts';
import { decodeUndelivered } from '../wire/link/undelivered.ts';
import { decodeCursor } from '../wire/v2/cursor.ts';
import { answerBuckets } from './bucket-answers.ts';
import { answerPull } from './handover-answers.ts';
import { LinkAppends } from './link-appends.ts';
import { LinkWatcher } from './link-watcher.ts';

export interface LinkServerParts {
  readonly owner: ShardOwner;
  readonly bursts: Bursts;
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: string;
  readonly node: string;
  /** Of the lease under which this node owns its shards; 0 where it needs none. */
  readonly epoch: number;
  closed(connection: Connection): void;
}

/** The owner’s side of one link. A frame it cannot read costs this link and nothing else. */
export class LinkServer implements BurstTarget, ConnectionHandler, FrameSink {
  burst: ByteWriter | undefined;
  private readonly parts: LinkServerParts;
  private readonly connection: Connection;
  private readonly splitter = new FrameSplitter(ENVELOPE_BYTES_MAX + LINK_HEADER_BYTES_MAX);
  private readonly reader = new ByteReader();
  private readonly attachments = new Map<number, OwnedSubscription>();
  private version = 0;
  private peer = '';
  private heardMs: number;
  private isOpen = true;
  private readonly appends: LinkAppends;
  private readonly watcher: LinkWatcher;

  constructor(parts: LinkServerParts, connection: Connection) {
    this.parts = parts;
    this.connection = connection;
    const { owner, log } = parts;
    const [peer, writer] = [connection.remoteAddress, () => this.writer()];
    const laidOut = (user: Buffer, layout: Layout) => this.tellLayout(0, user, layout, 0);
    this.appends = new LinkAppends({ owner, log, peer, writer, laidOut, cut: (reason) => this.cut(reason) });
    this.watcher = new LinkWatcher(owner.presence, writer, () => this.version);
    this.heardMs = parts.clock.monotonicMs();
    this.watch();
  }

  received(chunk: Buffer): void {
    this.heardMs = this.parts.clock.monotonicMs();
    try {
      this.splitter.push(chunk, this);
    } catch (error) {
      this.parts.log.error('link-frame-refused', { peer: this.connection.remoteAddress, reason: errorLine(error) });
      this.splitter.stop();
      this.connection.destroy();
    }
  }

  /** What both sides of the link speak; 0 before the greeting. */
  get peerVersion(): number {
    return this.version;
  }

  /** The node at the other end where it reads no buckets. */
  get peerWithoutBuckets(): string | undefined {
    return this.version > 0 && this.version < BUCKETS_VERSION ? this.peer : undefined;
  }

  drained(): void {}

  closed(): void {
    this.isOpen = false;
    this.parts.closed(this.connection);
    this.parts.owner.originClosed(this.appends);
    for (const attachment of this.attachments.values()) attachment.detach({ flush: false });
    this.attachments.clear();
    this.watcher.close();
  }

  writeBurst(bytes: Buffer): void {
    if (this.isOpen) this.connection.write(bytes);
  }

  /** For an attachment of this link, or 0 for what it publishes. A peer of version 1 goes on through the user’s home. */
  tellLayout(attachment: number, user: Buffer, layout: Layout, readStamp: number): void {
    if (this.version >= 2) encodeLayoutFrame(this.writer(), { attachment, user, layout, readStamp });
  }

  caughtUp(attachment: number, isEnd: boolean): void {
    if (this.version >= 2) encodeCaughtUp(this.writer(), attachment, isEnd);
  }

  cut(reason: string): void {
    this.parts.log.error('link-cut', { peer: this.connection.remoteAddress, reason });
    this.connection.destroy();
  }

  /** A node that does not greet, or is silent for LINK_SILENT_MS in spite of its pings, is gone: its readers must not count as online. */
  private watch(): void {
    this.parts.clock.after(LINK_SILENT_MS, () => {
      if (!this.isOpen) return;
      if (this.version > 0 && this.parts.clock.monotonicMs() - this.heardMs < LINK_SILENT_MS) this.watch();
      else this.connection.destroy();
    });
  }

  private writer(): ByteWriter {
    return this.parts.bursts.writer(this);
  }

  frame(buffer: Buffer, start: number, end: number): void {
    const reader = this.reader.reset(buffer, start, end);
    const opcode = reader.u8();
    if (this.version === 0) {
      if (opcode !== LinkOpcode.Hello) throw new IrisError('HELLO_EXPECTED', `link frame 0x${opcode.toString(16)} before HELLO`);
      this.greet(decodeLinkHello(reader));
      return;
    }
    switch (opcode) {
      case LinkOpcode.Append:
      case LinkOpcode.Appends:
        this.appends.take(buffer, start, end);
        break;
      case LinkOpcode.Credit:
        this.attachments.get(reader.u32())?.grant(reader.u32());
        break;
      case LinkOpcode.Cursor:
        this.attachments.get(reader.u32())?.acknowledge(decodeCursor(reader));
        break;
      case LinkOpcode.Remove:
        this.attachments.get(reader.u32())?.remove(reader.u32(), reader.u64());
        break;
      default:
        this.rareFrame(opcode, reader);
    }
  }

  private rareFrame(opcode: number, reader: ByteReader): void {
    switch (opcode) {
      case LinkOpcode.Attach:
        this.attach(reader);
        break;
      case LinkOpcode.Detach:
        this.detach(reader.u32(), (reader.u8() & DETACH_FLUSH) !== 0);
        break;
      case LinkOpcode.Read:
        this.attachments.get(reader.u32())?.markRead(decodeLinkRead(reader));
        break;
      case LinkOpcode.MessageStatusQuery:
        this.askStatus(this.attachments.get(reader.u32()), reader);
        break;
      case LinkOpcode.Ephemeral:
        this.hand(reader);
        break;
      case LinkOpcode.Pull:
        answerPull(reader, this.parts, () => this.writer());
        break;
      case LinkOpcode.StatusQuery:
        this.status(reader.u32(), Buffer.from(reader.bytes16(1_024, 'user name')));
        break;
      case LinkOpcode.Undelivered: {
        const frame = decodeUndelivered(reader);
        this.attachments.get(frame.attachment)?.undelivered(frame);
        break;
      }
      case LinkOpcode.PublisherEnd:
        this.parts.owner.publisherEnded(this.appends, reader.u32());
        break;
      case LinkOpcode.Ping:
        encodeLinkPong(this.writer());
        break;
      default:
        if (this.watcher.frame(opcode, reader)) return;
        if (answerBuckets(opcode, reader, { ...this.parts, writer: () => this.writer() })) return;
        throw new IrisError('OPCODE_UNKNOWN', `link opcode 0x${opcode.toString(16)} is not part of version ${this.version}`);
    }
  }

  private greet(hello: LinkHello): void {
    const problem = this.greetingProblem(hello);
    if (problem !== undefined) {
      encodeLinkRefuse(this.writer(), { wire: ERROR_CODES.LINK_REFUSED.wire, message: problem, retryAfterMs: 0 });
      this.parts.log.error('link-refused', { peer: this.connection.remoteAddress, problem });
      this.parts.bursts.flushNow();
      this.splitter.stop();
      this.connection.end();
      return;
    }
    this.version = Math.min(hello.versionMax, LINK_VERSION_MAX);
    this.peer = hello.node;
    encodeLinkWelcome(this.writer(), { version: this.version, node: this.parts.node, epoch: this.parts.epoch });
    this.parts.log.info('link-accepted', { peer: hello.node, peerRegion: hello.region, version: this.version });
  }

  private greetingProblem(hello: LinkHello): string | undefined {
    if (hello.environment !== this.parts.environment)
      return `node of environment ${hello.environment} reached one of ${this.parts.environment}`;
    if (hello.versionMin > LINK_VERSION_MAX || hello.versionMax < LINK_VERSION_MIN) {
      return `link versions ${hello.versionMin} to ${hello.versionMax} and ${LINK_VERSION_MIN} to ${LINK_VERSION_MAX} do not meet`;
    }
    return undefined;
  }

  private attach(reader: ByteReader): void {
    const frame = decodeAttach(reader);
    this.attachments.get(frame.attachment)?.detach({ flush: false });
    this.attachments.set(frame.attachment, this.parts.owner.attach(frame, new LinkReader(this, frame)));
  }

  pushed(place: PushPlace, envelope: Buffer): void {
    encodePush(this.writer(), place, envelope);
  }

  private hand(reader: ByteReader): void {
    const [query, kind] = [reader.u32(), reader.u8() as EphemeralKind];
    const { buffer, at, end } = reader;
    checkEnvelope(buffer, at, end);
    const refusal = this.parts.owner.hand(kind, buffer.subarray(at, end));
    if (query === 0) return;
    const wire = refusal === undefined ? 0 : ERROR_CODES[refusal.code].wire;
    encodeEphemeralAnswer(this.writer(), { query, wire, message: refusal?.message ?? '' });
  }

  /** For an attachment of this link. */
  handed(attachment: number, kind: EphemeralKind, envelope: Buffer): void {
    encodeEphemeralPush(this.writer(), attachment, kind, envelope);
  }

  /** For an attachment of this link; a peer of version 1 does not know statuses. */
  statusGrown(attachment: number, status: MessageStatus): void {
    if (this.version >= 2) encodeLinkMessageStatus(this.writer(), attachment, status);
  }

  gap(attachment: number, gap: InboxGap): void {
    if (this.version >= 2) encodeLinkGap(this.writer(), attachment, gap);
    else this.parts.log.warn('gap-untold', { messages: gap.messages, reason: 'the edge is of an older release' });
  }

  private askStatus(attachment: OwnedSubscription | undefined, reader: ByteReader): void {
    const { device, recipient } = decodeLinkStatusQuery(reader);
    attachment?.askStatus(device, recipient);
  }

  ended(attachment: number, isSelective: boolean, reason: 'replaced' | 'flushed'): void {
    if (reason === 'flushed' || !isSelective) this.attachments.delete(attachment);
    encodeDetached(this.writer(), attachment, reason === 'flushed' ? Detached.Flushed : Detached.Replaced);
  }

  /** For an attachment of this link; a peer of version 1 cannot go elsewhere by itself, so it has to connect anew. */
  moved(attachment: number): void {
    this.attachments.delete(attachment);
    if (this.version >= 2) encodeDetached(this.writer(), attachment, Detached.Moved);
    else this.cut('a user of this link lives elsewhere');
  }

  private detach(attachment: number, flush: boolean): void {
    const subscription = this.attachments.get(attachment);
    subscription?.detach({ flush });
    if (subscription === undefined && flush) encodeDetached(this.writer(), attachment, Detached.Flushed);
    if (!flush) this.attachments.delete(attachment);
  }

  private status(query: number, user: Buffer): void {
    this.parts.owner.status(user).then(
      (status) => this.watcher.answer(query, status),
      (error: unknown) => this.parts.log.error('status-failed', { reason: errorLine(error) }),
    );
  }
}

/** A reader at the other end of a link. */
class LinkReader implements InboxSubscriber {
  private readonly link: LinkServer;
  private readonly attachment: number;
  private readonly isSelective: boolean;
  private readonly user: Buffer;

  constructor(link: LinkServer, { attachment, isSelective, user }: AttachFrame) {
    this.link = link;
    this.attachment = attachment;
    this.isSelective = isSelective;
    this.user = user;
  }

  pushed(at: { bucket: number; position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void {
    const envelope = start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end);
    this.link.pushed({ attachment: this.attachment, ...at }, envelope);
  }

  handed(kind: EphemeralKind, buffer: Buffer, start: number, end: number): void {
    this.link.handed(this.attachment, kind, buffer.subarray(start, end));
  }

  gap(gap: InboxGap): void {
    this.link.gap(this.attachment, gap);
  }

  statusGrown(status: MessageStatus): void {
    this.link.statusGrown(this.attachment, status);
  }

  /** An owner reads its own store: nothing breaks on this side. */
  resumed(): void {}

  laidOut(layout: Layout, readStamp: number): void {
    this.link.tellLayout(this.attachment, this.user, layout, readStamp);
  }

  caughtUp(isEnd: boolean): void {
    this.link.caughtUp(this.attachment, isEnd);
  }

  moved(): void {
    this.link.moved(this.attachment);
  }

  ended(reason: 'replaced' | 'flushed'): void {
    this.link.ended(this.attachment, this.isSelective, reason);
  }
}
