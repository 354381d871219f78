import { phash2 } from './phash2.ts';

/**
 * A bucket of a promoted inbox is an inbox of its own, whose name is `user 00 generation.index.salt`: a user’s own name holds no 00, so
 * the two never meet. Whatever treats inboxes treats buckets alike.
 */
export interface BucketName {
  readonly user: Buffer;
  readonly generation: number;
  readonly index: number;
}

const SEPARATOR = 0x00;

export function bucketName(user: Uint8Array, generation: number, index: number, salt: number): Buffer {
  return Buffer.concat([user, Buffer.from(`\0${generation}.${index}.${salt}`, 'latin1')]);
}

export function isBucketName(inbox: Uint8Array): boolean {
  return inbox.indexOf(SEPARATOR) >= 0;
}

/** What a bucket’s name says; undefined for a user’s own inbox and for what `bucketName` never made. */
export function readBucketName(inbox: Buffer): BucketName | undefined {
  const end = inbox.indexOf(SEPARATOR);
  if (end < 0) return undefined;
  const parts = /^(\d{1,5})\.(\d{1,5})\.(\d{1,10})$/.exec(inbox.toString('latin1', end + 1));
  if (parts === null) return undefined;
  return { user: inbox.subarray(0, end), generation: Number(parts[1]), index: Number(parts[2]) };
}

/** The user whose inbox or bucket this is; a view. */
export function userOfInbox(inbox: Buffer): Buffer {
  const end = inbox.indexOf(SEPARATOR);
  return end < 0 ? inbox : inbox.subarray(0, end);
}

/** The same of a name that is one byte a character. */
export function userTextOfInbox(inbox: string): string {
  const end = inbox.indexOf('\0');
  return end < 0 ? inbox : inbox.slice(0, end);
}

/** What cursors and message ids call a bucket; generation 0 is the inbox of the user itself, bucket 0. */
export function bucketNumber(generation: number, index: number): number {
  return generation * 0x1_0000 + index;
}

export function generationOf(bucket: number): number {
  return bucket >>> 16;
}

/** By the sender, so that its messages keep their order and its batches stay whole (L3). */
export function bucketOfSender(sender: Uint8Array, count: number): number {
  return phash2(sender) % count;
}
