import { join } from 'node:path';
import { errorLine, IrisError } from '../contract/errors.ts';
import {
  INBOX_BYTES_MAX,
  INBOX_ENVELOPES_MAX,
  OUTBOX_BYTES_MAX,
  OUTBOX_ENVELOPES_MAX,
  STORE_CACHE_BYTES_MAX,
  WAITING_ENVELOPES_MAX,
  WAITING_INBOXES_MAX,
} from '../contract/limits.ts';
import { Turns } from '../measure/turns.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
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
import { Durability } from '../wire/durability.ts';
import { systemClock } from './clock-system.ts';
import { systemDisk } from './disk-system.ts';
import { BlockCache } from './inbox-log/block-cache.ts';
import { LogCleaner } from './inbox-log/log-cleaner.ts';
import { LogContents } from './inbox-log/log-contents.ts';
import {
  groupOfRow,
  inboxPartsOf,
  inboxRow,
  LogBatch,
  outboxRow,
  parkedPartsOf,
  recordRow,
  recordRows,
  userOfRecord,
} from './inbox-log/log-operations.ts';
import { LogRing, type Replay } from './inbox-log/log-ring.ts';
import { MarkFlusher } from './inbox-log/mark-flusher.ts';
import { MarkTable } from './inbox-log/mark-table.ts';
import { PageReader } from './inbox-log/page-reader.ts';
import { takeStoreLease } from './store-ownership.ts';

const DEFAULT_BOUNDS: StoreBounds = {
  inbox: { envelopesMax: INBOX_ENVELOPES_MAX, bytesMax: INBOX_BYTES_MAX },
  outbox: { envelopesMax: OUTBOX_ENVELOPES_MAX, bytesMax: OUTBOX_BYTES_MAX },
};
/** Bytes of a batch’s buffer that is kept for the next one. */
const SPARE_BYTES_MAX = 4 * 1_048_576;
const UNLIMITED: PageLimits = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };

export interface LogStoreOptions {
  /** @default the machine’s files */
  readonly disk?: Disk;
  /** @default the machine’s */
  readonly clock?: Clock;
  /** The right to write, released when the store is closed. @default taken from the folder of leases beside the log, or STATE_IN_USE */
  readonly lease?: Lease;
  /** @default what suits the disk: 64 MiB, less on a disk below 1 GiB */
  readonly segmentBytes?: number;
  /** @default STORE_CACHE_BYTES_MAX */
  readonly cacheBytes?: number;
  /** Bytes of a commit that are worked on at a time. @default TURN_BYTES */
  readonly turnBytes?: number;
  /** @default INBOX_ENVELOPES_MAX, INBOX_BYTES_MAX, OUTBOX_ENVELOPES_MAX, OUTBOX_BYTES_MAX */
  readonly bounds?: StoreBounds;
  /** Hears what goes wrong behind the commits: cleaning and flushing, which are tried again. */
  readonly failed?: (error: unknown) => void;
  /** Hears once that the disk has failed: every further commit is refused until the store is opened again. */
  readonly broken?: (reason: string) => void;
  /** Hears once that the lease has run out: no commit is answered any more, and the process has to end. */
  readonly lost?: (reason: string) => void;
}

/**
 * Opens the embedded store in `directory`, which is made when it is missing: a log of commits, an index of what waits in memory, and runs
 * of marks beside it (docs/decisions/0030). An owner’s first segment fences what owners before it still write (0014).
 * @throws IrisError STATE_IN_USE when another holds it, STORE_FAILED when it is damaged or of another format, OWNERSHIP_LOST.
 */
