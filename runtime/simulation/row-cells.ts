import type { BatchId } from '../ports/group-rows.ts';

interface Cell<Value> {
  /** Undefined where it was taken out, so that an earlier write that comes later does not bring it back. */
  readonly value: Value | undefined;
  readonly last: BatchId;
}

/** Rows of one kind, of which each keeps what the latest batch said. */
export class RowCells<Value> {
  private readonly cells = new Map<string, Cell<Value>>();

  get(key: string): Value | undefined {
    return this.cells.get(key)?.value;
  }

  /** Those that are there, in the order in which they came. */
  *values(): Iterable<Value> {
    for (const { value } of this.cells.values()) if (value !== undefined) yield value;
  }

  set(key: string, value: Value | undefined, last: BatchId): void {
    const cell = this.cells.get(key);
    if (cell === undefined || !isLater(cell.last, last)) this.cells.set(key, { value, last });
  }

  remove(key: string, last: BatchId): void {
    this.set(key, undefined, last);
  }

  /** The same where the caller remembers for itself that it is gone. */
  forget(key: string, last: BatchId): void {
    const cell = this.cells.get(key);
    if (cell !== undefined && !isLater(cell.last, last)) this.cells.delete(key);
  }
}

export function isLater(a: BatchId, b: BatchId): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.number > b.number);
}
