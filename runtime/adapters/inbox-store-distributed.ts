import { errorLine, IrisError } from '../contract/errors.ts';
import { GROUP_RETRY_MS, GROUP_UNAPPLIED_BYTES_MAX, WAITING_ENVELOPES_MAX, WAITING_INBOXES_MAX } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { GroupLog } from '../ports/group-log.ts';
import type { GroupRows } from '../ports/group-rows.ts';
import {
  type InboxStore,
  type PageLimits,
  type RecordKind,
  type StoreBatch,
  type StoreBounds,
  type StoreCounts,
  type StoredEnvelope,
  type StoredMark,
  type StoredParked,
  type StoredRecord,
  type StoreSurvey,
  type StoreUsage,
  tellInbox,
} from '../ports/inbox-store.ts';
import type { Lease } from '../ports/ownership.ts';
import { GroupContents, isOnInbox } from './inbox-distributed/group-contents.ts';
import { batchEntries, type ChunkRange } from './inbox-distributed/group-entries.ts';
import { openGroup } from './inbox-distributed/group-opening.ts';
import { checkFence } from './inbox-distributed/log-fence.ts';
import { mergedPage } from './inbox-distributed/merged-page.ts';
import { RowApplier } from './inbox-distributed/row-applier.ts';
import { inboxPartsOf, inboxRow, Kind, LogBatch, type OperationReader, recordRow } from './inbox-log/log-operations.ts';

export interface DistributedStoreOptions {
  readonly log: GroupLog;
  readonly rows: GroupRows;
  /** The right to serve the group, released when the store is closed. */
  readonly lease: Lease;
  readonly clock: Clock;
  readonly bounds: StoreBounds;
  /** Hears what goes wrong with an engine and is tried again. */
  readonly failed: (error: unknown) => void;
  /** Hears once that the log takes nothing more: what became of the last commit is not known, and the process has to end. */
  readonly broken: (reason: string) => void;
  /** Hears once that the lease has run out: no commit is answered any more, and the process has to end. */
  readonly lost: (reason: string) => void;
}

/**
 * Opens the store of a group whose log and rows are on engines (docs/decisions/0050). A commit is answered when the log has it (D2q) and the lease
 * was still held after that; the rows follow. Closes log and rows when it is closed, or cannot be opened.
 * @throws IrisError OWNERSHIP_LOST, ENGINE_INVALID, STORE_FAILED
 */
export async function openDistributedStore(options: DistributedStoreOptions): Promise<InboxStore> {
  const store = new DistributedStore(options);
  try {
    await store.open();
  } catch (error) {
    await store.abandon();
    throw error;
  }
  return store;
}

class DistributedStore implements InboxStore {
  readonly durability: number;
  firstPosition = 1;
  private readonly options: DistributedStoreOptions;
  private readonly contents: GroupContents;
  private readonly applier: RowApplier;
  private reserved: number | undefined;
  /** Offset of the log behind what is committed. */
  private offset = 0;
  /** The commit called last: the next one waits for it. */
  private last: Promise<unknown> = Promise.resolve();
  /** Resolves when what was under way will never be answered. */
  private readonly givenUp = Promise.withResolvers<void>();
  private isClosing = false;
  private hasTold = false;
  /** Questions that the rows need not be asked, of all. */
  private readonly cache = { asked: 0, hits: 0 };

  constructor(options: DistributedStoreOptions) {
    const { rows, clock, lease, bounds } = options;
    this.options = options;
    this.durability = options.log.durability;
    this.contents = new GroupContents(bounds);
    const failed = (error: unknown) => this.failed(error);
    this.applier = new RowApplier({ rows, contents: this.contents, clock, epoch: lease.epoch, nextOffset: () => this.offset, failed });
  }

  async open(): Promise<void> {
    const { contents, applier } = this;
    const { log, rows, lease } = this.options;
    const persist = <T>(work: () => Promise<T>) => this.persist(work);
    this.offset = (await openGroup({ log, rows, contents, applier, epoch: lease.epoch, persist })) + 1;
    await this.persist(() => applier.checkpoint());
    this.firstPosition = contents.reserved;
    if (contents.unappliedBytes > 0) applier.start();
  }

  get isFull(): boolean {
    return this.waitingShare >= 1;
  }

  get usage(): StoreUsage {
    const behindShare = this.contents.unappliedBytes / GROUP_UNAPPLIED_BYTES_MAX;
    return { waitingShare: this.waitingShare, behindShare, cache: this.cache };
  }

  /** Asked for every message. */
  private get waitingShare(): number {
    const { inboxes, outboxes } = this.contents;
    return Math.max(inboxes.size / WAITING_INBOXES_MAX, outboxes.envelopes / WAITING_ENVELOPES_MAX);
  }

  get hasFullRows(): boolean {
    return this.contents.inboxes.hasFull || this.contents.outboxes.hasFull;
  }

  isInboxFull(user: Buffer, bucket: number): boolean {
    return this.contents.inboxes.isFull(inboxRow(user, bucket));
  }

  isOutboxFull(group: string): boolean {
    return this.contents.outboxes.isFull(group);
  }

