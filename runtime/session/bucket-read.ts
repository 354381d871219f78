import type { InboxGap } from '../contract/inbox-gap.ts';
import type { MergeStream } from '../follow/stamp-merge.ts';
import type { InboxCursor, InboxSubscriber, InboxSubscription } from '../ports/inbox-feed.ts';
import { envelopeCount } from '../wire/envelope.ts';

/** An envelope of a bucket, on its way to the client. */
export interface BucketPush {
  readonly read: BucketRead;
  readonly position: number;
  readonly firstIndex: number;
  /** `buffer[start … end)`. */
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Who reads all buckets of a generation. */
export interface BucketReader {
  arrived(push: BucketPush): void;
  gap(gap: InboxGap): void;
  resumed(): void;
  /** What was stored has been pushed. */
  caughtUp(read: BucketRead): void;
  ended(read: BucketRead, reason: 'replaced' | 'flushed'): void;
}

/** The read of one bucket. */
export class BucketRead implements InboxSubscriber {
  readonly bucket: number;
  /** What has arrived and waits for older envelopes of other buckets. */
  readonly stream: MergeStream<BucketPush>;
  subscription: InboxSubscription | undefined;
  /** Bytes given to the client since it was last granted credit. */
  debt = 0;
  /** Read and acknowledged; its owner makes that durable. */
  isClosing = false;
  /** Everything stored at the attach has arrived. */
  isCaughtUp = false;
  /** Nothing will ever follow what has arrived. */
  private isEnded = false;
  private readonly owner: BucketReader;
  private readonly open: Set<number> | undefined;
  private arrivedThrough = 0;
  private last: { readonly position: number; readonly index: number } | undefined;
  private isAcknowledged = true;

  constructor(
    owner: BucketReader,
    { bucket, stream, isSelective }: { bucket: number; stream: MergeStream<BucketPush>; isSelective: boolean },
  ) {
    this.owner = owner;
    this.bucket = bucket;
    this.stream = stream;
    this.open = isSelective ? new Set() : undefined;
  }

  /** Passes over what is here already: its link starts again from what it has seen accepted. */
  pushed(at: { position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void {
    if (at.position <= this.arrivedThrough && this.stream.length > 0) return;
    this.arrivedThrough = at.position;
    this.owner.arrived({ read: this, position: at.position, firstIndex: at.firstIndex, buffer, start, end });
  }

  /** It goes to the client now. */
  given({ position, buffer, start, end }: BucketPush): void {
    this.debt += end - start;
    this.last = { position, index: envelopeCount(buffer, start) - 1 };
    this.isAcknowledged = false;
    this.open?.add(position);
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
    if (this.isCaughtUp && (!isEnd || this.isEnded)) return;
    this.isCaughtUp = true;
    this.isEnded ||= isEnd;
    this.owner.caughtUp(this);
  }

  ended(reason: 'replaced' | 'flushed'): void {
    this.owner.ended(this, reason);
  }

  /** Everything it will ever hold has gone to the client. */
  get isAtEnd(): boolean {
    return this.isEnded && this.stream.length === 0;
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
