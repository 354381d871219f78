import type { StoredMark } from './inbox-store.ts';

/** How a bucket stands at its owner. */
export interface BucketReport {
  /** It takes no more messages, whatever happens. */
  readonly isSealed: boolean;
  /** Everything in it is acknowledged. */
  readonly isEmpty: boolean;
  /** Messages a second that it took lately. */
  readonly messagesPerSecond: number;
}

/** What is known of senders in the generations before one: `inbox` is the user’s, `keys` are rows of any of its buckets. */
export interface MarkQuestion {
  readonly inbox: Buffer;
  /** Looks through the generations below this one, the newest first; 0 asks for `inbox` alone, which is sealed by that. */
  readonly below: number;
  /** `markKeyOf`; the answers stand in the same order. */
  readonly keys: readonly string[];
}

/** What owners of buckets ask each other. Undefined when no answer comes within BUCKET_QUERY_TIMEOUT_MS. */
export interface BucketOwners {
  bucket(address: string, inbox: Buffer, options: { seal: boolean }): Promise<BucketReport | undefined>;
  finalMarks(address: string, question: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined>;
}
