import { bucketNumber, bucketOfSender, generationOf } from '../contract/bucket-name.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import { type Generation, inboxesOf, type Layout } from '../contract/layout.ts';
import { BUCKET_CREDIT_BYTES_MIN } from '../contract/limits.ts';
import type { InboxCursor, InboxFeed, InboxSubscriber, InboxSubscription, ReadMessages } from '../ports/inbox-feed.ts';
import type { MessageRouter } from '../ports/message-router.ts';
import { envelopeCount } from '../wire/envelope.ts';
import type { PushWindow } from './push-window.ts';

export interface BucketReadsParts {
  /** The read of the user’s own inbox: generation 0, and the place that knows of the others. */
  readonly home: InboxSubscription;
  readonly feed: InboxFeed;
  readonly router: MessageRouter;
  readonly pushWindow: PushWindow;
  readonly user: Buffer;
  /** What the application had when it logged in. */
  readonly cursors: readonly InboxCursor[];
  readonly isSelective: boolean;
  /** The session. */
  readonly subscriber: InboxSubscriber;
}

/**
 * One session’s read of a promoted inbox: generation after generation, and within one all buckets at once. The next generation is opened
 * when the last one has been pushed to its end on every bucket, so a sender’s later messages never pass its earlier ones (L3). The newest
 * stays open. The session’s credit is shared by the buckets of the generation that is read; each may pass its share by one envelope.
 */
export class BucketReads implements InboxSubscription {
  private readonly parts: BucketReadsParts;
  private readonly reads = new Map<number, BucketRead>();
  private layout: Layout = { generations: [] };
  private readStamp = 0;
  /** Number of the generation that is read; the ones before it are read to their end. */
  private reading = -1;
  private isHomeAtEnd = false;
  private isOver = false;
  private isFlushing = false;

  constructor(parts: BucketReadsParts) {
    this.parts = parts;
  }

  laidOut(layout: Layout, readStamp: number): void {
    this.layout = layout;
    this.readStamp = Math.max(this.readStamp, readStamp);
    this.advance();
  }

  /** The user’s own inbox has been pushed to its end and takes nothing more. */
  homeEnded(): void {
    this.isHomeAtEnd = true;
    this.advance();
  }

  /** Another session reads the inbox: what is open stays for acknowledgements, nothing more is opened. */
  replaced(): void {
    this.isOver = true;
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
    this.isOver = true;
    this.isFlushing = flush;
    if (flush) this.openAcknowledged();
    for (const read of this.reads.values()) if (!flush || !read.isClosing) read.subscription?.detach({ flush });
    if (!flush || this.reads.size === 0) this.parts.home.detach({ flush });
  }

