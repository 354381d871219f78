import { IrisError } from '../../contract/errors.ts';
import type { EnvelopeIndex } from './envelope-index.ts';
import { Kind, LogBatch, OperationReader } from './log-operations.ts';
import type { LogRing } from './log-ring.ts';
import type { MarkTable } from './mark-table.ts';
import { RecordScanner } from './record-scanner.ts';

/** The log may take this many times the bytes that wait, and some segments more, before its oldest segment is cleaned. */
const LOG_SHARE_MAX = 2;
const SPARE_SEGMENTS = 2;
/** Segments that the log may have beyond what its bytes ask for: each start of a node begins one. */
const SURPLUS_SEGMENTS_MAX = 32;
/** On a full disk a segment is cleaned early once this part of it at most still waits: a quarter. */
const MOVED_PART_MIN = 4;
/** Bytes of envelopes moved with one commit, so that the commits of senders wait little. */
const MOVED_BYTES_MAX = 1_048_576;

export interface LogCleanerParts {
  readonly ring: LogRing;
  readonly marks: MarkTable;
  readonly index: EnvelopeIndex;
  /** Resolves when all marks so far are in runs on the disk. */
  flushMarks(): Promise<unknown>;
  /** Commits what `fill` makes in its turn, nothing when it makes nothing. */
  write(fill: () => LogBatch | undefined): Promise<void>;
  failed(error: unknown): void;
}

interface Candidate {
  readonly row: string;
  readonly position: number;
  readonly offset: number;
  readonly envelope: Buffer;
}

/**
 * Gives the disk back: when the log has grown well above what waits, the envelopes of its oldest segment that still wait are appended
 * again, at their old positions, and the segment is dropped. An envelope that waits is so written about twice; one that was delivered
 * is never touched again.
 */
export class LogCleaner {
  private readonly parts: LogCleanerParts;
  private running: Promise<void> | undefined;
  private isStopped = false;

  constructor(parts: LogCleanerParts) {
    this.parts = parts;
  }

  /** Cleans in the background while there is something to clean. Failures are reported and tried again with the next commit. */
  start(): void {
    if (this.running !== undefined || this.isStopped || !this.isDue) return;
    this.running = this.run()
      .catch((error: unknown) => this.parts.failed(error))
      .finally(() => {
        this.running = undefined;
      });
  }

  /** Resolves when the segment under way is left. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private get isDue(): boolean {
    const { ring, index } = this.parts;
    if (ring.count === 1) return false;
    // On a full disk a segment that holds little any more goes at once: what is copied is a part of what that gives back.
    if (ring.isShortOfSpace && index.liveBytesOf(ring.oldest.number) * MOVED_PART_MIN <= ring.segmentBytes) return true;
    const isLarge = ring.bytes > LOG_SHARE_MAX * index.liveBytes + SPARE_SEGMENTS * ring.segmentBytes;
    return isLarge || ring.count > SURPLUS_SEGMENTS_MAX + LOG_SHARE_MAX * Math.ceil(ring.bytes / ring.segmentBytes);
  }

  private async run(): Promise<void> {
    const { ring, marks, index } = this.parts;
    while (this.isDue && !this.isStopped) {
      const { oldest } = ring;
      if (index.liveBytesOf(oldest.number) > 0) await this.moveAll();
      if (this.isStopped) return;
      if (marks.flushedThrough < oldest.lastSequence) await this.parts.flushMarks();
      await this.parts.write(() => dropOf(oldest.number + 1));
      await ring.dropOldest();
    }
  }

  private async moveAll(): Promise<void> {
    const { oldest } = this.parts.ring;
    const scanner = new RecordScanner(oldest, oldest.size);
    const reader = new OperationReader();
    let due: Candidate[] = [];
    let bytes = 0;
    while (!this.isStopped && (await scanner.next())) {
      reader.begin(scanner.bytes, scanner.start, scanner.end);
      const base = scanner.offset - scanner.start;
      while (reader.next()) {
        if (reader.kind !== Kind.append) continue;
        const offset = base + reader.bodyStart;
        if (this.parts.index.at(reader.key, reader.number, oldest.number, offset) === undefined) continue;
        due.push({ row: reader.key, position: reader.number, offset, envelope: Buffer.from(reader.body) });
        bytes += reader.bodyLength;
      }
      if (bytes < MOVED_BYTES_MAX) continue;
      await this.move(due);
      due = [];
      bytes = 0;
    }
    await this.move(due);
    if (this.isStopped || this.parts.index.liveBytesOf(oldest.number) === 0) return;
    throw new IrisError('STORE_FAILED', `the log is damaged in ${oldest.path} at byte ${scanner.offset}: it cannot be cleaned and stays`);
  }

  /** Appends again what still waits when its turn has come. */
  private async move(candidates: readonly Candidate[]): Promise<void> {
    const { ring, index } = this.parts;
    const { number } = ring.oldest;
    await this.parts.write(() => {
      const batch = new LogBatch();
      for (const { row, position, offset, envelope } of candidates) {
        const place = index.at(row, position, number, offset);
        if (place !== undefined) batch.append(row, position, envelope, place.firstIndex);
      }
      // Space is being given back, so this is not held to what appends must leave free.
      batch.appends = 0;
      return batch.isEmpty ? undefined : batch;
    });
  }
}

function dropOf(below: number): LogBatch {
  const batch = new LogBatch();
  batch.dropSegments(below);
  return batch;
}
