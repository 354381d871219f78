import { errorLine, IrisError } from '../../contract/errors.ts';
import type { Turns } from '../../measure/turns.ts';
import type { Disk } from '../../ports/disk.ts';
import type { CacheUse } from '../../ports/inbox-store.ts';
import type { Lease } from '../../ports/ownership.ts';
import type { BlockCache } from './block-cache.ts';
import { FreeSpace, isDiskFull } from './free-space.ts';
import { type ChainLink, damaged, openChain } from './log-chain.ts';
import { LogBatch } from './log-operations.ts';
import { sealRecord } from './log-record.ts';
import { RecordScanner } from './record-scanner.ts';
import { SEGMENT_HEADER_BYTES, SegmentFile, type SegmentHeader } from './segment-file.ts';

const SEGMENT_BYTES_MAX = 64 * 1_048_576;
const SEGMENT_BYTES_MIN = 1_048_576;
/** A small disk has small segments, so that space comes back in small steps. */
const SEGMENTS_PER_DISK = 16;
/** Segments’ worth of the disk that appends leave free: removals, which give space back, need some to be written. */
const RESERVED_SEGMENTS = 2;

export interface LogRingOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly cache: BlockCache;
  /** Who may write; asked before each write and after it. */
  readonly lease: Pick<Lease, 'epoch' | 'isHeld'>;
  /** In which a large record is taken in, so that it holds nobody. */
  readonly turns: Turns;
  /** @default what suits the disk: 64 MiB, less on a disk below 1 GiB */
  readonly segmentBytes?: number;
}

/** Takes the log that is being opened. */
export interface Replay {
  record(bytes: Buffer, start: number, end: number, place: { segment: number; offset: number; sequence: number }): void;
  /** The lowest segment that the records seen so far need. */
  readonly droppedBelow: number;
  /** The lowest position that they do not count as given out. */
  readonly reserved: number;
}

/**
 * The log as a row of segment files: written at the newest, cut off at the oldest. Only the oldest is ever dropped, so that what is left is
 * always a whole end of the history, and replaying it cannot bring back what was removed. Each owner begins a segment of its own, which says
 * where the log ended when it came: what an earlier owner still writes is behind that end (L10).
 */
export class LogRing {
  /** Bytes at which the next record opens a new segment. */
  readonly segmentBytes: number;
  /** Lowest position that was never given out. */
  reserved = 1;
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly cache: BlockCache;
  private readonly space: FreeSpace;
  private segments: SegmentFile[] = [];
  private sequence = 0;
  private durableThrough = 0;
  private openedAt = 0;
  /** Byte of the newest segment from which on nobody has said that its records are on the disk. */
  private unsyncedFrom = SEGMENT_HEADER_BYTES;
  private readonly lease: LogRingOptions['lease'];
  private readonly turns: Turns;
  /** Why nothing more can be written until the log is opened again; undefined while it can. */
  broken: string | undefined;

  private constructor({ disk, directory, cache, lease, turns }: LogRingOptions, segmentBytes: number) {
    this.disk = disk;
    this.directory = directory;
    this.cache = cache;
    this.lease = lease;
    this.turns = turns;
    this.segmentBytes = segmentBytes;
    this.space = new FreeSpace(disk, directory, RESERVED_SEGMENTS * segmentBytes);
  }

