import { userOfInbox } from '../contract/bucket-name.ts';
import { ERROR_CODES, type ErrorCode, errorCodeOfWire, errorLine } from '../contract/errors.ts';
import type { Layout } from '../contract/layout.ts';
import * as limits from '../contract/limits.ts';
import type { Forwarding, Publication, Publisher } from '../ports/bus.ts';
import type { Clock, Random, Timer } from '../ports/clock.ts';
import type { EphemeralKind, HandedOver, UserStatus } from '../ports/inbox-feed.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { ClientTransport, Connection, ConnectionHandler } from '../ports/transport.ts';
import type { Bursts, BurstTarget } from '../wire/bursts.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { Durability } from '../wire/durability.ts';
import { ENVELOPE_BYTES_MAX, envelopeRecipient } from '../wire/envelope.ts';
import { type FrameSink, FrameSplitter } from '../wire/frame-splitter.ts';
import { APPENDS_VERSION, decodeRefused, encodePublisherEnd } from '../wire/link/append.ts';
import { decodeIsEnd, decodeLayoutFrame, type LayoutFrame } from '../wire/link/buckets.ts';
import { decodeLinkRefuse, decodeLinkWelcome, encodeLinkHello, type LinkRefuse, type LinkWelcome } from '../wire/link/hello.ts';
import { LINK_HEADER_BYTES_MAX, LINK_VERSION_MAX, LINK_VERSION_MIN, LinkOpcode } from '../wire/link/opcodes.ts';
import { encodeLinkPing } from '../wire/link/ping.ts';
import { UNDELIVERED_VERSION } from '../wire/link/undelivered.ts';
import { isStatusEnvelope } from '../wire/status-envelope.ts';
import { AppendQueue, unavailable } from './append-queue.ts';
import { BucketQuestions } from './bucket-questions.ts';
import { EphemeralSends } from './ephemeral-sends.ts';
import { HandoverQuestions } from './handover-questions.ts';
import { LinkAdmission } from './link-admission.ts';
import { LinkReads } from './link-reads.ts';
import { type LinkWatch, LinkWatches } from './link-watches.ts';
import type { OwnerAddresses } from './owner-addresses.ts';
import { StatusQueries } from './status-queries.ts';
import type { LinkSubscription } from './subscription.ts';

export interface LinkIdentity {
  readonly environment: string;
  readonly region: string;
  readonly node: string;
}

/** What every link of a node shares. */
export interface LinkParts {
  readonly transport: ClientTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly bursts: Bursts;
  readonly telemetry: Telemetry;
  readonly load: LoadLevel;
  readonly identity: LinkIdentity;
  /** Addresses of the standbys of the owner at `address`. */
  standbysOf(address: string): readonly string[];
  /** Where messages to a user should go from now on; an empty layout: to the user’s home. */
  laidOut?(user: Buffer, layout: Layout): void;
}

export interface LinkClientParts extends LinkParts {
  /** The owner says that the subscription’s inbox lives elsewhere; it is bound to no link now. */
  moved(subscription: LinkSubscription): void;
  /** The same of a watched user. */
  watchMoved(watch: LinkWatch): void;
}

/** Refusals that say more about the owner than about the message. */
const IN_TROUBLE: ReadonlySet<ErrorCode> = new Set(['SHARD_UNAVAILABLE', 'STORE_FAILED']);

type State = 'down' | 'connecting' | 'greeting' | 'up' | 'closed';

/**
 * One node’s link to an owner of shards: appends out, pushes in, over one connection that is made anew when it breaks. Appends wait
 * through a break and are repeated, marked as retries; subscriptions attach again. Owns two timers.
 */
export class LinkClient implements BurstTarget, ConnectionHandler, FrameSink {
  burst: ByteWriter | undefined;
  burstBytes = 0;
  private readonly parts: LinkClientParts;
  /** The owner’s by the slot map; a standby of it may be the one that answers. */
  private readonly address: string;
  private readonly addresses: OwnerAddresses;
  private readonly appends = new AppendQueue();
  private readonly ephemerals: EphemeralSends;
  readonly reads: LinkReads;
  readonly watches: LinkWatches;
  private readonly statusQueries: StatusQueries;
  readonly questions: BucketQuestions;
  readonly handovers: HandoverQuestions;
  private readonly refusedPublishers = new Set<number>();
  private readonly reader = new ByteReader();
  private splitter = newSplitter();
  private connection: Connection | undefined;
  private state: State = 'down';
  private version = 0;
  private readonly admission: LinkAdmission;
  private retryMs = limits.LINK_RETRY_FIRST_MS;
  private heardMs: number;
  private timer: Timer;
  private greeting: Timer | undefined;