export async function openLogStore(directory: string, options: LogStoreOptions = {}): Promise<InboxStore> {
  const { disk = systemDisk, clock = systemClock } = options;
  if ((await disk.list(directory)).includes('CURRENT'))
    throw new IrisError(
      'STORE_FAILED',
      `the store ${directory} has format 1, this release knows 3; remove the folder to start with an empty one`,
    );
  const lease = options.lease ?? (await takeStoreLease(directory, { disk, clock, ...options }));
  const soon = (callback: () => void) => clock.soon(callback);
  const turns = new Turns(soon, options);
  const marks = new MarkTable({ disk, directory: join(directory, 'marks'), epoch: lease.epoch, soon });
  const contents = new LogContents(marks, options.bounds ?? DEFAULT_BOUNDS);
  const replay: Replay = {
    record: (bytes, start, end, place) => contents.apply(bytes, start, end, place),
    get droppedBelow() {
      return contents.droppedBelow;
    },
    get reserved() {
      return contents.reserved;
    },
  };
  let ring: LogRing | undefined;
  try {
    const cache = new BlockCache(options.cacheBytes ?? STORE_CACHE_BYTES_MAX);
    const segmentBytes = options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes };
    ring = await LogRing.open({ disk, directory: join(directory, 'log'), cache, lease, turns, ...segmentBytes }, replay);
    await marks.open();
    await marks.removeStrays();
    const { failed = () => undefined, broken = () => undefined, lost = () => undefined } = options;
    return new LogStore({ ring, marks, contents, turns, lease, failed, broken, lost });
  } catch (error) {
    await ring?.closeFiles();
    await marks.close();
    await lease.release();
    throw error instanceof IrisError
      ? error
      : new IrisError('STORE_FAILED', `the store ${directory} cannot be opened: ${errorLine(error)}`);
  }
}

interface LogStoreParts {
  readonly ring: LogRing;
  readonly marks: MarkTable;
  readonly contents: LogContents;
  readonly turns: Turns;
  readonly lease: Lease;
  readonly failed: (error: unknown) => void;
  readonly broken: (reason: string) => void;
  readonly lost: (reason: string) => void;
}

class LogStore implements InboxStore {
  readonly durability = Durability.D2;
  readonly firstPosition: number;
  private readonly ring: LogRing;
  private readonly marks: MarkTable;
  private readonly contents: LogContents;
  private readonly turns: Turns;
  private readonly pages: PageReader;
  private readonly cleaner: LogCleaner;
  private readonly flusher: MarkFlusher;
  private readonly lease: Lease;
  private tellBroken: ((reason: string) => void) | undefined;
  private tellLost: ((reason: string) => void) | undefined;
  private reserved: number | undefined;
  /** The commit called last: the next one waits for it. */
  private last: Promise<unknown> = Promise.resolve();
  private spare: Buffer | undefined;
  private isClosed = false;

  constructor(parts: LogStoreParts) {
    const { ring, marks, contents, failed } = parts;
    this.ring = ring;
    this.marks = marks;
    this.contents = contents;
    this.turns = parts.turns;
    this.pages = new PageReader(ring, contents.index);
    this.lease = parts.lease;
    this.tellBroken = parts.broken;
    this.tellLost = parts.lost;
    this.firstPosition = ring.reserved;
    const inTurn = (work: () => Promise<void>) => this.inTurn(work);
    const write = (batch: LogBatch | undefined) => this.write(batch, { sync: true });
    this.flusher = new MarkFlusher({ marks, appliedThrough: () => contents.appliedThrough, inTurn, write, failed });
    this.cleaner = new LogCleaner({
      ring,
      marks,
      index: contents.index,
      flushMarks: () => this.flusher.flush(),
      write: (fill) => this.inTurn(() => write(fill())),
      failed,
    });
  }

  get isFull(): boolean {
    return this.contents.index.isFull;
  }

  get usage(): StoreUsage {
    return { waitingShare: this.contents.index.share, behindShare: Number.NaN, cache: this.ring.cacheUse };
  }

  get hasFullRows(): boolean {
    return this.contents.index.hasFullRows;
  }

  isInboxFull(user: Buffer, bucket: number): boolean {
    return this.contents.index.isRowFull(inboxRow(user, bucket));
  }

  isOutboxFull(group: string): boolean {
    return this.contents.index.isRowFull(outboxRow(group));
  }

  reservePositions(position: number): void {
    this.reserved = position;
  }

  batch(): StoreBatch {
    const batch = new LogBatch(this.spare);
    this.spare = undefined;
    return batch;
  }

  commit(batch: StoreBatch, options: { sync: boolean }): Promise<void> {
    const done = this.inTurn(async () => {
      const log = batch as LogBatch;
      const reserved = this.reserved;
      if (log.isEmpty && !options.sync) return;
      if (reserved !== undefined) log.reservePositions(reserved);
      if (log.appends > 0) await this.checkRoom();
      await this.write(log, options);
      if (reserved !== undefined) this.ring.reserved = reserved;
      if (this.reserved === reserved) this.reserved = undefined;
      if (log.bytes.length <= SPARE_BYTES_MAX) this.spare = log.bytes;
      this.cleaner.start();
    });
    done.catch(() => this.checkBroken());
    return done;
  }

  private checkBroken(): void {
    if (this.ring.broken === undefined) return;
    this.tellBroken?.(this.ring.broken);
    this.tellBroken = undefined;
  }