  reservePositions(position: number): void {
    this.reserved = position;
  }

  batch(): StoreBatch {
    return new LogBatch();
  }

  commit(batch: StoreBatch, options: { sync: boolean }): Promise<void> {
    if (this.isClosing) return Promise.reject(closed());
    const done = this.last.then(() => this.write(batch as LogBatch, options));
    this.last = done.catch(() => undefined);
    return done;
  }

  readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    return this.reading(async () => {
      const row = inboxRow(user, bucket);
      const held = this.contents.inboxes.get(row);
      const areInMemory = held === undefined || held.rowEnvelopes === 0;
      this.count(1, areInMemory ? 1 : 0);
      if (held === undefined) return [];
      const { firstChunk, lastChunk, firstPosition } = held;
      const read = (after: number, page: PageLimits) =>
        this.options.rows.readInbox({ inbox: { user, bucket }, firstChunk, lastChunk, position: Math.max(after, firstPosition - 1) }, page);
      const overlay = { rows: this.contents.pendingInbox(row), through: held.lastPosition };
      return mergedPage(overlay, position, limits, areInMemory ? undefined : read);
    });
  }

  readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    return this.reading(async () => {
      const { outboxes } = this.contents;
      const pending = this.contents.pendingOutbox(group);
      // What a newer change has taken out again is in an older one still.
      const inMemory = new Set(pending.flatMap(({ added }) => [...added.keys()].filter((at) => outboxes.has(group, at)))).size;
      const floor = outboxes.floorOf(group);
      const read = (after: number, page: PageLimits) => this.options.rows.readOutgoing(group, Math.max(after, floor), page);
      const overlay = { rows: pending, through: outboxes.lastOf(group) };
      return mergedPage(overlay, position, limits, inMemory < outboxes.sizeOf(group) ? read : undefined);
    });
  }

  inboxesBefore(position: number): Iterable<Buffer | undefined> {
    return this.contents.inboxes.inboxesBefore(position);
  }

  /** Waits until the rows have caught up. */
  counts(): Promise<StoreCounts> {
    return this.reading(async () => {
      await this.applier.flush();
      const { inboxes, outboxes, parked } = this.contents;
      let [count, inboxEnvelopes] = [0, 0];
      for (const row of inboxes.rows()) {
        count++;
        inboxEnvelopes += inboxes.sizeOf(row).envelopes;
      }
      return { inboxes: count, inboxEnvelopes, outboxes: outboxes.counts(), parked: parked.size };
    });
  }

  async outboxGroups(): Promise<string[]> {
    return this.reading(async () => this.contents.outboxes.groups);
  }

  readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]> {
    return this.reading(async () => {
      const known = keys.map((key) => this.contents.newest((layer) => layer.marks.get(key))?.mark);
      const missing = keys.filter((_, i) => known[i] === undefined);
      this.count(keys.length, keys.length - missing.length);
      if (missing.length === 0) return known;
      const read = await this.options.rows.readMarks(missing);
      let next = 0;
      return known.map((mark) => mark ?? read[next++]);
    });
  }

  readParked(): Promise<StoredParked[]> {
    return this.reading(async () => [...this.contents.parked.values()]);
  }

  readLastSeen(user: Buffer): Promise<number | undefined> {
    return this.reading(async () => {
      const known = this.contents.newest((layer) => layer.seen.get(user.toString('latin1')));
      this.count(1, known === undefined ? 0 : 1);
      return known ?? this.options.rows.readLastSeen(user);
    });
  }

  readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined> {
    return this.reading(async () => {
      const row = recordRow(kind, user);
      const known = this.contents.newest((layer) => layer.records.get(row));
      this.count(1, known === undefined ? 0 : 1);
      return known === undefined ? this.options.rows.readRecord(kind, user) : known.value;
    });
  }

  readRecords(kind: RecordKind): Promise<StoredRecord[]> {
    return this.reading(async () => {
      const layers = [...this.contents.closed, this.contents.gathering];
      const records = new Map((await this.options.rows.readRecords(kind)).map((record) => [recordRow(kind, record.user), record]));
      for (const layer of layers) {
        for (const [row, record] of layer.records) {
          if (record.kind !== kind) continue;
          if (record.value === undefined) records.delete(row);
          else records.set(row, { user: record.user, value: record.value });
        }
      }
      return [...records.values()];
    });
  }

  async survey(survey: StoreSurvey): Promise<void> {
    await this.reading(() => this.applier.flush());
    for (const row of this.contents.inboxes.rows()) tellInbox(survey, ...inboxPartsOf(row));
    // Not again when it fails: what it has told cannot be taken back.
    if (survey.mark !== undefined || survey.seen !== undefined) await this.options.rows.survey(survey);
  }

  /** The rows forget marks by themselves when their time is over. */
  async expireMarks(): Promise<number> {
    return 0;
  }

  /** Waits for the commits called before, and brings the rows up to them if it can. */
  async close(): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    if (this.options.lease.isHeld) {
      await Promise.race([this.last, this.givenUp.promise]);
      try {
        await this.applier.flush();
        await this.applier.checkpoint();
      } catch (error) {
        this.failed(error);
      }
    }
    await this.abandon();
  }

  /** Ends without another word to the engines than that. */
  async abandon(): Promise<void> {
    const { log, rows, lease } = this.options;
    this.isClosing = true;
    await this.applier.stop();
    await log.close();
    await rows.close();
    await lease.release();
  }

  private async write(batch: LogBatch, { sync }: { sync: boolean }): Promise<void> {
    const { lease, log } = this.options;
    const { contents, reserved } = this;
    if (batch.isEmpty && (!sync || reserved === undefined)) return;
    if (batch.appends > 0) this.checkRoom();
    await this.applier.below(GROUP_UNAPPLIED_BYTES_MAX);
    if (this.isClosing && contents.unappliedBytes >= GROUP_UNAPPLIED_BYTES_MAX) throw closed();
    if (reserved !== undefined) batch.reservePositions(reserved);
    const number = contents.gathering.number + 1;
    const rangeOf = (operation: OperationReader) => this.rangeOf(operation);
    const entries = batchEntries(batch, { epoch: lease.epoch, number }, { entryBytesMax: log.entryBytesMax, rangeOf });
    const offset = await this.persist(() => log.append(entries)).catch((error: unknown) => this.stand(error));
    // Only what was there while the lease was held, and before a later owner’s entry, counts for who comes next, too.
    if (!lease.isHeld) await this.stand(lostLease());
    if (offset >= this.offset + entries.length) await this.checkFence(offset).catch((error: unknown) => this.stand(error));
    this.offset = offset + 1;
    for (const entry of entries) contents.apply(entry, number);
    if (this.reserved === reserved) this.reserved = undefined;
    this.applier.start();
  }

  /** More stands in the log than this owner has seen answered: what it appended twice, or a later owner’s. */
  private checkFence(last: number): Promise<void> {
    const { log, lease } = this.options;
    return this.persist(() => checkFence({ log, epoch: lease.epoch }, { from: this.offset, last }));
  }

  /** Where the operation’s envelopes lie; undefined where it concerns no inbox. A trim is made to end at what is there. */
  private rangeOf(operation: OperationReader): ChunkRange | undefined {
    if (!isOnInbox(operation)) return undefined;
    const { inboxes } = this.contents;
    const row = this.contents.rowOf(operation);
    if (operation.kind === Kind.append) return inboxes.place(row, operation.number, operation.bodyLength);
    if (operation.kind === Kind.trim) operation.endTrimAt(inboxes.get(row)?.placedPosition ?? 0);
    return inboxes.chunksOf(row);
  }

  private count(asked: number, hits: number): void {
    this.cache.asked += asked;
    this.cache.hits += hits;
  }

  private checkRoom(): void {
    if (!this.isFull) return;
    const { inboxes, outboxes } = this.contents;
    throw new IrisError(
      'STORE_FAILED',
      `${inboxes.size} inboxes hold something and ${outboxes.envelopes} envelopes wait for other groups, limits are ${WAITING_INBOXES_MAX} and ${WAITING_ENVELOPES_MAX}; add shard groups`,
    );
  }

  /** Repeats what an engine that is away did not do, while the lease is held. */
  private async persist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        if (!this.options.lease.isHeld) throw lostLease();
        return await work();
      } catch (error) {
        if (!isAway(error) || this.isClosing) throw error;
        this.failed(error);
      }
      await new Promise<void>((resolve) => {
        this.options.clock.after(GROUP_RETRY_MS, resolve);
      });
    }
  }

  /** What became of the commit is not known: neither a yes nor a no would be true, so none is given. */
  private stand(error: unknown): Promise<never> {
    if (error instanceof IrisError && error.code === 'OWNERSHIP_LOST') this.tell(this.options.lost, error.message);
    else if (!this.isClosing) this.tell(this.options.broken, errorLine(error));
    this.givenUp.resolve();
    return new Promise(() => undefined);
  }

  private failed(error: unknown): void {
    if (error instanceof IrisError && error.code === 'OWNERSHIP_LOST') this.tell(this.options.lost, error.message);
    else this.options.failed(error);
  }

  private tell(hear: (reason: string) => void, reason: string): void {
    if (this.hasTold) return;
    this.hasTold = true;
    hear(reason);
  }

  /** Waits while the rows are away, as commits do: the lease ends that, which stands where they are. */
  private async reading<T>(read: () => Promise<T>): Promise<T> {
    if (this.isClosing) throw closed();
    try {
      return await this.persist(read);
    } catch (cause) {
      throw cause instanceof IrisError ? cause : new IrisError('STORE_FAILED', `the store cannot be read: ${errorLine(cause)}`, { cause });
    }
  }
}

/** An engine that is away, or behind, may come back. */
function isAway(error: unknown): boolean {
  return error instanceof IrisError && (error.code === 'ENGINE_UNAVAILABLE' || error.code === 'OVERLOADED');
}

function closed(): IrisError {
  return new IrisError('STORE_FAILED', 'the store is closed');
}

function lostLease(): IrisError {
  return new IrisError('OWNERSHIP_LOST', 'the lease of the group has run out');
}
