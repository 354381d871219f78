/** One entry of a log. */
export interface LogEntry {
  /** Its place: it grows with each entry, by one or more. */
  readonly offset: number;
  /** As it was appended. */
  readonly body: Buffer;
}

/**
 * The log of one shard group on an engine that keeps copies: its owner appends what it has decided and answers when that is durable (D2q); who owns
 * the group next reads it to its end. The log keeps order and loses nothing, and that is all: an append whose answer was lost may stand in it
 * twice or once, and what an earlier owner had under way may still come behind entries of a later one. What entries say (owner’s epoch and number)
 * tells a reader which of them count (L10).
 */
export interface GroupLog {
  /** As its operators know it, for errors. */
  readonly name: string;
  /** Bytes that one entry may have. */
  readonly entryBytesMax: number;
  /** Class of what `append` has resolved for, as `wire/durability.ts` numbers them: D2q on a quorum of copies, D1 on one that answers before its disk. */
  readonly durability: number;
  /**
   * Appends the entries in their order, behind everything appended before; resolves to the offset of the last when a quorum has them all.
   * Rejects with ENGINE_UNAVAILABLE after a bounded time: then it is not known which of them stand in the log, and the same may be appended
   * again. Appends that were called behind it and have not resolved reject too, so that all can be appended again in their order. Rejects at once with
   * FRAME_TOO_LARGE for an entry above `entryBytesMax`, with OVERLOADED while too much waits.
   */
  append(entries: readonly Buffer[]): Promise<number>;
  /**
   * Entries from `offset` on, in order, in parts of bounded size, up to what is the end when it is called: everything that was acknowledged to
   * anyone before is among them. An offset that retention has removed, or that the log has not reached, rejects with ENGINE_INVALID: entries are gone.
   * Rejects with ENGINE_UNAVAILABLE.
   */
  read(offset: number): AsyncIterable<readonly LogEntry[]>;
  /** What has not resolved, and what is appended after it, rejects with ENGINE_UNAVAILABLE. */
  close(): Promise<void>;
}
