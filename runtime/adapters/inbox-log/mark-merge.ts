import { compareRows, rowLength, rowTimeMs } from './mark-row.ts';
import type { MarkRunWriter } from './mark-run.ts';

/** Rows in their order, whole ones one behind the other, a chunk at a time. */
export type RowChunks = AsyncIterator<Buffer>;

/** One input of a merge: the row it stands on. */
class Cursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  /** Where the row ends; equal to `at` at the input’s end. */
  end = 0;
  /** It wants to be loaded. */
  isEmpty = true;
  private readonly chunks: RowChunks;

  constructor(chunks: RowChunks) {
    this.chunks = chunks;
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  /** True when the next row is there; otherwise `load` brings it. */
  step(): boolean {
    this.at = this.end;
    this.isEmpty = this.at === this.bytes.length;
    if (this.isEmpty) return false;
    this.end = this.at + rowLength(this.bytes, this.at);
    return true;
  }

  async load(): Promise<void> {
    for (;;) {
      const next = await this.chunks.next();
      this.bytes = next.done === true ? Buffer.alloc(0) : next.value;
      this.at = 0;
      this.end = 0;
      if (this.step()) return;
      if (next.done !== true) continue;
      this.isEmpty = false;
      return;
    }
  }
}

/**
 * Writes the rows of all inputs in their order, of one key that of the first input: the newest. Marks older than `beforeMs` are left out;
 * resolves to how many.
 */
export async function mergeRows(inputs: readonly RowChunks[], writer: MarkRunWriter, beforeMs: number): Promise<number> {
  const cursors = inputs.map((chunks) => new Cursor(chunks));
  let expired = 0;
  for (;;) {
    for (const cursor of cursors) if (cursor.isEmpty) await cursor.load();
    const merged = mergeInMemory(cursors, writer, beforeMs);
    expired += merged.expired;
    if (merged.isFlushDue) await writer.flush();
    if (merged.isDone) return expired;
  }
}

/** As far as the rows in memory go, or until the writer wants to flush. */
function mergeInMemory(cursors: readonly Cursor[], writer: MarkRunWriter, beforeMs: number) {
  let expired = 0;
  for (;;) {
    const first = leastOf(cursors);
    if (first === undefined) return { expired, isFlushDue: false, isDone: true };
    const isExpired = rowTimeMs(first.bytes, first.at) < beforeMs;
    const isFlushDue = !isExpired && writer.add(first.bytes, first.at, first.end);
    if (isExpired) expired++;
    if (stepPast(first, cursors) || isFlushDue) return { expired, isFlushDue, isDone: false };
  }
}

/** Behind a row of `first` and what others have of its key. True where an input has to be read on. */
function stepPast(first: Cursor, cursors: readonly Cursor[]): boolean {
  let isEmpty = false;
  for (let i = 0; i < cursors.length; i++) {
    const cursor = cursors[i] as Cursor;
    if (cursor === first || cursor.isAtEnd) continue;
    if (compareRows(cursor.bytes, cursor.at, first.bytes, first.at) === 0 && !cursor.step()) isEmpty = true;
  }
  return !first.step() || isEmpty;
}

/** Of rows of one key that of the first input. */
function leastOf(cursors: readonly Cursor[]): Cursor | undefined {
  let least: Cursor | undefined;
  for (let i = 0; i < cursors.length; i++) {
    const cursor = cursors[i] as Cursor;
    if (cursor.isAtEnd) continue;
    if (least === undefined || compareRows(cursor.bytes, cursor.at, least.bytes, least.at) < 0) least = cursor;
  }
  return least;
}
