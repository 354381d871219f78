import type { InboxCursor } from '../ports/inbox-feed.ts';
import { CURSORS_MAX } from '../wire/v2/hello.ts';

/**
 * What a client has of buckets that are not read here yet, the latest of each: as its login said, and as it acknowledged since. Such a bucket is
 * read from there, or the acknowledgement would be lost with the connection on which the messages came (L2, L6).
 */
export class BucketCursors {
  private readonly cursors = new Map<number, InboxCursor>();

  constructor(cursors: readonly InboxCursor[]) {
    for (const cursor of cursors) this.note(cursor);
  }

  /** A login names as many buckets at the most; beyond it the acknowledgement counts as lost, and its messages come again. */
  note(cursor: InboxCursor): void {
    const { bucket } = cursor;
    if (bucket !== 0 && (this.cursors.has(bucket) || this.cursors.size < CURSORS_MAX)) this.cursors.set(bucket, cursor);
  }

  of(bucket: number): InboxCursor | undefined {
    return this.cursors.get(bucket);
  }

  get isEmpty(): boolean {
    return this.cursors.size === 0;
  }
}
