import type { PageLimits, RecordKind, StoredEnvelope, StoredMark, StoredParked, StoredRecord, StoreSurvey } from './inbox-store.ts';

/** Which batch of the group’s log: of two, the one of the higher epoch came later, then the one of the higher number. */
export interface BatchId {
  /** Of the owner that committed it. */
  readonly epoch: number;
  /** It grows by one with each batch of the group, over all epochs. */
  readonly number: number;
}

/** How far a group’s rows follow its log: everything up to this batch is in them. */
export interface Checkpoint extends BatchId {
  /** The lowest position that no batch so far has given out. */
  readonly nextPosition: number;
  /** Offset of the log entry that follows. */
  readonly offset: number;
}

/** One bucket of one user’s inbox, in one group. */
export interface InboxKey {
  readonly user: Buffer;
  readonly bucket: number;
}

/**
 * What waits in an inbox, kept beside it so that nobody has to count. Envelopes lie in chunks, numbered upwards, so that no partition of the store
 * grows without bound; the owner says with each envelope in which.
 */
export interface InboxSummary extends InboxKey {
  /** At least as many as there are; exact when 0. */
  readonly envelopes: number;
  readonly bytes: number;
  /** No envelope lies before it. */
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly firstChunk: number;
  readonly lastChunk: number;
  /** Bytes in the last chunk. */
  readonly lastChunkBytes: number;
  /** Number of the batch that made it so; a replay of older ones must not count again. */
  readonly number: number;
}

/** One change of the rows; doing it again changes nothing. */
export type RowChange =
  | {
      readonly kind: 'envelope';
      readonly inbox: InboxKey;
      readonly chunk: number;
      readonly position: number;
      readonly envelope: Buffer;
      /** How many it holds. */
      readonly messages: number;
    }
  | { readonly kind: 'no-envelope'; readonly inbox: InboxKey; readonly chunk: number; readonly position: number }
  /** Takes out everything before `position` in each chunk from `firstChunk` to `chunk`; no apply puts back what it trims. */
  | { readonly kind: 'trim'; readonly inbox: InboxKey; readonly firstChunk: number; readonly chunk: number; readonly position: number }
  /** Of an envelope that is there the messages up to `index` are read. */
  | { readonly kind: 'read'; readonly inbox: InboxKey; readonly chunk: number; readonly position: number; readonly index: number }
  /** With 0 envelopes the summary goes away. */
  | { readonly kind: 'summary'; readonly summary: InboxSummary }
  | { readonly kind: 'outgoing'; readonly group: string; readonly position: number; readonly envelope: Buffer }
  | { readonly kind: 'no-outgoing'; readonly group: string; readonly position: number }
  | { readonly kind: 'mark'; readonly key: string; readonly mark: StoredMark; readonly timeMs: number }
  | { readonly kind: 'parked'; readonly parked: StoredParked }
  | { readonly kind: 'not-parked'; readonly parked: StoredParked }
  | { readonly kind: 'seen'; readonly user: Buffer; readonly seconds: number }
  | { readonly kind: 'record'; readonly record: RecordKind; readonly user: Buffer; readonly value: Buffer }
  | { readonly kind: 'no-record'; readonly record: RecordKind; readonly user: Buffer };

/** Where in an inbox to read. */
export interface InboxRange {
  readonly inbox: InboxKey;
  readonly firstChunk: number;
  readonly lastChunk: number;
  /** `readInbox`: only envelopes behind it. `measureInbox`: counts those before it. */
  readonly position: number;
}

export interface MeasuredRange extends InboxRange {
  /** Nothing lies before it: a store need not look there, where what was taken out before may still lie. */
  readonly firstPosition: number;
}

/** What lies in some chunks before a position, and the first envelope that does not. */
export interface InboxMeasure {
  readonly envelopes: number;
  readonly bytes: number;
  readonly next: { readonly position: number; readonly chunk: number; readonly bytes: number; readonly messages: number } | undefined;
}

/** An envelope to another group. */
export interface OutgoingSize {
  readonly group: string;
  readonly position: number;
  readonly bytes: number;
}

/**
 * The rows of one shard group on an engine that keeps copies: what its log has come to, ready to be read by key. They follow the log: whoever owns the
 * group applies what is committed, and after a take-over applies again what may be missing. Everything rejects with ENGINE_UNAVAILABLE within a
 * bounded time.
 */
export interface GroupRows {
  /** What they lie in, as its operators know it, for errors. */
  readonly name: string;
  /** Undefined in a group that never had one. */
  readCheckpoint(): Promise<Checkpoint | undefined>;
  /** Only after `apply` has resolved for everything before it. A checkpoint of a lower epoch than the stored one is refused with OWNERSHIP_LOST (L10). */
  writeCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /**
   * Applies the changes of one batch, or of several in a row of which `last` is the last: of each row the last change counts. A row that a later batch
   * has changed stays as it is, whoever says otherwise: the write of an owner that has lost the group cannot be seen (L10). After a rejection
   * some may be done; then the same changes are applied again, before any later ones.
   */
  apply(changes: readonly RowChange[], last: BatchId): Promise<void>;
  /** All summaries of the group, in parts. */
  readSummaries(): AsyncIterable<readonly InboxSummary[]>;
  /** Envelopes ascending; fewer than the limits only at the end. */
  readInbox(range: InboxRange, limits: PageLimits): Promise<StoredEnvelope[]>;
  /** Counts what lies before `range.position`, and looks up what follows; no envelope is read for it. */
  measureInbox(range: MeasuredRange): Promise<InboxMeasure>;
  /** Envelopes to `group` behind `position`, ascending; fewer than the limits only at the end. */
  readOutgoing(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]>;
  /** What waits for other groups, in parts, without the envelopes. */
  readOutgoingSizes(): AsyncIterable<readonly OutgoingSize[]>;
  /** In the order of the keys. */
  readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]>;
  readParked(): Promise<StoredParked[]>;
  readLastSeen(user: Buffer): Promise<number | undefined>;
  readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined>;
  readRecords(kind: RecordKind): Promise<StoredRecord[]>;
  /** Marks and times of all users; inboxes are told from the summaries. */
  survey(survey: Pick<StoreSurvey, 'mark' | 'seen' | 'rest'>): Promise<void>;
  close(): Promise<void>;
}
