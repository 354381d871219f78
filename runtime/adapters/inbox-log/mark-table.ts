import { errorLine, IrisError } from '../../contract/errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type { StoredMark, StoreSurvey } from '../../ports/inbox-store.ts';
import { isMissing } from './free-space.ts';
import type { OperationReader } from './log-operations.ts';
import { readNumber, writeNumber } from './log-record.ts';
import { mergeRows, type RowChunks } from './mark-merge.ts';
import { keyOf, markOf, RowKind, rowLength, rowTimeMs, secondsOf } from './mark-row.ts';
import { MarkRun, MarkRunWriter, type RunName, runFileName } from './mark-run.ts';
import { PendingMarks } from './pending-marks.ts';
import { type Pending, sortedRows } from './pending-rows.ts';

/** Rows that may wait in memory to be written to a run; then a flush begins, and above it commits wait for the flush. */
const PENDING_MAX = 65_536;
/** A flush takes older runs in while they are at most this many times what it has: each row is written again log₂ n times. */
const MERGED_RATIO = 2;
const REFERENCE_BYTES = 24;

/** A flush that is on the disk and waits for the log to say so. */
export interface MarkFlush {
  /** The record through which the runs hold everything. */
  readonly through: number;
  /** The runs from then on, as `Kind.table` carries them. */
  readonly body: Buffer;
  readonly expired: number;
}

export interface MarkTableParts {
  readonly disk: Disk;
  readonly directory: string;
  /** The owner’s, in the names of its runs. */
  readonly epoch: number;
  /** Calls back when other work has had its turn. */
  readonly soon: (callback: () => void) => void;
}

/**
 * Sequence marks and last-seen times: many, small, kept for days, and written far more often than read. The log makes them durable; runs
 * of sorted rows take them later, so that memory holds only what is fresh. Which runs count is said in the log alone, so what an
 * owner does that has lost its lease is never read.
 */
export class MarkTable {
  /** Sequence of the last record whose marks are in the runs: the log before it is not needed for them. */
  flushedThrough = 0;
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly epoch: number;
  private readonly rest: () => Promise<void>;
  private pending: Pending = nothingPending();
  private flushing: Pending = nothingPending();
  /** Newest first. */
  private runs: MarkRun[] = [];
  private named: readonly RunName[] = [];
  /** Runs on the disk that no reader needs once the log has been synced. */
  private obsolete: MarkRun[] = [];
  private made: MarkRun | undefined;
  private nextNumber = 1;

  constructor({ disk, directory, epoch, soon }: MarkTableParts) {
    this.disk = disk;
    this.directory = directory;
    this.epoch = epoch;
    this.rest = () => new Promise((resolve) => soon(resolve));
  }

  /** Opens the runs that the log named. @throws IrisError STORE_FAILED */
  async open(): Promise<void> {
    await this.disk.makeDirectory(this.directory);
    for (const name of this.named) {
      try {
        this.runs.push(await MarkRun.open(this.disk, this.directory, name));
      } catch (cause) {
        if (!isMissing(cause)) throw cause;
        throw new IrisError('STORE_FAILED', `${this.directory}/${runFileName(name)} is missing, the log needs it; restore the folder`, {
          cause,
        });
      }
    }
  }

  /** Removes files of runs that the log does not name: a flush that did not get so far. */
  async removeStrays(): Promise<void> {
    const known = new Set(this.named.map(runFileName));
    for (const name of await this.disk.list(this.directory)) if (!known.has(name)) await this.removeFile(`${this.directory}/${name}`);
  }

  get isFull(): boolean {
    return this.pending.marks.size + this.pending.seen.size >= PENDING_MAX;
  }

  /** `reader` stands on the operation that says it; `hash` is its key’s where that is known. */
  setMark(reader: OperationReader, hash: number | undefined, sequence: number): void {
    this.pending.marks.take(reader, hash, sequence);
  }

  setSeen(user: string, seconds: number, sequence: number): void {
    this.pending.seen.set(user, { seconds, sequence });
  }

  /** The log says which runs count from now on. */
  switchTo(through: number, body: Buffer): void {
    this.flushedThrough = through;
    this.named = referencesOf(body);
    this.flushing = nothingPending();
    this.pending = { marks: this.pending.marks.after(through), seen: this.pending.seen };
    for (const [user, { sequence }] of this.pending.seen) if (sequence <= through) this.pending.seen.delete(user);
    const open = this.made === undefined ? this.runs : [this.made, ...this.runs];
    this.made = undefined;
    const counts = (run: MarkRun) => this.named.some(({ epoch, number }) => run.name.epoch === epoch && run.name.number === number);
    this.runs = open.filter(counts);
    this.obsolete.push(...open.filter((run) => !counts(run)));
  }

  async readMarks(names: readonly string[]): Promise<(StoredMark | undefined)[]> {
    return await Promise.all(
      names.map(async (name) => {
        const fresh = this.pending.marks.of(name) ?? this.flushing.marks.of(name);
        if (fresh !== undefined) return fresh;
        const row = await this.find(RowKind.mark, name);
        return row === undefined ? undefined : markOf(row);
      }),
    );
  }

  async readSeen(user: string): Promise<number | undefined> {
    const fresh = this.pending.seen.get(user) ?? this.flushing.seen.get(user);
    if (fresh !== undefined) return fresh.seconds;
    const row = await this.find(RowKind.seen, user);
    return row === undefined ? undefined : secondsOf(row);
  }

