/** An envelope at its place in a log. */
export interface StoredEnvelope {
  readonly position: number;
  readonly envelope: Buffer;
  /** Messages before it are acknowledged; 0 for a whole envelope. */
  readonly firstIndex: number;
}

/** Highest sequence stored, and ranges below it that may still come: after `from`, up to `to`. */
export interface StoredMark {
  readonly high: number;
  readonly holes: readonly { readonly from: number; readonly to: number }[];
}

/** An envelope that waits for its predecessor. */
export interface StoredParked {
  readonly markKey: string;
  readonly envelope: Buffer;
  readonly parkedAtMs: number;
}

export interface PageLimits {
  readonly envelopesMax: number;
  readonly bytesMax: number;
}

/** Changes that become visible and durable together. */
export interface StoreBatch {
  readonly isEmpty: boolean;
  appendInbox(user: Buffer, bucket: number, position: number, envelope: Buffer): void;
  appendOutbox(group: string, position: number, envelope: Buffer): void;
  /** What is known of a sender’s device to a recipient (L2). `key` is `markKeyOf(envelope)`. */
  mark(key: string, mark: StoredMark, nowMs: number): void;
  /** Keeps an envelope that waits for its predecessor. */
  park(parked: StoredParked): void;
  unpark(parked: StoredParked): void;
  removeInbox(user: Buffer, bucket: number, position: number): void;
  /** Forgets everything before the cursor’s envelope, and of that one the messages up to `index`: all of it when `index` is its last. */
  trimInbox(user: Buffer, bucket: number, cursor: { position: number; index: number }): void;
  removeOutbox(group: string, position: number): void;
  setLastSeen(user: Buffer, seconds: number): void;
}

/**
 * Inboxes, outboxes and sequence marks of one core. One process at a time. A batch is all or nothing; batches apply in the order of
 * `commit` calls; a read sees every batch whose commit has resolved. Rejects with STORE_FAILED and then keeps what it had.
 */
export interface InboxStore {
  /** Lowest position that was never given out, so that positions grow over restarts. */
  readonly firstPosition: number;
  /** Makes positions below `position` count as given out. Durable with the next synced commit. */
  reservePositions(position: number): void;
  batch(): StoreBatch;
  /** With `sync` it resolves after the bytes are on the disk (D2), else after the system has them (D1). */
  commit(batch: StoreBatch, options: { sync: boolean }): Promise<void>;
  /** Envelopes after `position`, ascending; fewer than the limits only at the end. */
  readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]>;
  readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]>;
  /** Groups whose outbox is not empty. */
  outboxGroups(): Promise<string[]>;
  readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]>;
  /** Everything parked. */
  readParked(): Promise<StoredParked[]>;
  readLastSeen(user: Buffer): Promise<number | undefined>;
  /** Deletes sequence marks older than `beforeMs`; resolves to how many. */
  expireMarks(beforeMs: number): Promise<number>;
  close(): Promise<void>;
}