  async readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    return this.page(inboxRow(user, bucket), position, limits);
  }

  async readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    return this.page(outboxRow(group), position, limits);
  }

  inboxesBefore(position: number): Iterable<Buffer | undefined> {
    return this.contents.index.inboxesBefore(position);
  }

  async counts(): Promise<StoreCounts> {
    return this.contents.index.counts(groupOfRow);
  }

  async outboxGroups(): Promise<string[]> {
    this.checkOpen();
    return this.contents.index.outboxRows().map(groupOfRow);
  }

  readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]> {
    return this.reading(() => this.marks.readMarks(keys));
  }

  async readParked(): Promise<StoredParked[]> {
    const parked: StoredParked[] = [];
    for (const row of this.contents.index.parkedRows()) {
      for (const { envelope } of await this.page(row, -1, UNLIMITED)) parked.push({ ...parkedPartsOf(row), envelope });
    }
    return parked;
  }

  readLastSeen(user: Buffer): Promise<number | undefined> {
    return this.reading(() => this.marks.readSeen(user.toString('latin1')));
  }

  async readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined> {
    return (await this.page(recordRow(kind, user), 0, UNLIMITED))[0]?.envelope;
  }

  async readRecords(kind: RecordKind): Promise<StoredRecord[]> {
    const records: StoredRecord[] = [];
    for (const row of this.contents.index.recordRows(recordRows(kind))) {
      for (const { envelope } of await this.page(row, 0, UNLIMITED)) records.push({ user: userOfRecord(row), value: envelope });
    }
    return records;
  }

  survey(survey: StoreSurvey): Promise<void> {
    return this.reading(async () => {
      for (const row of this.contents.index.inboxRows()) tellInbox(survey, ...inboxPartsOf(row));
      if (survey.mark === undefined && survey.seen === undefined) return;
      // One run holds everything then, each mark once.
      await this.flusher.flush(Number.NEGATIVE_INFINITY);
      await this.marks.survey(survey);
    });
  }

  expireMarks(beforeMs: number): Promise<number> {
    // In the runs they are found in one pass, and the log will not bring them back.
    return this.reading(() => this.flusher.flush(beforeMs));
  }

  /** Waits for the commits called before. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    if (this.lease.isHeld) {
      await this.cleaner.stop();
      await this.flusher.idle();
      await this.last;
    }
    this.isClosed = true;
    try {
      await this.ring.close();
    } finally {
      await this.marks.close();
      await this.lease.release();
    }
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.last.then(work).catch((cause: unknown) => {
      if (cause instanceof IrisError && cause.code === 'OWNERSHIP_LOST') return this.lose(cause.message);
      throw new IrisError('STORE_FAILED', `the store did not take the batch: ${errorLine(cause)}`, { cause });
    });
    // Its caller hears of a failure; the commits behind it go on.
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** What became of the commit only the next owner knows: neither a yes nor a no would be true, so none is given. */
  private lose(reason: string): Promise<void> {
    this.tellLost?.(reason);
    this.tellLost = undefined;
    return new Promise(() => undefined);
  }

  private async write(batch: LogBatch | undefined, options: { sync: boolean }): Promise<void> {
    this.checkOpen();
    if (batch === undefined) return;
    const place = await this.ring.append(batch, options);
    await this.contents.applyInTurns(batch, { ...place, sequence: this.ring.lastSequence }, this.turns);
  }

  /** Memory is bounded: a store that is full takes removals only. */
  private async checkRoom(): Promise<void> {
    const { envelopes, rows, isFull } = this.contents.index;
    if (isFull) {
      throw new IrisError(
        'STORE_FAILED',
        `${envelopes} envelopes wait in ${rows} inboxes, limits are ${WAITING_ENVELOPES_MAX} and ${WAITING_INBOXES_MAX}; add shard groups`,
      );
    }
    await this.flusher.makeRoom();
  }

  private page(row: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    return this.reading(() => this.pages.read(row, position, limits));
  }

  private async reading<T>(read: () => Promise<T>): Promise<T> {
    this.checkOpen();
    try {
      return await read();
    } catch (cause) {
      throw cause instanceof IrisError ? cause : new IrisError('STORE_FAILED', `the store cannot be read: ${errorLine(cause)}`, { cause });
    }
  }

  private checkOpen(): void {
    if (this.isClosed) throw new IrisError('STORE_FAILED', 'the store is closed');
  }
}