  /** Tells what the runs hold, some of it twice when a run is replaced meanwhile; what waits to be flushed is not told. */
  async survey(survey: StoreSurvey): Promise<void> {
    const { runs } = this;
    try {
      for (const run of runs) {
        for await (const rows of run.chunks()) {
          tellAll(rows, survey);
          await survey.rest?.();
        }
      }
    } catch (error) {
      if (runs === this.runs) throw error;
      await this.survey(survey);
    }
  }

  /**
   * Writes everything of the log through record `sequence`, the last one applied, to a run; it counts when the log has said so. With
   * `beforeMs` all runs become one, without the marks that are older. One call at a time.
   * @throws IrisError STORE_FAILED; then everything is as before.
   */
  async flush(sequence: number, beforeMs: number | undefined): Promise<MarkFlush> {
    this.flushing = this.pending;
    this.pending = nothingPending();
    try {
      const merged = beforeMs === undefined ? this.runsToMerge() : this.runs;
      const isEmpty = this.flushing.marks.size + this.flushing.seen.size === 0 && (beforeMs === undefined || merged.length === 0);
      const expired = isEmpty ? 0 : await this.writeRun(merged, beforeMs ?? Number.NEGATIVE_INFINITY);
      const kept = isEmpty ? this.runs : this.runs.filter((run) => !merged.includes(run));
      const names = [...(this.made === undefined ? [] : [this.made]), ...kept].map(({ name }) => name);
      return { through: sequence, body: encodeReferences(names), expired };
    } catch (cause) {
      this.takeBack();
      throw new IrisError('STORE_FAILED', `the table of marks did not take its rows: ${errorLine(cause)}`, { cause });
    }
  }

  /** The log did not take the flush: its rows wait again, under what came since. */
  takeBack(): void {
    const { marks, seen } = this.flushing;
    this.pending.marks.addMissing(marks);
    for (const [user, row] of seen) if (!this.pending.seen.has(user)) this.pending.seen.set(user, row);
    this.flushing = nothingPending();
    if (this.made !== undefined) this.obsolete.push(this.made);
    this.made = undefined;
  }

  /** Deletes what no longer counts. Only after the lease was seen held behind the commit that said so. */
  async removeObsolete(): Promise<void> {
    for (const run of this.obsolete.splice(0)) {
      await run.close();
      await this.removeFile(run.path);
    }
  }

  async close(): Promise<void> {
    for (const run of [...this.runs, ...this.obsolete]) await run.close();
  }

  /** A read that meets a run as it is being replaced looks again. */
  private async find(kind: number, key: string): Promise<Buffer | undefined> {
    const { runs } = this;
    try {
      for (const run of runs) {
        const row = await run.find(kind, key);
        if (row !== undefined) return row;
      }
      return undefined;
    } catch (error) {
      if (runs === this.runs) throw error;
      return await this.find(kind, key);
    }
  }

  private runsToMerge(): MarkRun[] {
    let bytes = (this.flushing.marks.size + this.flushing.seen.size) * 64;
    const merged: MarkRun[] = [];
    for (const run of this.runs) {
      if (run.name.bytes > MERGED_RATIO * bytes) break;
      merged.push(run);
      bytes += run.name.bytes;
    }
    return merged;
  }

  private async writeRun(merged: readonly MarkRun[], beforeMs: number): Promise<number> {
    const writer = await MarkRunWriter.create(this.disk, this.directory, { epoch: this.epoch, number: this.nextNumber++ });
    try {
      const inputs: RowChunks[] = [sortedRows(this.flushing, this.rest), ...merged.map((run) => run.chunks())];
      const expired = await mergeRows(inputs, writer, beforeMs);
      this.made = await writer.finish();
      return expired;
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  private async removeFile(path: string): Promise<void> {
    try {
      await this.disk.remove(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

function nothingPending(): Pending {
  return { marks: new PendingMarks(), seen: new Map() };
}

function tellAll(rows: Buffer, survey: StoreSurvey): void {
  for (let at = 0; at < rows.length; ) {
    const end = at + rowLength(rows, at);
    tell(rows.subarray(at, end), survey);
    at = end;
  }
}

function tell(row: Buffer, survey: StoreSurvey): void {
  if (row[4] === RowKind.mark) {
    const mark = markOf(row);
    if (mark.high > 0) survey.mark?.(keyOf(row), mark, rowTimeMs(row));
  } else if (secondsOf(row) > 0) survey.seen?.(keyOf(row), secondsOf(row));
}

function encodeReferences(names: readonly RunName[]): Buffer {
  const body = Buffer.alloc(names.length * REFERENCE_BYTES);
  names.forEach(({ epoch, number, bytes }, i) => {
    writeNumber(body, epoch, i * REFERENCE_BYTES);
    writeNumber(body, number, i * REFERENCE_BYTES + 8);
    writeNumber(body, bytes, i * REFERENCE_BYTES + 16);
  });
  return body;
}

function referencesOf(body: Buffer): RunName[] {
  return Array.from({ length: body.length / REFERENCE_BYTES }, (_, i) => ({
    epoch: readNumber(body, i * REFERENCE_BYTES),
    number: readNumber(body, i * REFERENCE_BYTES + 8),
    bytes: readNumber(body, i * REFERENCE_BYTES + 16),
  }));
}
