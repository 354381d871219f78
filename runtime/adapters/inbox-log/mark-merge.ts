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
    if (this.at === this.bytes.length) return false;
    this.end = this.at + rowLength(this.bytes, this.at);
    return true;
  }

  async load(): Promise<void> {
    for (;;) {
      const next = await this.chunks.next();
      this.bytes = next.done === true ? Buffer.alloc(0) : next.value;
      this.at = 0;
      this.end = 0;
      if (next.done === true || this.step()) return;
    }
  }
}

/**
 * Writes the rows of all inputs in their order, of one key that of the first input: the newest. Marks older than `beforeMs` are left out;
 * resolves to how many.
 */
export async function mergeRows(inputs: readonly RowChunks[], writer: MarkRunWriter, beforeMs: number): Promise<number> {
  const cursors = inputs.map((chunks) => new Cursor(chunks));
  for (const cursor of cursors) await cursor.load();
  let expired = 0;
  for (;;) {
    const first = leastOf(cursors);
    if (first === undefined) return expired;
    if (rowTimeMs(first.bytes, first.at) < beforeMs) expired++;
    else if (writer.add(first.bytes, first.at, first.end)) await writer.flush();
    for (const cursor of cursors) {
      if (cursor === first || cursor.isAtEnd) continue;
      if (compareRows(cursor.bytes, cursor.at, first.bytes, first.at) === 0 && !cursor.step()) await cursor.load();
    }
    if (!first.step()) await first.load();
  }
}

/** Of rows of one key that of the first input. */
function leastOf(cursors: readonly Cursor[]): Cursor | undefined {
  let least: Cursor | undefined;
  for (const cursor of cursors) {
    if (cursor.isAtEnd) continue;
    if (least === undefined || compareRows(cursor.bytes, cursor.at, least.bytes, least.at) < 0) least = cursor;
  }
  return least;
}