  constructor(parts: LinkClientParts, address: string, addresses: OwnerAddresses) {
    this.parts = parts;
    this.address = address;
    this.addresses = addresses;
    this.ephemerals = new EphemeralSends(parts.clock);
    this.statusQueries = new StatusQueries(parts.clock, () => this.controlWriter());
    this.reads = new LinkReads(this, (subscription) => parts.moved(subscription));
    const writerOf = (version: number) => (this.peerVersion < version ? undefined : parts.bursts.writer(this));
    this.handovers = new HandoverQuestions(parts.clock, () => writerOf(2));
    this.questions = new BucketQuestions(parts.clock, writerOf);
    this.watches = new LinkWatches({ writerOf, statusOf: (user) => this.status(user), moved: (watch) => parts.watchMoved(watch) });
    this.heardMs = parts.clock.monotonicMs();
    this.admission = new LinkAdmission(parts, address);
    this.timer = parts.clock.after(limits.LINK_PING_MS, () => this.tick());
    this.connect();
  }

  get isUp(): boolean {
    return this.state === 'up';
  }

  /** What both sides of the link speak; 0 while it is down, since another release may answer next. */
  get peerVersion(): number {
    return this.isUp ? this.version : 0;
  }

  /** True while sends are refused at once, but for one that tries. */
  get isBreakerOpen(): boolean {
    return this.admission.breaker.state !== 'closed';
  }

  /** What waits for answers. */
  get queue(): Pick<AppendQueue, 'queuedBytes' | 'share'> {
    return this.appends;
  }

  publish(publication: Publication): void {
    const refusal = this.appends.fullness(this.parts.load) ?? this.admission.refusal();
    if (refusal === undefined) this.appends.write(this.parts.bursts.writer(this), publication, this.parts.clock);
    else publication.publisher.refused(publication.sequence, publication.count, userOfInbox(publication.recipient), refusal);
  }

  forward(publisher: Publisher, forwarding: Forwarding): void {
    // An owner of version 1 would deliver it as a message.
    if (this.isUp && !this.knowsStatuses && isStatusEnvelope(forwarding.envelope)) {
      this.parts.clock.soon(() => publisher.published(forwarding.token, 1, Durability.D0));
      return;
    }
    const refusal = this.admission.refusal();
    if (refusal !== undefined) {
      publisher.refused(forwarding.token, 1, envelopeRecipient(forwarding.envelope), refusal);
      return;
    }
    this.appends.writeEnvelope(this.parts.bursts.writer(this), publisher, forwarding, this.parts.clock);
  }

  hand(kind: EphemeralKind, envelope: Buffer, answer?: HandedOver): void {
    const isOpen = this.peerVersion >= 2 && (this.connection?.queuedBytes ?? 0) < limits.EPHEMERAL_QUEUED_BYTES_MAX;
    this.ephemerals.hand(isOpen ? this.controlWriter() : undefined, { kind, envelope, answer });
  }

  forget(publisher: Publisher): void {
    if (this.refusedPublishers.delete(publisher.publisherId) && this.isUp)
      encodePublisherEnd(this.parts.bursts.writer(this), publisher.publisherId);
  }

  status(user: Buffer): Promise<UserStatus | undefined> {
    return this.statusQueries.ask(user);
  }

  /** Ends the link for good. What still waits is refused. */
  close(): void {
    this.parts.bursts.flushNow();
    this.state = 'closed';
    this.timer.stop();
    this.connection?.destroy();
    this.appends.refuseAll({ code: 'DRAINING', message: 'the node is leaving', retryAfterMs: 0 });
  }

  controlWriter(): ByteWriter | undefined {
    return this.isUp ? this.parts.bursts.writer(this) : undefined;
  }

  dropSubscription(attachment: number): void {
    this.reads.drop(attachment);
  }

