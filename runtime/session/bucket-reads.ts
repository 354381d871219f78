import { bucketNumber, bucketOfSender, generationOf } from '../contract/bucket-name.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import { type Generation, inboxesOf, type Layout } from '../contract/layout.ts';
import { BUCKET_CREDIT_BYTES_MIN } from '../contract/limits.ts';
import { StampMerge } from '../follow/stamp-merge.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxCursor, InboxFeed, InboxSubscriber, InboxSubscription, ReadMessages } from '../ports/inbox-feed.ts';
import type { MessageRouter } from '../ports/message-router.ts';
import { envelopeStamp } from '../wire/envelope.ts';
import type { BucketCursors } from './bucket-cursors.ts';
import { type BucketPush, BucketRead, type BucketReader } from './bucket-read.ts';
import type { PushWindow } from './push-window.ts';

export interface BucketReadsParts {
  /** The read of the user’s own inbox: generation 0, and the place that knows of the others. */
  readonly home: InboxSubscription;
  readonly clock: Clock;
  readonly feed: InboxFeed;
  readonly router: MessageRouter;
  readonly pushWindow: PushWindow;
  readonly user: Buffer;
  /** What the application has of the buckets that are not read yet. */
  readonly cursors: BucketCursors;
  readonly isSelective: boolean;
  /** The session. */
  readonly subscriber: InboxSubscriber;
  /** Hears when `progress` may be further. */
  progressed(): void;
}

/** Which buckets of each generation are read, and up to which generation. */
export interface BucketShare {
  readonly share: number;
  readonly shares: number;
  readonly through: number;
}

const EVERYTHING: BucketShare = { share: 0, shares: 1, through: Number.POSITIVE_INFINITY };

/**
 * One session’s read of a promoted inbox: generation after generation, and within one all buckets at once. The next generation is opened
 * when the last one has been pushed to its end on every bucket, so a sender’s later messages never pass its earlier ones (L3). The newest
 * stays open. What waits in a generation when its read begins goes out by stamp over all its buckets (P7); what comes later, as it comes. The
 * session’s credit is shared by the buckets of the generation that is read; each may pass its share by one envelope.
 */
export class BucketReads implements InboxSubscription, BucketReader {
  private readonly parts: BucketReadsParts;
  private readonly reads = new Map<number, BucketRead>();
  /** Of the generation that is read. */
  private merge: StampMerge<BucketPush>;
  private layout: Layout = { generations: [] };
  private readStamp = 0;
  /** Number of the generation that is read; the ones before it are read to their end. */
  private reading = -1;
  private isHomeAtEnd = false;
  private isOver = false;
  private isFlushing = false;
  private wanted = EVERYTHING;
  private isCaughtUp = false;

  constructor(parts: BucketReadsParts) {
    this.parts = parts;
    this.merge = this.newMerge();
  }

  laidOut(layout: Layout, readStamp: number): void {
    this.layout = layout;
    this.readStamp = Math.max(this.readStamp, readStamp);
    this.advance();
  }

  /** From now on only these. A later call names a higher generation. */
  want(share: BucketShare): void {
    this.wanted = share;
  }

  /** Everything of the generations before `pushed` has gone to the client; and of that one what waited in it. */
  get progress(): { readonly pushed: number; readonly isCaughtUp: boolean } {
    const { through } = this.wanted;
    const newest = this.layout.generations.at(-1)?.number ?? 0;
    const isPast = newest >= through && this.reading <= through && this.isReadToItsEnd(this.reading) && this.next === undefined;
    return isPast ? { pushed: through + 1, isCaughtUp: false } : { pushed: Math.max(0, this.reading), isCaughtUp: this.isCaughtUp };
  }

  /** The user’s own inbox has been pushed to its end and takes nothing more. */
  homeEnded(): void {
    this.isHomeAtEnd = true;
    this.advance();
  }

