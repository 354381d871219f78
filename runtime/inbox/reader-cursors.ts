import { GapReason, type InboxGap } from '../contract/inbox-gap.ts';
import type { InboxCursor } from '../ports/inbox-feed.ts';

/** Until an inbox is promoted, everything is in bucket 0. */
export const FIRST_BUCKET = 0;

/** What most attachments have, of which there are as many as users online. */
const NO_CURSORS: readonly InboxCursor[] = [];
export const NOTHING_YET: InboxCursor = { bucket: FIRST_BUCKET, position: 0, index: 0 };

export function ofFirstBucket(cursors: readonly InboxCursor[]): readonly InboxCursor[] {
  return cursors.length === 0 ? NO_CURSORS : cursors.filter((cursor) => cursor.bucket === FIRST_BUCKET);
}

export function isAfter(a: InboxCursor, b: InboxCursor): boolean {
  return a.position > b.position || (a.position === b.position && a.index > b.index);
}

/** What a cursor of another log covers, nobody here can say. */
export function unknownGap({ bucket, position }: InboxCursor): InboxGap {
  return { bucket, from: position, through: position, messages: 0, firstStamp: 0, lastStamp: 0, reason: GapReason.otherLog };
}
