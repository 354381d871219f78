import type { KeyBytes } from '../contract/key-table.ts';

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

/** What records are about; the numbers are stored and never reused. */
export const RecordKind = {
  /** At a user’s home: the buckets of an inbox that was promoted. */
  layout: 1,
  /** At the owner of one bucket: whose it is, and whether it still takes messages. */
  bucket: 2,
  /** At a user’s slot owner: that the user lives elsewhere. */
  home: 3,
  /** At a new owner: that a user has been fetched, and with which version of the slot map. */
  fetched: 4,
  /** By place: an envelope that its handler failed on. */
  deadLetter: 5,
  /** What is missing from a user’s inbox and not yet acknowledged. */
  gap: 8,
  /** Of nobody: when positions were given out. */
  positionTimes: 9,
  /** At a user’s home: who may see whether it is online. */
  audience: 10,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** One small thing known of a user. */
export interface StoredRecord {
  readonly user: Buffer;
  readonly value: Buffer;
}

/** Hears of everything kept of users; what it does not ask for is not read. Names are one byte a character. */
export interface StoreSurvey {
  /** A user with envelopes in bucket 0. */
  inbox(user: string): void;
  /** One of the user’s other buckets, with envelopes. */
  bucket?(user: string, bucket: number): void;
  /** Never for a mark of 0, which stands for one that was taken away. */
  mark?(key: string, mark: StoredMark, timeMs: number): void;
  /** Never for 0 seconds, the same. */
  seen?(user: string, seconds: number): void;
  /** Asked every now and then among marks and times: no more are told until it resolves. */
  rest?(): Promise<void>;
}

/** What a store that has looked at its inboxes tells of one. */
export function tellInbox(survey: StoreSurvey, user: string, bucket: number): void {
  if (bucket === 0) survey.inbox(user);
  else survey.bucket?.(user, bucket);
}

export interface PageLimits {
  readonly envelopesMax: number;
  readonly bytesMax: number;
}

/** What an inbox or an outbox may hold: at either figure it is full. */
export interface RowBounds {
  readonly envelopesMax: number;
  readonly bytesMax: number;
}

export interface StoreBounds {
  readonly inbox: RowBounds;
  readonly outbox: RowBounds;
}

/** What waits in a store; an inbox or outbox without envelopes is none. */
export interface StoreCounts {
  readonly inboxes: number;
  readonly inboxEnvelopes: number;
  /** Envelopes by the group that they are for. */
  readonly outboxes: Readonly<Record<string, number>>;
  /** Envelopes that wait for their predecessor. */
  readonly parked: number;
}

/** How full a store is, for who watches it; NaN where a store has no such thing. */
export interface StoreUsage {
  /** Of what may wait in all inboxes and outboxes; at 1 it is full. */
  readonly waitingShare: number;
  /** Of what an engine’s rows may lack; at 1 commits wait. */
  readonly behindShare: number;
  /** Blocks of the log that were asked for since it was opened, and those of them that memory had; of an engine’s store pages, marks and records. */
  readonly cache: CacheUse;
}

export interface CacheUse {
  readonly asked: number;
  readonly hits: number;
}

/** Of a store without a cache. */
export const NO_CACHE: CacheUse = { asked: 0, hits: 0 };

/** An inbox that is appended to again and again: its store keeps here where it found it. Of one owner and its store. */
export class InboxHandle {
  /** One byte a character. */
  readonly name: string;
  /** The store’s own, checked before it is used. */
  found: object | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

/** Changes that become visible and durable together. */
export interface StoreBatch {
  readonly isEmpty: boolean;
  appendInbox(user: Buffer, bucket: number, position: number, envelope: Buffer): void;
  /** The same for the inbox that the envelope names, bucket 0; `handle` is that inbox’s. */
  appendToRecipient(position: number, envelope: Buffer, handle?: InboxHandle): void;
  appendOutbox(group: string, position: number, envelope: Buffer): void;
  /** What is known of a sender’s device to a recipient (L2). `key` is `markKeyOf(envelope)`. */
  mark(key: string, mark: StoredMark, nowMs: number): void;
  /** The same where the key is at hand as bytes, which are copied. */
  markRow(key: KeyBytes, high: number, holes: StoredMark['holes'], nowMs: number): void;
  /** Keeps an envelope that waits for its predecessor. */
  park(parked: StoredParked): void;
  unpark(parked: StoredParked): void;
  removeInbox(user: Buffer, bucket: number, position: number): void;
  /** Forgets everything before the cursor’s envelope, and of that one the messages up to `index`: all of it when `index` is its last. */
  trimInbox(user: Buffer, bucket: number, cursor: { position: number; index: number }): void;
  removeOutbox(group: string, position: number): void;
  setLastSeen(user: Buffer, seconds: number): void;
  /** Keeps `value` for the user in the place of what was kept for it, until it is removed. Each costs about 340 bytes of memory. */
  setRecord(kind: RecordKind, user: Buffer, value: Buffer): void;
  removeRecord(kind: RecordKind, user: Buffer): void;
}

/**
 * Inboxes, outboxes and sequence marks of one core. One process at a time. A batch is all or nothing; batches apply in the order of
 * `commit` calls; a read sees every batch whose commit has resolved. Rejects with STORE_FAILED and then keeps what it had.
 */
export interface InboxStore {
  /** Class of what a synced commit has written, as `wire/durability.ts` numbers them: what senders are told (L1). */
  readonly durability: number;
  /** Lowest position that was never given out, so that positions grow over restarts. */
  readonly firstPosition: number;
  /** True when the store as a whole takes no more envelopes; what only removes is always taken. */
  readonly isFull: boolean;
  readonly usage: StoreUsage;
  /** True when some inbox or outbox holds as much as its StoreBounds say. Costs nothing to ask, unlike which. */
  readonly hasFullRows: boolean;
  isInboxFull(user: Buffer, bucket: number): boolean;
  isOutboxFull(group: string): boolean;
  /** Makes positions below `position` count as given out. Durable with the next synced commit. */
  reservePositions(position: number): void;
  batch(): StoreBatch;
  /** With `sync` it resolves after the bytes are on the disk (D2), else after the system has them (D1). */
  commit(batch: StoreBatch, options: { sync: boolean }): Promise<void>;
  /** Envelopes after `position`, ascending; fewer than the limits only at the end. */
  readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]>;
  readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]>;
  /** Users with an envelope below `position` in bucket 0; `undefined` now and then, so that the caller may let others run. */
  inboxesBefore(position: number): Iterable<Buffer | undefined>;
  counts(): Promise<StoreCounts>;
  /** Groups whose outbox is not empty. */
  outboxGroups(): Promise<string[]>;
  readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]>;
  /** Everything parked. */
  readParked(): Promise<StoredParked[]>;
  readLastSeen(user: Buffer): Promise<number | undefined>;
  readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined>;
  /** All records of one kind, in no order. */
  readRecords(kind: RecordKind): Promise<StoredRecord[]>;
  /** Tells everything kept of users, in no order; what is committed meanwhile may be told or not. For moves: it reads all marks. */
  survey(survey: StoreSurvey): Promise<void>;
  /** Deletes sequence marks older than `beforeMs`; resolves to how many. */
  expireMarks(beforeMs: number): Promise<number>;
  close(): Promise<void>;
}
