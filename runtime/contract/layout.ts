import { bucketName, bucketOfSender } from './bucket-name.ts';

/**
 * The buckets of a promoted inbox, oldest generation first; the last one takes messages, the others are sealed or about to be. Generation
 * 0 has no salts: it is the inbox of the user itself. An empty layout says that nothing is known of the user.
 */
export interface Layout {
  readonly generations: readonly Generation[];
}

export interface Generation {
  readonly number: number;
  /** Takes no more messages, on every one of its owners. */
  readonly isSealed: boolean;
  /** Sealed and read to its end: kept for what is known of its senders. */
  readonly isDrained: boolean;
  /** Opened because of load, and closed again without it; else by an operator. */
  readonly isAutomatic: boolean;
  /** Milliseconds since 1970; 0 while it is not sealed. */
  readonly sealedAtMs: number;
  /** One a bucket: what makes its name fall to its owner. */
  readonly salts: readonly number[];
}

/** Which of so many buckets a sender’s messages go to. */
export type BucketOf = (sender: Uint8Array, count: number) => number;

/** The inboxes that hold a generation, by bucket. */
export function inboxesOf(user: Buffer, { number, salts }: Generation): Buffer[] {
  return number === 0 ? [user] : salts.map((salt, index) => bucketName(user, number, index, salt));
}

/** The inbox that holds what `sender` wrote in this generation. */
export function inboxOfSender(
  user: Buffer,
  { number, salts }: Generation,
  sender: Uint8Array,
  bucketOf: BucketOf = bucketOfSender,
): Buffer {
  if (number === 0) return user;
  const index = bucketOf(sender, salts.length);
  return bucketName(user, number, index, salts[index] as number);
}
