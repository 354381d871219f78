import { compareRows, type Row, rowTimeMs } from './mark-row.ts';
import type { MarkRunWriter } from './mark-run.ts';

/** Rows in their order, a chunk at a time. */
export type RowChunks = AsyncIterator<Row[]>;

/** One input of a merge: the row it stands on, undefined at its end. */
class Cursor {
  row: Row | undefined;
  private readonly chunks: RowChunks;
  private chunk: readonly Row[] = [];
  private at = 0;

  constructor(chunks: RowChunks) {
    this.chunks = chunks;
  }

  /** True when the row is there; otherwise `load` brings it. */
  step(): boolean {
    this.row = this.chunk[this.at++];
    return this.row !== undefined;
  }

  async load(): Promise<void> {
    for (;;) {
      const next = await this.chunks.next();
      if (next.done === true) return;
      this.chunk = next.value;
      this.at = 0;
      if (this.step()) return;
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
    if (rowTimeMs(first.bytes) < beforeMs) expired++;
    else if (writer.add(first)) await writer.flush();
    for (const cursor of cursors) {
      const isSame = cursor.row !== undefined && compareRows(cursor.row, first) === 0;
      if (isSame && !cursor.step()) await cursor.load();
    }
  }
}

function leastOf(cursors: readonly Cursor[]): Row | undefined {
  let least: Row | undefined;
  for (const { row } of cursors) if (row !== undefined && (least === undefined || compareRows(row, least) < 0)) least = row;
  return least;
}