  /** For a bucket’s read. */
  pushed(at: { bucket: number; position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void {
    this.parts.subscriber.pushed(at, buffer, start, end);
  }

  /** For a bucket’s read. */
  gap(gap: InboxGap): void {
    this.parts.subscriber.gap(gap);
  }

  /** For a bucket’s read. */
  resumed(): void {
    this.parts.subscriber.resumed();
  }

  /** For a bucket’s read. */
  readToItsEnd(): void {
    this.advance();
  }

  /** For a bucket’s read: another session reads it, or what was acknowledged of it is durable. */
  readEnded(read: BucketRead, reason: 'replaced' | 'flushed'): void {
    if (reason === 'replaced') {
      this.parts.subscriber.ended('replaced');
      return;
    }
    this.reads.delete(read.bucket);
    if (this.isFlushing && this.reads.size === 0) this.parts.home.detach({ flush: true });
  }

  private advance(): void {
    while (!this.isOver && this.isReadToItsEnd(this.reading)) {
      const next = this.layout.generations.find(({ number, isDrained }) => number > this.reading && !isDrained);
      if (next === undefined) return;
      this.closeAcknowledged();
      this.reading = next.number;
      if (next.number > 0) this.open(next);
    }
  }

  private isReadToItsEnd(generation: number): boolean {
    if (generation < 0) return true;
    if (generation === 0) return this.isHomeAtEnd;
    return [...this.reads.values()].every((read) => generationOf(read.bucket) !== generation || read.isAtEnd);
  }

  private open(generation: Generation): void {
    const { pushWindow, user } = this.parts;
    const inboxes = inboxesOf(user, generation);
    const shareOf = () => Math.max(BUCKET_CREDIT_BYTES_MIN, Math.floor(pushWindow.creditBytes / inboxes.length));
    const credit = {
      get creditBytes() {
        return shareOf();
      },
    };
    pushWindow.dividedBy(inboxes.length);
    for (const [index, inbox] of inboxes.entries()) this.openBucket(bucketNumber(generation.number, index), inbox, credit);
  }

  private openBucket(bucket: number, inbox: Buffer, credit: { readonly creditBytes: number }): void {
    const { feed, router, cursors, isSelective } = this.parts;
    const read = new BucketRead(this, bucket, isSelective);
    this.reads.set(bucket, read);
    const known = cursors.flatMap((cursor) => (cursor.bucket === bucket ? [{ ...cursor, bucket: 0 }] : []));
    const options = { address: router.ownerOf(inbox), user: inbox, cursors: known, credit, isSelective, takesEphemerals: false };
    read.subscription = feed.attach({ ...options, loginStamp: this.readStamp, yieldsToLater: true }, read);
  }

  /** What the client came with is acknowledged also in buckets that were not read again; nothing of them is pushed. */
  private openAcknowledged(): void {
    const named = new Set(this.parts.cursors.map((cursor) => cursor.bucket));
    for (const generation of this.layout.generations) {
      inboxesOf(this.parts.user, generation).forEach((inbox, index) => {
        const bucket = bucketNumber(generation.number, index);
        const isUnread = generation.number > this.reading && !this.reads.has(bucket);
        if (isUnread && named.has(bucket)) this.openBucket(bucket, inbox, { creditBytes: 0 });
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

/** The read of one bucket. */
class BucketRead implements InboxSubscriber {
  readonly bucket: number;
  subscription: InboxSubscription | undefined;
  /** Bytes pushed since it was last granted credit. */
  debt = 0;
  /** Read and acknowledged; its owner makes that durable. */
  isClosing = false;
  /** Pushed to its end: nothing will ever follow. */
  isAtEnd = false;
  private readonly owner: BucketReads;
  private readonly open: Set<number> | undefined;
  private last: { readonly position: number; readonly index: number } | undefined;
  private isAcknowledged = true;

  constructor(owner: BucketReads, bucket: number, isSelective: boolean) {
    this.owner = owner;
    this.bucket = bucket;
    this.open = isSelective ? new Set() : undefined;
  }

  pushed(at: { position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void {
    this.debt += end - start;
    this.last = { position: at.position, index: envelopeCount(buffer, start) - 1 };
    this.isAcknowledged = false;
    this.open?.add(at.position);
    this.owner.pushed({ bucket: this.bucket, position: at.position, firstIndex: at.firstIndex }, buffer, start, end);
  }

  gap(gap: InboxGap): void {
    this.owner.gap({ ...gap, bucket: this.bucket });
  }

  /** A bucket has no buckets, and sends nothing whose status could grow. */
  laidOut(): void {}

  statusGrown(): void {}

  /** Those go to the user’s own inbox. */
  handed(): void {}

  /** What was read may not have been told. */
  resumed(): void {
    this.owner.resumed();
  }

  caughtUp(isEnd: boolean): void {
    if (!isEnd || this.isAtEnd) return;
    this.isAtEnd = true;
    this.owner.readToItsEnd();
  }

  ended(reason: 'replaced' | 'flushed'): void {
    this.owner.readEnded(this, reason);
  }

  /** Everything has been pushed and acknowledged. */
  get isDone(): boolean {
    return this.isAtEnd && this.isAcknowledged;
  }

  isDoneAt(cursor: InboxCursor): boolean {
    const { last } = this;
    if (last !== undefined && cursor.position === last.position && cursor.index >= last.index) this.isAcknowledged = true;
    return this.isDone;
  }

  isDoneWithout(position: number): boolean {
    this.open?.delete(position);
    if (this.open?.size === 0) this.isAcknowledged = true;
    return this.isDone;
  }
}