  writeBurst(bytes: Buffer): void {
    // Follows what comes: grows at once, shrinks by and by.
    this.burstBytes = Math.max(bytes.length + (bytes.length >>> 2), this.burstBytes - (this.burstBytes >>> 3));
    this.appends.retain(bytes);
    if (this.isUp) this.connection?.write(bytes);
  }

  received(chunk: Buffer): void {
    this.heardMs = this.parts.clock.monotonicMs();
    try {
      this.splitter.push(chunk, this);
    } catch (error) {
      this.parts.telemetry.log.error('link-broken', { address: this.address, reason: errorLine(error) });
      this.connection?.destroy();
    }
  }

  drained(): void {}

  closed(reason: string): void {
    this.connection = undefined;
    this.greeting?.stop();
    this.splitter.stop();
    this.ephemerals.refuseAll();
    this.watches.lost();
    if (this.state === 'closed') return;
    if (this.state === 'up') this.parts.telemetry.log.warn('link-lost', { address: this.address, reason });
    this.retryLater();
  }

  private get knowsStatuses(): boolean {
    return this.version >= 2;
  }

  private connect(): void {
    if (this.state === 'closed') return;
    this.state = 'connecting';
    const greet = (connection: Connection) => this.greet(connection);
    const address = this.addresses.current;
    this.parts.transport.connect(address, greet).catch((error: unknown) => {
      if (this.retryMs === limits.LINK_RETRY_FIRST_MS)
        this.parts.telemetry.log.warn('link-unreachable', { address, reason: errorLine(error) });
      this.retryLater();
    });
  }

  private greet(connection: Connection): this {
    this.connection = connection;
    if (this.state === 'closed') {
      connection.destroy();
      return this;
    }
    this.state = 'greeting';
    this.splitter = newSplitter();
    this.heardMs = this.parts.clock.monotonicMs();
    const hello = { versionMin: LINK_VERSION_MIN, versionMax: LINK_VERSION_MAX, ...this.parts.identity };
    const out = new ByteWriter();
    encodeLinkHello(out, hello);
    connection.write(out.take());
    this.greeting = this.parts.clock.after(this.addresses.greetingMs, () => {
      this.addresses.saidNothing();
      connection.destroy();
    });
    return this;
  }

  private retryLater(): void {
    if (this.state === 'closed') return;
    this.state = 'down';
    this.admission.breaker.linkDown();
    this.addresses.passOn();
    const jitter = 0.5 + this.parts.random.fraction();
    this.parts.clock.after(this.retryMs * jitter, () => this.connect());
    this.retryMs = Math.min(this.retryMs * 2, limits.LINK_RETRY_LAST_MS);
  }

  /** Heartbeat and deadlines. */
  private tick(): void {
    const now = this.parts.clock.monotonicMs();
    this.timer = this.parts.clock.after(limits.LINK_PING_MS, () => this.tick());
    this.ephemerals.expire();
    this.watches.tick();
    if (this.isUp) encodeLinkPing(this.parts.bursts.writer(this));
    if (this.connection !== undefined && now - this.heardMs > this.addresses.silentMs) this.connection.destroy();
    const oldest = this.appends.oldestMs;
    if (oldest === undefined || now - oldest < limits.APPEND_TIMEOUT_MS - limits.LINK_PING_MS) return;
    this.parts.bursts.flushNow();
    this.admission.breaker.failed(this.appends.refuseAll(unavailable(this.address)));
  }

