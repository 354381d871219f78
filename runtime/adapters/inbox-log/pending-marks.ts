import { type KeyBytes, KeyTable, keyHash, keyOfText } from '../../contract/key-table.ts';
import type { StoredMark } from '../../ports/inbox-store.ts';
import type { OperationReader } from './log-operations.ts';
import { markRowLength, RowKind, rowHashOf, writeMarkKey, writeMarkValue } from './mark-row.ts';

type Holes = StoredMark['holes'];
const NO_HOLES: Holes = [];

/** What a row has: its mark, when it was made, and the record of the log that says it. */
const HIGH = 0;
const TIME = 1;
const SEQUENCE = 2;
const WIDTH = 3;
const FIRST_MARKS = 64;

/** Marks that the log says and no run does yet: the last of each key, outside the collected heap. Numbered 0, 1, 2 … as their keys came. */
export class PendingMarks {
  private readonly keys = new KeyTable(WIDTH);
  /** By number. */
  private rows = new Uint32Array(FIRST_MARKS);
  /** By row; few have any. */
  private readonly holes = new Map<number, Holes>();

  get size(): number {
    return this.keys.size;
  }

  /** The mark that `operation` stands on; `hash` is its key’s where that is known. */
  take(operation: OperationReader, hash: number | undefined, sequence: number): void {
    const { bytes, keyStart: start, bodyStart: end } = operation;
    const row = this.rowFor({ bytes, start, end, hash: hash ?? keyHash(bytes, start, end) });
    const { numbers } = this.keys;
    numbers[row + HIGH] = operation.number;
    numbers[row + TIME] = operation.markTimeMs;
    numbers[row + SEQUENCE] = sequence;
    this.setHoles(row, operation.markHoles);
  }

  of(text: string): StoredMark | undefined {
    const row = this.keys.find(keyOfText(text));
    return row < 0 ? undefined : { high: this.keys.numbers[row + HIGH] as number, holes: this.holesOf(row) };
  }

  /** Those of records after this one. */
  after(sequence: number): PendingMarks {
    let isWhole = true;
    for (let number = 0; number < this.size && isWhole; number++) isWhole = this.sequenceOf(number) > sequence;
    if (isWhole) return this;
    const left = new PendingMarks();
    for (let number = 0; number < this.size; number++) if (this.sequenceOf(number) > sequence) left.copy(this, number);
    return left;
  }

  /** Takes what `older` has of other keys. */
  addMissing(older: PendingMarks): void {
    for (let number = 0; number < older.size; number++) if (this.keys.find(older.key(number)) < 0) this.copy(older, number);
  }

  /** Bytes of the row in a run. */
  rowLength(number: number): number {
    const { keys } = this;
    const row = this.rows[number] as number;
    return markRowLength(keys.endOf(row) - keys.startOf(row), this.holesOf(row));
  }

  /** Writes the row as a run holds it; returns where it ends. */
  writeRow(number: number, out: Buffer, at: number, hash: number): number {
    const { keys } = this;
    const row = this.rows[number] as number;
    const holes = this.holesOf(row);
    const value = writeMarkKey(out, at, hash, keys.bytes, keys.startOf(row), keys.endOf(row), holes.length);
    return writeMarkValue(out, value, keys.numbers[row + TIME] as number, keys.numbers[row + HIGH] as number, holes);
  }

  /** The hash of that row, which is not the one of memory’s table. */
  rowHash(number: number): number {
    const { keys } = this;
    const row = this.rows[number] as number;
    return rowHashOf(RowKind.mark, keys.bytes, keys.startOf(row), keys.endOf(row));
  }

  private copy(from: PendingMarks, number: number): void {
    const row = from.rows[number] as number;
    const own = this.rowFor(from.key(number));
    for (let i = 0; i < WIDTH; i++) this.keys.numbers[own + i] = from.keys.numbers[row + i] as number;
    this.setHoles(own, from.holesOf(row));
  }

  private sequenceOf(number: number): number {
    return this.keys.numbers[(this.rows[number] as number) + SEQUENCE] as number;
  }

  private key(number: number): KeyBytes {
    const { keys } = this;
    const row = this.rows[number] as number;
    return { bytes: keys.bytes, start: keys.startOf(row), end: keys.endOf(row), hash: keys.hashOf(row) };
  }

  private rowFor(key: KeyBytes): number {
    const known = this.keys.find(key);
    if (known >= 0) return known;
    const number = this.size;
    const row = this.keys.add(key);
    if (number === this.rows.length) {
      const longer = new Uint32Array(2 * number);
      longer.set(this.rows);
      this.rows = longer;
    }
    this.rows[number] = row;
    return row;
  }

  private holesOf(row: number): Holes {
    return this.holes.size === 0 ? NO_HOLES : (this.holes.get(row) ?? NO_HOLES);
  }

  private setHoles(row: number, holes: Holes): void {
    if (holes.length > 0) this.holes.set(row, holes);
    else if (this.holes.size > 0) this.holes.delete(row);
  }
}
