import { IrisError } from '../contract/errors.ts';
import { GapReason } from '../contract/inbox-gap.ts';
import type { Layout } from '../contract/layout.ts';
import { HANDLER_TRIES_MAX } from '../contract/limits.ts';
import type { AttachOptions, EphemeralKind, InboxCursor, InboxSubscriber, InboxSubscription, ReadMessages } from '../ports/inbox-feed.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { checkEnvelope, countEntries, entriesStart, envelopeCount } from '../wire/envelope.ts';
import { readGap } from '../wire/gap.ts';
import { encodeAttach, encodeCredit, encodeDetach, encodeLinkCursor, encodeRemove } from '../wire/link/attach.ts';
import { decodeLinkMessageStatus, encodeLinkRead, encodeLinkStatusQuery } from '../wire/link/message-status.ts';
import { encodeUndelivered } from '../wire/link/undelivered.ts';

/** Link version that knows statuses. */
const STATUS_VERSION = 2;

/** What most subscriptions have, of which there are as many as sessions. */
const NO_CURSORS: readonly InboxCursor[] = [];
const NO_FAILURE = { bucket: 0, position: 0, tries: 0 };

/** What a subscription needs of its link. */
export interface SubscriptionLink {
  /** The writer while the link is up; undefined while it is down, when only the state kept here counts. */
  controlWriter(): ByteWriter | undefined;
  readonly peerVersion: number;
  dropSubscription(attachment: number): void;
}

/** One session’s read of an inbox over a link. Remembers what was shown and acknowledged, so that a new link goes on from there. */
export class LinkSubscription implements InboxSubscription {
  /** Undefined while it is between two owners. */
  private link: SubscriptionLink | undefined;
  private attachment = 0;
  private readonly options: AttachOptions;
  private readonly subscriber: InboxSubscriber;
  /** One cursor per bucket, the latest. */
  private acknowledged: readonly InboxCursor[];
  private shown = NO_CURSORS;
  private isFlushing = false;
  private isReplaced = false;
  private hasAttached = false;
  /** Where the reader last failed, and how often. */
  private failure = NO_FAILURE;
  /** Passes over what is still on its way until the owner starts again. */
  private isMuted = false;

  /** Nobody wants it any more. */
  private isOver = false;
  private moves = 0;

  constructor(options: AttachOptions, subscriber: InboxSubscriber) {
    this.options = options;
    this.subscriber = subscriber;
    this.acknowledged = options.cursors;
  }

  get user(): Buffer {
    return this.options.user;
  }

  get isEnded(): boolean {
    return this.isOver;
  }

  /** Times it was sent elsewhere since something was pushed. */
  get movesInVain(): number {
    return this.moves;
  }

  bind(link: SubscriptionLink, attachment: number): void {
    this.link = link;
    this.attachment = attachment;
  }

  /** Leaves its link, with everything that the next one must know. */
  unbind(): void {
    this.link?.dropSubscription(this.attachment);
    this.link = undefined;
    this.isMuted = false;
    this.moves++;
  }

  /** Leaves an owner that may still push. */
  leave(): void {
    const out = this.link?.controlWriter();
    if (out !== undefined) encodeDetach(out, this.attachment, false);
    this.unbind();
  }

  /** Asks the owner to push; on a new link, from where the last one broke. One that was taken over does not take the inbox back. */
  writeAttach(out: ByteWriter): void {
    if (this.isReplaced) return;
    encodeAttach(out, {
      attachment: this.attachment,
      isSelective: this.options.isSelective,
      isReattached: this.hasAttached || this.options.yieldsToLater === true,
      takesEphemerals: this.options.takesEphemerals,
      loginStamp: this.options.loginStamp,
      creditBytes: this.options.credit.creditBytes,
      user: this.options.user,
      acknowledged: this.acknowledged,
      shown: this.shown,
    });
    if (this.hasAttached) this.subscriber.resumed();
    this.hasAttached = true;
    this.isMuted = false;
    if (this.isFlushing) encodeDetach(out, this.attachment, true);
  }

  /** The reader stands behind the attachment number of a PUSH. Throws what the session throws: it does not have the envelope then. */
  pushed(reader: ByteReader): void {
    if (this.isMuted) return;
    const bucket = reader.u32();
    const position = reader.u64();
    const firstIndex = reader.u16();
    const { buffer, at, end } = reader;
    this.moves = 0;
    try {
      checkEntries(buffer, at, end);
      this.subscriber.pushed({ bucket, position, firstIndex }, buffer, at, end);
    } catch (error) {
      this.isMuted = true;
      const isAgain = this.failure.bucket === bucket && this.failure.position === position;
      this.failure = { bucket, position, tries: isAgain ? this.failure.tries + 1 : 1 };
      throw error;
    }
    this.shown = latest(this.shown, { bucket, position, index: envelopeCount(buffer, at) - 1 });
  }