  /** Another session reads the inbox: what is open stays for acknowledgements, nothing more is opened. */
  replaced(): void {
    this.end();
  }

  grant(bytes: number): void {
    let left = bytes;
    for (const read of this.reads.values()) {
      if (read.debt === 0 || read.isAtEnd) continue;
      read.subscription?.grant(read.debt);
      left -= read.debt;
      read.debt = 0;
    }
    if (this.reading <= 0) this.parts.home.grant(Math.max(0, left));
    else this.share(left);
  }

  acknowledge(cursor: InboxCursor): void {
    if (cursor.bucket === 0) {
      this.parts.home.acknowledge(cursor);
      return;
    }
    const read = this.reads.get(cursor.bucket);
    if (read === undefined && generationOf(cursor.bucket) > this.reading) this.parts.cursors.note(cursor);
    read?.subscription?.acknowledge({ ...cursor, bucket: 0 });
    if (read?.isDoneAt(cursor) === true) this.closeRead(read);
  }

  remove(bucket: number, position: number): void {
    if (bucket === 0) {
      this.parts.home.remove(bucket, position);
      return;
    }
    const read = this.reads.get(bucket);
    read?.subscription?.remove(0, position);
    if (read?.isDoneWithout(position) === true) this.closeRead(read);
  }

  /** To every owner that may hold messages of this sender: each believes it of what it has had. */
  markRead(messages: ReadMessages): void {
    this.parts.home.markRead(messages);
    const sender = Buffer.from(messages.sender);
    for (const generation of this.layout.generations) {
      if (generation.number === 0) continue;
      const index = bucketOfSender(sender, generation.salts.length);
      this.reads.get(bucketNumber(generation.number, index))?.subscription?.markRead(messages);
    }
  }

  /** Statuses of what this user sent are kept at the home. */
  askStatus(device: Uint8Array, recipient: Uint8Array): void {
    this.parts.home.askStatus(device, recipient);
  }

  /** With `flush` the buckets become durable first, the user’s own inbox last: its answer ends the session. */
  detach({ flush }: { flush: boolean }): void {
    this.end();
    this.isFlushing = flush;
    if (flush) this.openAcknowledged();
    for (const read of this.reads.values()) if (!flush || !read.isClosing) read.subscription?.detach({ flush });
    if (!flush || this.reads.size === 0) this.parts.home.detach({ flush });
  }

  arrived(push: BucketPush): void {
    if (this.isOver) return;
    const { read, buffer, start, end } = push;
    const place = { turn: 0, stamp: envelopeStamp(buffer, start) };
    if (this.merge.passes(read.stream, place)) this.give(push);
    else this.merge.offer(read.stream, place, { ...push, buffer: Buffer.from(buffer.subarray(start, end)), start: 0, end: end - start });
  }

  gap(gap: InboxGap): void {
    this.parts.subscriber.gap(gap);
  }

  resumed(): void {
    this.parts.subscriber.resumed();
  }

  caughtUp(read: BucketRead): void {
    this.merge.caughtUp(read.stream);
    this.noteCaughtUp();
    this.advance();
  }

  /** Another session reads it, or what was acknowledged of it is durable. */
  ended(read: BucketRead, reason: 'replaced' | 'flushed'): void {
    if (reason === 'replaced') {
      this.parts.subscriber.ended('replaced');
      return;
    }
    this.reads.delete(read.bucket);
    if (this.isFlushing && this.reads.size === 0) this.parts.home.detach({ flush: true });
  }

  private give(push: BucketPush): void {
    const { read, position, firstIndex, buffer, start, end } = push;
    read.given(push);
    this.parts.subscriber.pushed({ bucket: read.bucket, position, firstIndex }, buffer, start, end);
    if (!this.isCaughtUp) this.noteCaughtUp();
    if (read.isAtEnd) this.advance();
  }

  private noteCaughtUp(): void {
    if (this.isCaughtUp || !this.merge.isDone) return;
    this.isCaughtUp = true;
    this.parts.progressed();
  }