  /** @throws IrisError STORE_FAILED for a log with damage before its end (F6), OWNERSHIP_LOST when the lease does not hold. */
  static async open(options: LogRingOptions, replay: Replay): Promise<LogRing> {
    const { disk, directory, segmentBytes } = options;
    await disk.makeDirectory(directory);
    const { totalBytes } = await disk.space(directory);
    const share = 2 ** Math.floor(Math.log2(Math.max(1, totalBytes / SEGMENTS_PER_DISK)));
    const suited = Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, share));
    const ring = new LogRing(options, segmentBytes ?? suited);
    const { links, strays } = await openChain(disk, directory);
    try {
      for (const link of links) ring.segments.push(await ring.take(link));
      for (const [i, segment] of ring.segments.entries()) await ring.replay(segment, ring.segments[i + 1]?.header, replay);
      ring.checkWhole(replay.droppedBelow);
      ring.reserved = Math.max(ring.reserved, replay.reserved);
      await ring.begin(strays);
    } catch (error) {
      await ring.closeFiles();
      throw error;
    }
    return ring;
  }

  /** Bytes of the disk that the log takes, without what is written ahead of its newest records. */
  get bytes(): number {
    return this.segments.reduce((sum, segment, i) => sum + (i === this.segments.length - 1 ? segment.size : segment.diskBytes), 0);
  }

  /** Of the blocks in memory. */
  get cacheUse(): CacheUse {
    return { asked: this.cache.asked, hits: this.cache.hits };
  }

  get count(): number {
    return this.segments.length;
  }

  get oldest(): SegmentFile {
    return this.segments[0] as SegmentFile;
  }

  /** The disk had no room for the last append. */
  get isShortOfSpace(): boolean {
    return this.space.isShort;
  }

  /** Sequence of the last record written. */
  get lastSequence(): number {
    return this.sequence;
  }

  segment(number: number): SegmentFile {
    return this.segments[number - this.oldest.number] as SegmentFile;
  }

  /**
   * Writes a batch as one record; resolves to where it stands. One call at a time.
   * @throws IrisError STORE_FAILED, then the log is as before; OWNERSHIP_LOST, then it is not known whether the record counts.
   */
  async append(batch: LogBatch, { sync }: { sync: boolean }): Promise<{ segment: number; offset: number }> {
    this.checkHeld();
    if (this.broken !== undefined) throw new IrisError('STORE_FAILED', this.broken);
    if (batch.appends > 0) await this.space.claim(batch.length);
    const segment = await this.segmentFor(batch.length);
    const header = { sequence: this.sequence + 1, durableThrough: this.durableThrough, nonce: segment.header.nonce };
    await sealRecord(batch.bytes, batch.length, header, this.turns);
    const record = batch.bytes.subarray(0, batch.length);
    try {
      await segment.write(record);
      if (sync) await this.sync(segment);
    } catch (cause) {
      this.giveUp(segment, cause);
      throw cause;
    }
    // Another may own the log by now, and have read its end before this record came: then nobody may hear of it.
    this.checkHeld();
    const offset = segment.size;
    await segment.advanceInTurns(record, header.sequence, this.turns);
    this.sequence = header.sequence;
    if (sync) this.durableThrough = header.sequence;
    return { segment: segment.number, offset };
  }

  /**
   * Removes the oldest segment, which the log has said to be unneeded. That commit was made under the lease, so whoever owns the log
   * next has read it: even an owner that lost the lease just now takes nothing from it.
   */
  async dropOldest(): Promise<void> {
    this.checkHeld();
    await this.oldest.drop();
    this.segments = this.segments.slice(1);
  }

  /** @throws IrisError OWNERSHIP_LOST */
  checkHeld(): void {
    if (this.lease.isHeld) return;
    throw new IrisError('OWNERSHIP_LOST', `the lease of epoch ${this.lease.epoch} has run out: another node may own the log`);
  }

  /** Ends the log with a record that says that all before it is on the disk, so that damage to any of it is told from a torn end. */
  async close(): Promise<void> {
    try {
      if (this.broken !== undefined || !this.lease.isHeld) return;
      if (this.sequence > this.openedAt) await this.append(new LogBatch(), { sync: true });
      await this.segments.at(-1)?.settle();
    } finally {
      await this.closeFiles();
    }
  }

  /** Closes the files and writes nothing. */
  async closeFiles(): Promise<void> {
    for (const segment of this.segments) await segment.close();
  }

  private async segmentFor(bytes: number): Promise<SegmentFile> {
    const newest = this.segments.at(-1) as SegmentFile;
    const hasRoom = newest.size + bytes <= this.segmentBytes || newest.lastSequence === 0;
    if (hasRoom && !newest.isSealed) return newest;
    try {
      await newest.settle();
    } catch (cause) {
      throw this.breakWith(cause);
    }
    this.durableThrough = this.sequence;
    return await this.add({
      number: newest.number + 1,
      previousEpoch: newest.header.epoch,
      previousEnd: newest.size,
      previousSequence: this.sequence,
    });
  }

  private async add(fields: Pick<SegmentHeader, 'number' | 'previousEpoch' | 'previousEnd' | 'previousSequence'>): Promise<SegmentFile> {
    const header = { ...fields, reserved: this.reserved, epoch: this.lease.epoch };
    const made = await SegmentFile.create(this.disk, this.directory, header, this.cache);
    this.segments.push(made);
    return made;
  }

  private async sync(segment: SegmentFile): Promise<void> {
    try {
      await segment.sync();
    } catch (cause) {
      throw this.breakWith(cause);
    }
  }

  /** What a failed sync leaves on the disk is unknown, and a later one that succeeds says nothing of it. */
  private breakWith(cause: unknown): IrisError {
    this.broken = `the disk failed to keep the log (${errorLine(cause)}); nothing more is written until the node is started again`;
    return new IrisError('STORE_FAILED', this.broken, { cause });
  }

  /** A write has failed: what it left behind the last record is no part of the log. */
  private giveUp(segment: SegmentFile, cause: unknown): void {
    this.space.distrust();
    if (this.broken !== undefined) return;
    if (!isDiskFull(cause)) throw this.breakWith(cause);
    segment.seal();
  }

  private async take(link: ChainLink): Promise<SegmentFile> {
    this.reserved = Math.max(this.reserved, link.header.reserved);
    return new SegmentFile({ disk: this.disk, ...link, cache: this.cache, allocated: await link.file.size() });
  }

  /** Begins this owner’s first segment, before anything is served. One of an owner that wrote nothing is replaced. */
  private async begin(strays: readonly string[]): Promise<void> {
    const newest = this.segments.at(-1);
    if (newest !== undefined && newest.header.epoch >= this.lease.epoch)
      throw new IrisError('OWNERSHIP_LOST', `epoch ${this.lease.epoch} is not above ${newest.header.epoch}, which wrote to ${newest.path}`);
    await newest?.writeAgain(this.unsyncedFrom);
    this.durableThrough = this.sequence;
    this.openedAt = this.sequence;
    const unused = newest?.lastSequence === 0 ? this.segments.pop() : undefined;
    const last = this.segments.at(-1);
    const { number, previousEpoch, previousEnd, previousSequence } = unused?.header ?? {
      number: (last?.number ?? 0) + 1,
      previousEpoch: last?.header.epoch ?? 0,
      previousEnd: last?.size ?? 0,
      previousSequence: this.sequence,
    };
    await this.add({ number, previousEpoch, previousEnd, previousSequence });
    // From here on every later owner finds this segment, so none can have use for a stray.
    this.checkHeld();
    await unused?.drop();
    for (const path of strays) await this.disk.remove(path);
  }

  /** Reads a segment up to where its successor goes on, or up to the end of the log. */
  private async replay(segment: SegmentFile, successor: SegmentHeader | undefined, replay: Replay): Promise<void> {
    if (segment === this.oldest) this.sequence = segment.header.previousSequence;
    const scanner = new RecordScanner(segment, successor?.previousEnd);
    const starts: number[] = [];
    let syncedThrough = 0;
    while (await scanner.next()) {
      const { sequence, durableThrough } = scanner.header;
      if (sequence !== this.sequence + 1)
        throw damaged(segment.path, scanner.offset, `record ${this.sequence + 1} is missing, ${sequence} follows`);
      starts.push(scanner.offset);
      syncedThrough = durableThrough;
      segment.advance(scanner.bytes.subarray(scanner.start, scanner.end), sequence);
      this.sequence = sequence;
      replay.record(scanner.bytes, scanner.start, scanner.end, { segment: segment.number, offset: scanner.offset, sequence });
    }
    if (successor === undefined) {
      this.unsyncedFrom = starts[Math.max(0, starts.length - (this.sequence - syncedThrough))] ?? segment.size;
      return await this.checkEnd(segment, scanner);
    }
    if (scanner.offset !== successor.previousEnd || this.sequence !== successor.previousSequence)
      throw damaged(segment.path, scanner.offset, `records ${this.sequence + 1} to ${successor.previousSequence} cannot be read`);
  }

  /** A record that cannot be read is the torn end of a crash, unless a later one says that it was on the disk. */
  private async checkEnd(segment: SegmentFile, scanner: RecordScanner): Promise<void> {
    const end = scanner.offset;
    while (await scanner.skipDamage()) {
      const { sequence, durableThrough } = scanner.header;
      if (durableThrough > this.sequence)
        throw damaged(segment.path, end, `records ${this.sequence + 1} to ${sequence - 1} cannot be read, later ones can`);
    }
  }

  private checkWhole(droppedBelow: number): void {
    const oldest = this.segments[0]?.number ?? 1;
    if (oldest > droppedBelow) throw damaged(this.directory, 0, `segments ${droppedBelow} to ${oldest - 1} are missing`);
  }
}