  /** Starts anew after a failure, without the envelope that failed HANDLER_TRIES_MAX times. */
  startAgain(reason: string): void {
    const out = this.link?.controlWriter();
    if (out === undefined || !this.isMuted) return;
    if (this.failure.tries >= HANDLER_TRIES_MAX) encodeUndelivered(out, { ...this.failure, attachment: this.attachment, reason });
    this.writeAttach(out);
  }

  laidOut(layout: Layout, readStamp: number): void {
    this.subscriber.laidOut(layout, readStamp);
  }

  caughtUp(isEnd: boolean): void {
    this.subscriber.caughtUp(isEnd);
  }

  ended(reason: 'replaced' | 'flushed'): void {
    this.isReplaced = reason === 'replaced';
    this.isOver = reason === 'flushed' || !this.options.isSelective;
    if (this.isOver) this.link?.dropSubscription(this.attachment);
    this.subscriber.ended(reason);
  }

  grant(bytes: number): void {
    const out = this.link?.controlWriter();
    if (out !== undefined) encodeCredit(out, this.attachment, bytes);
  }

  acknowledge(cursor: InboxCursor): void {
    this.acknowledged = latest(this.acknowledged, cursor);
    const out = this.link?.controlWriter();
    if (out !== undefined) encodeLinkCursor(out, this.attachment, cursor);
  }

  remove(bucket: number, position: number): void {
    const out = this.link?.controlWriter();
    if (out !== undefined) encodeRemove(out, this.attachment, bucket, position);
  }

  /** The reader stands behind the attachment number of an EPHEMERAL_PUSH. */
  handed(reader: ByteReader): void {
    const kind = reader.u8() as EphemeralKind;
    checkEnvelope(reader.buffer, reader.at, reader.end);
    this.subscriber.handed(kind, reader.buffer, reader.at, reader.end);
  }

  /** The reader stands behind the attachment number of a GAP. */
  gap(reader: ByteReader): void {
    const gap = readGap(reader);
    // What another log’s cursor said is not repeated to this one.
    if (gap.reason === GapReason.otherLog) this.acknowledged = this.acknowledged.filter(({ bucket }) => bucket !== gap.bucket);
    this.subscriber.gap(gap);
  }

  statusGrown(reader: ByteReader): void {
    this.subscriber.statusGrown(decodeLinkMessageStatus(reader));
  }

  markRead(messages: ReadMessages): void {
    if ((this.link?.peerVersion ?? 0) < STATUS_VERSION) return;
    const out = this.link?.controlWriter();
    if (out !== undefined) encodeLinkRead(out, this.attachment, messages);
  }

  askStatus(device: Uint8Array, recipient: Uint8Array): void {
    if ((this.link?.peerVersion ?? 0) < STATUS_VERSION) return;
    const out = this.link?.controlWriter();
    if (out !== undefined) encodeLinkStatusQuery(out, this.attachment, device, recipient);
  }

  detach({ flush }: { flush: boolean }): void {
    const out = this.link?.controlWriter();
    if (out !== undefined) encodeDetach(out, this.attachment, flush);
    this.isFlushing = flush;
    if (flush) return;
    this.isOver = true;
    this.link?.dropSubscription(this.attachment);
  }
}

/** What no client could read must not reach one. @throws IrisError FRAME_MALFORMED */
function checkEntries(buffer: Buffer, at: number, end: number): void {
  const [found, said] = [countEntries(buffer, entriesStart(buffer, at), end), envelopeCount(buffer, at)];
  if (found !== said) throw new IrisError('FRAME_MALFORMED', `envelope of ${said} messages holds ${found < 0 ? 'damaged ones' : found}`);
}

/** The list with this bucket’s cursor replaced. */
function latest(cursors: readonly InboxCursor[], cursor: InboxCursor): readonly InboxCursor[] {
  if (cursors.length === 0 || (cursors.length === 1 && cursors[0]?.bucket === cursor.bucket)) return [cursor];
  return [...cursors.filter((other) => other.bucket !== cursor.bucket), cursor];
}