  /** What has not gone to the client stays in its bucket. */
  private end(): void {
    this.isOver = true;
    this.merge.stop();
  }

  private newMerge(): StampMerge<BucketPush> {
    return new StampMerge({ clock: this.parts.clock, emit: (push) => this.give(push) });
  }

  private advance(): void {
    while (!this.isOver && this.isReadToItsEnd(this.reading)) {
      const { next } = this;
      if (next === undefined) break;
      this.closeAcknowledged();
      this.reading = next.number;
      if (next.number > 0) this.open(next);
    }
    if (!this.isOver) this.parts.progressed();
  }

  private get next(): Generation | undefined {
    return this.layout.generations.find(({ number, isDrained }) => number > this.reading && number <= this.wanted.through && !isDrained);
  }

  private isReadToItsEnd(generation: number): boolean {
    if (generation < 0) return true;
    if (generation === 0) return this.isHomeAtEnd;
    return [...this.reads.values()].every((read) => generationOf(read.bucket) !== generation || read.isAtEnd);
  }

  private open(generation: Generation): void {
    const { pushWindow, user } = this.parts;
    const { share, shares } = this.wanted;
    const inboxes = [...inboxesOf(user, generation).entries()].filter(([index]) => index % shares === share);
    const shareOf = () => Math.max(BUCKET_CREDIT_BYTES_MIN, Math.floor(pushWindow.creditBytes / inboxes.length));
    const credit = {
      get creditBytes() {
        return shareOf();
      },
    };
    pushWindow.dividedBy(Math.max(1, inboxes.length));
    this.merge = this.newMerge();
    this.isCaughtUp = false;
    for (const [index, inbox] of inboxes) this.openBucket(bucketNumber(generation.number, index), inbox, credit);
    this.noteCaughtUp();
  }

  private openBucket(bucket: number, inbox: Buffer, credit: { readonly creditBytes: number }): void {
    const { feed, router, cursors, isSelective } = this.parts;
    const read = new BucketRead(this, { bucket, stream: this.merge.open(bucket), isSelective });
    this.reads.set(bucket, read);
    const cursor = cursors.of(bucket);
    const known = cursor === undefined ? [] : [{ ...cursor, bucket: 0 }];
    const options = { address: router.ownerOf(inbox), user: inbox, cursors: known, credit, isSelective, takesEphemerals: false };
    read.subscription = feed.attach({ ...options, loginStamp: this.readStamp, yieldsToLater: true }, read);
  }

  /** What the client came with is acknowledged also in buckets that were not read again; nothing of them is pushed. */
  private openAcknowledged(): void {
    for (const generation of this.layout.generations) {
      inboxesOf(this.parts.user, generation).forEach((inbox, index) => {
        const bucket = bucketNumber(generation.number, index);
        const isUnread = generation.number > this.reading && !this.reads.has(bucket);
        if (isUnread && this.parts.cursors.of(bucket) !== undefined) this.openBucket(bucket, inbox, { creditBytes: 0 });
      });
    }
  }

  /** Spreads credit over the buckets that are read. */
  private share(bytes: number): void {
    const live = [...this.reads.values()].filter((read) => generationOf(read.bucket) === this.reading && !read.isAtEnd);
    const each = Math.floor(bytes / Math.max(1, live.length));
    if (each > 0) for (const read of live) read.subscription?.grant(each);
  }

  private closeAcknowledged(): void {
    for (const read of this.reads.values()) if (read.isDone) this.closeRead(read);
  }

  private closeRead(read: BucketRead): void {
    if (read.isClosing || (generationOf(read.bucket) === this.reading && !this.isReadToItsEnd(this.reading))) return;
    // Its last acknowledgement may still wait for a link: it is gone when that is durable.
    read.isClosing = true;
    read.subscription?.detach({ flush: true });
  }
}