  frame(buffer: Buffer, start: number, end: number): void {
    const reader = this.reader.reset(buffer, start, end);
    const opcode = reader.u8();
    switch (opcode) {
      case LinkOpcode.Push:
        this.pushed(reader);
        break;
      case LinkOpcode.Appended:
        this.admission.breaker.succeeded();
        this.appends.appended(reader.u32(), reader.u32(), reader.u8());
        break;
      case LinkOpcode.Refused:
        this.refused(reader);
        break;
      case LinkOpcode.Detached:
        this.reads.detached(reader.u32(), reader.u8());
        break;
      case LinkOpcode.EphemeralPush:
        this.reads.get(reader.u32())?.handed(reader);
        break;
      case LinkOpcode.EphemeralAnswer:
        this.ephemerals.answered(reader);
        break;
      case LinkOpcode.Gap:
        this.reads.get(reader.u32())?.gap(reader);
        break;
      case LinkOpcode.MessageStatus:
        this.reads.get(reader.u32())?.statusGrown(reader);
        break;
      case LinkOpcode.Status:
        this.statusQueries.answered(reader);
        break;
      case LinkOpcode.Presence:
        this.watches.told(reader);
        break;
      case LinkOpcode.CaughtUp:
        this.reads.get(reader.u32())?.caughtUp(decodeIsEnd(reader));
        break;
      case LinkOpcode.Layout:
        this.laidOut(decodeLayoutFrame(reader));
        break;
      case LinkOpcode.Sealed:
      case LinkOpcode.Mark:
      case LinkOpcode.Reading:
      case LinkOpcode.AudienceAnswer:
        this.questions.answered(reader);
        break;
      case LinkOpcode.Handover:
        this.handovers.answered(reader);
        break;
      case LinkOpcode.Welcome:
        this.welcomed(decodeLinkWelcome(reader));
        break;
      case LinkOpcode.Refuse:
        this.linkRefused(decodeLinkRefuse(reader));
        break;
    }
  }

  /** A standby is asked again soon, in turn with the others; a node that must not be linked to seldom. */
  private linkRefused(refusal: LinkRefuse): void {
    this.greeting?.stop();
    const isStandby = errorCodeOfWire(refusal.wire) === 'NOT_OWNER';
    if (!isStandby) this.parts.telemetry.log.error('link-refused', { address: this.addresses.current, ...refusal });
    this.retryMs = isStandby ? refusal.retryAfterMs || limits.LINK_STANDBY_RETRY_MS : limits.LINK_RETRY_LAST_MS;
  }

  /** A session that cannot take an envelope costs its own reading a pause, and no other session the link (F14). */
  private pushed(reader: ByteReader): void {
    const attachment = reader.u32();
    const subscription = this.reads.get(attachment);
    try {
      subscription?.pushed(reader);
    } catch (error) {
      if (this.version < UNDELIVERED_VERSION) throw error;
      const reason = errorLine(error);
      this.parts.telemetry.log.error('push-failed', { address: this.address, reason });
      this.parts.clock.after(limits.HANDLER_RETRY_MS, () => {
        if (this.reads.get(attachment) === subscription) subscription?.startAgain(reason);
      });
    }
  }

  private welcomed({ version, node, epoch }: LinkWelcome): void {
    this.greeting?.stop();
    if (!this.addresses.accepts(epoch)) {
      this.parts.telemetry.log.warn('link-to-former-owner', { address: this.addresses.current, peer: node, epoch });
      this.connection?.destroy();
      return;
    }
    this.parts.bursts.flushNow();
    this.version = version;
    this.state = 'up';
    this.admission.breaker.linkUp();
    this.retryMs = limits.LINK_RETRY_FIRST_MS;
    this.refusedPublishers.clear();
    const out = this.parts.bursts.writer(this);
    this.appends.frames.isGathering = version >= APPENDS_VERSION;
    this.reads.attachAll(out);
    this.watches.sayAll();
    this.appends.repeat(out, { knowsStatuses: this.knowsStatuses });
    this.parts.telemetry.log.info('link-up', { address: this.addresses.current, peer: node, version, epoch });
  }

  private refused(reader: ByteReader): void {
    const frame = decodeRefused(reader);
    const code = errorCodeOfWire(frame.wire) ?? 'SHARD_UNAVAILABLE';
    if (IN_TROUBLE.has(code)) this.admission.breaker.failed(1);
    else if (code !== 'REFUSED_IN_ORDER' || this.admission.breaker.state === 'half-open') this.admission.breaker.succeeded();
    const publisher = this.appends.refused(frame.correlation, frame.recipient, {
      code,
      message: frame.message,
      retryAfterMs: frame.retryAfterMs,
    });
    if (publisher !== undefined && ERROR_CODES[code].retry) this.refusedPublishers.add(publisher.publisherId);
  }

  private laidOut({ attachment, user, layout, readStamp }: LayoutFrame): void {
    if (attachment === 0) this.parts.laidOut?.(user, layout);
    else this.reads.get(attachment)?.laidOut(layout, readStamp);
  }
}

function newSplitter(): FrameSplitter {
  return new FrameSplitter(ENVELOPE_BYTES_MAX + LINK_HEADER_BYTES_MAX);
}
