import { join } from 'node:path';
import { errorLine, IrisError } from '../../contract/errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type { BlockCache } from './block-cache.ts';
import { FreeSpace, isDiskFull } from './free-space.ts';
import { LogBatch } from './log-operations.ts';
import { sealRecord } from './log-record.ts';
import { RecordScanner } from './record-scanner.ts';
import { readSegmentHeader, SEGMENT_HEADER_BYTES, SegmentFile, segmentName } from './segment-file.ts';

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
  /** @default what suits the disk: 64 MiB, less on a disk below 1 GiB */
  readonly segmentBytes?: number;
}

/** Takes a record of the log that is being opened. */
export type Replay = (
  bytes: Buffer,
  start: number,
  end: number,
  place: { segment: number; offset: number; sequence: number },
) => Promise<void>;

/**
 * The log as a row of segment files: written at the newest, cut off at the oldest. Only the oldest is ever dropped, so that what is left is
 * always a whole end of the history, and replaying it cannot bring back what was removed.
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
  /** Why nothing more can be written until the log is opened again; undefined while it can. */
  broken: string | undefined;

  private constructor({ disk, directory, cache }: LogRingOptions, segmentBytes: number) {
    this.disk = disk;
    this.directory = directory;
    this.cache = cache;
    this.segmentBytes = segmentBytes;
    this.space = new FreeSpace(disk, directory, RESERVED_SEGMENTS * segmentBytes);
  }

  /** @throws IrisError STORE_FAILED for a log with damage before its end (F6). */
  static async open(options: LogRingOptions, replay: Replay): Promise<LogRing> {
    const { disk, directory, segmentBytes } = options;
    await disk.makeDirectory(directory);
    const { totalBytes } = await disk.space(directory);
    const share = 2 ** Math.floor(Math.log2(Math.max(1, totalBytes / SEGMENTS_PER_DISK)));
    const suited = Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, share));
    const ring = new LogRing(options, segmentBytes ?? suited);
    const names = (await disk.list(directory)).filter((name) => name.endsWith('.log'));
    try {
      for (const [i, name] of names.entries()) await ring.load(name, i === names.length - 1, replay);
      await ring.segments.at(-1)?.settle();
    } catch (error) {
      await ring.closeFiles();
      throw error;
    }
    ring.durableThrough = ring.sequence;
    ring.openedAt = ring.sequence;
    return ring;
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  get count(): number {
    return this.segments.length;
  }

  get oldest(): SegmentFile {
    return this.segments[0] as SegmentFile;
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
   * @throws IrisError STORE_FAILED; then the log is as before.
   */
  async append(batch: LogBatch, { sync }: { sync: boolean }): Promise<{ segment: number; offset: number }> {
    if (this.broken !== undefined) throw new IrisError('STORE_FAILED', this.broken);
    if (batch.appends > 0) await this.space.claim(batch.length);
    const segment = await this.segmentFor(batch.length);
    const header = { sequence: this.sequence + 1, durableThrough: this.durableThrough };
    sealRecord(batch.bytes, batch.length, segment.nonce, header);
    const record = batch.bytes.subarray(0, batch.length);
    try {
      await segment.write(record);
      if (sync) await this.sync(segment);
    } catch (cause) {
      await this.undo(segment, cause);
      throw cause;
    }
    const offset = segment.size;
    segment.advance(record, header.sequence);
    this.sequence = header.sequence;
    if (sync) this.durableThrough = header.sequence;
    return { segment: segment.number, offset };
  }

  /** Removes the oldest segment, which holds nothing that is still needed. */
  async dropOldest(): Promise<void> {
    const oldest = this.oldest;
    await oldest.drop();
    this.segments = this.segments.slice(1);
  }

  /** Ends the log with a record that says that all before it is on the disk, so that damage to any of it is told from a torn end. */
  async close(): Promise<void> {
    try {
      if (this.sequence > this.openedAt && this.broken === undefined) await this.append(new LogBatch(), { sync: true });
    } finally {
      await this.closeFiles();
    }
  }

  /** Closes the files and writes nothing. */
  async closeFiles(): Promise<void> {
    for (const segment of this.segments) await segment.close();
  }

  private async segmentFor(bytes: number): Promise<SegmentFile> {
    const newest = this.segments.at(-1);
    if (newest !== undefined && (newest.size + bytes <= this.segmentBytes || newest.lastSequence === 0)) return newest;
    if (newest !== undefined) {
      try {
        await newest.settle();
      } catch (cause) {
        throw this.breakWith(cause);
      }
      this.durableThrough = this.sequence;
    }
    const fields = { number: (newest?.number ?? 0) + 1, reserved: this.reserved };
    const made = await SegmentFile.create(this.disk, this.directory, fields, this.cache);
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

  private async undo(segment: SegmentFile, cause: unknown): Promise<void> {
    this.space.distrust();
    if (this.broken !== undefined) return;
    if (!isDiskFull(cause)) throw this.breakWith(cause);
    try {
      await segment.undo();
    } catch (second) {
      throw this.breakWith(second);
    }
  }

  private async load(name: string, isNewest: boolean, replay: Replay): Promise<void> {
    const path = join(this.directory, name);
    const file = await this.disk.open(path, 'write');
    const headerBytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const bytesRead = await file.read(headerBytes, 0, SEGMENT_HEADER_BYTES, 0);
    const header = readSegmentHeader(headerBytes.subarray(0, bytesRead));
    const expected = this.segments.at(-1);
    if (header === undefined || segmentName(header.number) !== name || (expected !== undefined && header.number !== expected.number + 1)) {
      const size = await file.size();
      await file.close();
      // A crash while it was made: it has no record yet.
      if (isNewest && size <= SEGMENT_HEADER_BYTES) return await this.disk.remove(path);
      throw damaged(path, 0, 'its header is not what was written, or the file before it is missing');
    }
    const segment = new SegmentFile({ disk: this.disk, file, path, header, headerBytes, cache: this.cache, allocated: 0 });
    this.segments.push(segment);
    this.reserved = Math.max(this.reserved, header.reserved);
    await this.replay(segment, replay);
  }

  private async replay(segment: SegmentFile, replay: Replay): Promise<void> {
    const scanner = new RecordScanner(segment);
    while (await scanner.next()) {
      const { sequence } = scanner.header;
      const isNext = sequence === this.sequence + 1 || (this.sequence === 0 && segment === this.oldest);
      if (!isNext) throw damaged(segment.path, scanner.offset, `record ${this.sequence + 1} is missing, ${sequence} follows`);
      segment.advance(scanner.bytes.subarray(scanner.start, scanner.end), sequence);
      this.sequence = sequence;
      await replay(scanner.bytes, scanner.start, scanner.end, { segment: segment.number, offset: scanner.offset, sequence });
    }
    const end = scanner.offset;
    while (await scanner.skipDamage()) {
      const { sequence, durableThrough } = scanner.header;
      if (durableThrough > this.sequence) {
        throw damaged(segment.path, end, `records ${this.sequence + 1} to ${sequence - 1} cannot be read, later ones can`);
      }
    }
  }
}

/** Refused rather than served in part: what is missing was acknowledged. */
function damaged(path: string, offset: number, what: string): IrisError {
  return new IrisError(
    'STORE_FAILED',
    `the log is damaged in ${path} at byte ${offset}: ${what}; restore the folder from a copy, or start with an empty one and lose what waits`,
  );
}
