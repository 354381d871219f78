import { userOfInbox } from '../contract/bucket-name.ts';
import { IrisError } from '../contract/errors.ts';
import { APPEND_TIMEOUT_MS, BATCH_MESSAGES_MAX, JOINED_BYTES_MAX, LINK_IN_FLIGHT_MAX, LINK_QUEUED_BYTES_MAX } from '../contract/limits.ts';
import type { Forwarding, Publication, Publisher, Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { Durability } from '../wire/durability.ts';
import { envelopeLength, envelopeRecipient, isEnvelopeTo, setEnvelopeCount, writeEnvelope } from '../wire/envelope.ts';
import { AppendReader } from '../wire/link/append.ts';
import { isStatusEnvelope } from '../wire/status-envelope.ts';
import { APPEND_BUCKET, SEND_RETRY, SEND_STATUS_WANTED } from '../wire/v2/send.ts';
import { AppendFrames } from './append-frames.ts';
import { InFlight } from './in-flight.ts';

/** Bytes written in one burst and the appends among them; kept until all are answered, since a new link needs them again. */
interface Retained {
  readonly bytes: Buffer;
  /** One past the last correlation in `bytes`. */
  readonly end: number;
}

/** What the count of a SENT holds. */
const ANSWER_MESSAGES_MAX = 0xffff;

/** The append that was written last, one object for all of them. */
interface LastAppend {
  envelopeAt: number;
  correlation: number;
  /** Undefined while something stands behind it, or it is not open to more. */
  publisher: Publisher | undefined;
  flags: number;
  count: number;
  /** Sequence that would follow it. */
  next: number;
}

/**
 * The appends of one link: what is under way, and the written bytes they can be repeated from. Repeating reads those bytes again, so a
 * message costs no object of its own.
 */
export class AppendQueue {
  readonly frames = new AppendFrames();
  private readonly inFlight = new InFlight();
  private retained: Retained[] = [];
  private retainedBytes = 0;
  private openBytes = 0;
  private startedMs: number | undefined;
  private readonly last: LastAppend = { envelopeAt: 0, correlation: 0, publisher: undefined, flags: 0, count: 0, next: 0 };

  get queuedBytes(): number {
    return this.retainedBytes + this.openBytes;
  }

  /** Milliseconds at which the oldest unanswered append began. */
  get oldestMs(): number | undefined {
    return this.inFlight.oldestMs;
  }

  /** Share of the bounds that what waits takes. */
  get share(): number {
    return Math.max(this.queuedBytes / LINK_QUEUED_BYTES_MAX, this.inFlight.span / LINK_IN_FLIGHT_MAX);
  }

  /** Why no more may be queued; undefined when there is room. */
  fullness(load: LoadLevel): Refusal | undefined {
    if (this.queuedBytes < LINK_QUEUED_BYTES_MAX && this.inFlight.span < LINK_IN_FLIGHT_MAX) return undefined;
    const message = `${this.queuedBytes} bytes and ${this.inFlight.span} envelopes wait for the shard’s owner, limits are ${LINK_QUEUED_BYTES_MAX} and ${LINK_IN_FLIGHT_MAX}`;
    return { code: 'OVERLOADED', message, retryAfterMs: load.retryAfterMs(200) };
  }

  write(out: ByteWriter, publication: Publication, clock: Clock): void {
    if (this.joined(out, publication)) return;
    const { publisher, sequence, count, flags } = publication;
    const before = out.length;
    const correlation = this.inFlight.add(publisher, sequence, count, this.burstMs(clock));
    if (publication.mayJoin) this.inFlight.letJoin(correlation);
    const { publisherId } = publisher;
    this.frames.begin(out, { flags, correlation: correlation % 0x1_0000_0000, publisherId }, envelopeLength(publication));
    const envelopeAt = out.length;
    writeEnvelope(out, publication, publication.buffer, publication.start, publication.end);
    this.frames.end(out);
    this.openBytes += out.length - before;
    const { last } = this;
    last.publisher = publication.mayJoin && isPlain(flags) ? publisher : undefined;
    last.envelopeAt = envelopeAt;
    last.correlation = correlation;
    last.flags = flags;
    last.count = count;
    last.next = sequence + count;
  }

  /**
   * What a publisher sends to one recipient in one burst travels on as one envelope: link, log, push and answers then cost what one
   * message costs. True when the publication went into the envelope written last.
   */
  private joined(out: ByteWriter, publication: Publication): boolean {
    const { last } = this;
    const { sequence, count, buffer, start, end } = publication;
    if (last.publisher !== publication.publisher || !this.frames.isLast(out)) return false;
    if (!publication.mayJoin || publication.flags !== last.flags || sequence !== last.next || publication.previous !== sequence - 1)
      return false;
    if (last.count + count > BATCH_MESSAGES_MAX || out.length - last.envelopeAt + end - start > JOINED_BYTES_MAX) return false;
    if (!isEnvelopeTo(publication.recipient, out.buffer, last.envelopeAt)) return false;
    out.bytes(buffer, start, end);
    this.frames.end(out);
    last.count += count;
    last.next += count;
    setEnvelopeCount(out.buffer, last.envelopeAt, last.count);
    this.inFlight.join(last.correlation, count);
    this.openBytes += end - start;
    return true;
  }

  writeEnvelope(out: ByteWriter, publisher: Publisher, forwarding: Forwarding, clock: Clock): void {
    const correlation = this.inFlight.add(publisher, forwarding.token, 1, this.burstMs(clock)) % 0x1_0000_0000;
    const { flags, envelope } = forwarding;
    this.last.publisher = undefined;
    this.frames.begin(out, { flags, correlation, publisherId: publisher.publisherId }, envelope.length);
    out.bytes(envelope);
    this.frames.end(out);
    this.openBytes += forwarding.envelope.length;
  }

  /** Keeps the bytes of a burst until its appends are answered. */
  retain(bytes: Buffer): void {
    this.last.publisher = undefined;
    this.frames.close();
    this.startedMs = undefined;
    if (this.openBytes > 0) {
      this.retained.push({ bytes, end: this.inFlight.next });
      this.retainedBytes += bytes.length;
    }
    this.openBytes = 0;
  }

  /** The owner made a run of appends durable. A publisher hears at once of those whose sequences follow each other, where it may. */
  appended(wireCorrelation: number, count: number, durability: number): void {
    const { inFlight } = this;
    const first = inFlight.widen(wireCorrelation);
    let hears: Publisher | undefined;
    let sequence = 0;
    let messages = 0;
    for (let correlation = first; correlation < first + count; correlation++) {
      const publisher = inFlight.publisherOf(correlation);
      if (publisher === undefined) continue;
      const [token, more] = [inFlight.tokenOf(correlation), inFlight.countOf(correlation)];
      const goesOn = publisher === hears && token === sequence + messages && messages + more <= ANSWER_MESSAGES_MAX;
      if (!goesOn || !inFlight.mayJoinOf(correlation)) {
        hears?.published(sequence, messages, durability);
        hears = publisher;
        sequence = token;
        messages = 0;
      }
      messages += more;
      inFlight.settle(correlation);
    }
    hears?.published(sequence, messages, durability);
    this.release();
  }

  /** Returns the publisher that was told, if it still waited. */
  refused(wireCorrelation: number, recipient: Buffer, refusal: Refusal): Publisher | undefined {
    const publisher = this.tellRefused(this.inFlight.widen(wireCorrelation), recipient, refusal);
    this.release();
    return publisher;
  }

  /** Refuses everything that waits, and returns how many. Later messages must not overtake it, and what is alike in age fails alike. */
  refuseAll(refusal: Refusal): number {
    let count = 0;
    const retained = this.retained;
    this.retained = [];
    this.retainedBytes = 0;
    for (const { bytes } of retained) {
      for (const { correlation, start } of appendsOf(bytes)) {
        if (this.tellRefused(this.inFlight.widen(correlation), recipientAt(bytes, start), refusal) !== undefined) count++;
      }
    }
    return count;
  }

  /**
   * Writes every unanswered append again, marked as a retry; what may no longer follow its predecessor is refused instead (L3), and a status
   * that the owner does not know counts as done.
   */
  repeat(out: ByteWriter, { knowsStatuses }: { knowsStatuses: boolean }): void {
    const retained = this.retained;
    this.retained = [];
    this.retainedBytes = 0;
    for (const { bytes } of retained) {
      for (const append of appendsOf(bytes)) this.repeatOne(out, bytes, append, knowsStatuses);
    }
  }

  private repeatOne(out: ByteWriter, bytes: Buffer, place: AppendReader, knowsStatuses: boolean): void {
    const { start, end } = place;
    const correlation = this.inFlight.widen(place.correlation);
    const publisher = this.inFlight.publisherOf(correlation);
    if (publisher === undefined) return;
    if (!knowsStatuses && isStatusEnvelope(bytes, start)) {
      this.appended(place.correlation, 1, Durability.D0);
      return;
    }
    const recipient = recipientAt(bytes, start);
    if (publisher.isFenced(recipient)) {
      this.tellRefused(correlation, recipient, {
        code: 'REFUSED_IN_ORDER',
        message: 'an earlier message to this recipient was refused',
        retryAfterMs: 0,
      });
      return;
    }
    const append = { flags: place.flags | SEND_RETRY, correlation: place.correlation, publisherId: place.publisher };
    this.frames.begin(out, append, end - start);
    out.bytes(bytes, start, end);
    this.frames.end(out);
    this.openBytes += end - start;
  }

  /** When the burst began: one look at the clock for all of it. */
  private burstMs(clock: Clock): number {
    this.startedMs ??= clock.monotonicMs();
    return this.startedMs;
  }

  private tellRefused(correlation: number, recipient: Buffer, refusal: Refusal): Publisher | undefined {
    const publisher = this.inFlight.publisherOf(correlation);
    if (publisher === undefined) return undefined;
    const [token, count] = [this.inFlight.tokenOf(correlation), this.inFlight.countOf(correlation)];
    this.inFlight.settle(correlation);
    publisher.refused(token, count, recipient, refusal);
    return publisher;
  }

  private release(): void {
    let done = 0;
    while (done < this.retained.length && (this.retained[done] as Retained).end <= this.inFlight.first) {
      this.retainedBytes -= (this.retained[done] as Retained).bytes.length;
      done++;
    }
    if (done > 0) this.retained.splice(0, done);
  }
}

/** Neither repeated nor begun anew after a refusal: those are decided one by one. */
function isPlain(flags: number): boolean {
  return (flags & ~(SEND_STATUS_WANTED | APPEND_BUCKET)) === 0;
}

/** What a publisher hears when its owner does not answer in time. */
export function unavailable(address: string): Refusal {
  const message = `the shard’s owner at ${address} did not answer within ${APPEND_TIMEOUT_MS} ms`;
  return { code: 'SHARD_UNAVAILABLE', message, retryAfterMs: 1_000 };
}

/** Steps over the appends of a burst. */
function* appendsOf(bytes: Buffer): Generator<AppendReader> {
  const reader = new AppendReader();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new IrisError('FRAME_TRUNCATED', `a retained burst ends ${end - bytes.length} bytes inside a frame`);
    reader.reset(bytes, at + 4, end);
    while (reader.next()) yield reader;
    at = end;
  }
}

/** The user, also where the envelope is on its way to a bucket: that is whom its publisher knows. */
function recipientAt(bytes: Buffer, at: number): Buffer {
  return userOfInbox(envelopeRecipient(bytes, at));
}
