import { type KeyBytes, KeyTable, keyHash, keyOfText } from '../../contract/key-table.ts';
import type { StoredMark } from '../../ports/inbox-store.ts';
import type { OperationReader } from './log-operations.ts';
import { type MarkRow, RowKind, rowHashOf } from './mark-row.ts';

type Holes = StoredMark['holes'];
const NO_HOLES: Holes = [];

/** Marks that the log says and no run does yet: the last of each key, outside the collected heap. */
export class PendingMarks {
  private readonly keys = new KeyTable();
  private highs = new Float64Array(0);
  private times = new Float64Array(0);
  /** Of the record of the log that says the mark. */
  private sequences = new Float64Array(0);
  /** By number; few have any. */
  private readonly holes = new Map<number, Holes>();

  get size(): number {
    return this.keys.size;
  }

  /** The mark that `operation` stands on; `hash` is its key’s where that is known. */
  take(operation: OperationReader, hash: number | undefined, sequence: number): void {
    const { bytes, keyStart: start, bodyStart: end } = operation;
    const number = this.numberOf({ bytes, start, end, hash: hash ?? keyHash(bytes, start, end) });
    this.highs[number] = operation.number;
    this.times[number] = operation.markTimeMs;
    this.sequences[number] = sequence;
    this.setHoles(number, operation.markHoles);
  }

  of(text: string): StoredMark | undefined {
    const number = this.keys.find(keyOfText(text));
    return number < 0 ? undefined : { high: this.highs[number] as number, holes: this.holesOf(number) };
  }

  /** Those of records after this one. */
  after(sequence: number): PendingMarks {
    let isWhole = true;
    for (let number = 0; number < this.size && isWhole; number++) isWhole = (this.sequences[number] as number) > sequence;
    if (isWhole) return this;
    const left = new PendingMarks();
    for (let number = 0; number < this.size; number++) if ((this.sequences[number] as number) > sequence) left.copy(this, number);
    return left;
  }

  /** Takes what `older` has of other keys. */
  addMissing(older: PendingMarks): void {
    for (let number = 0; number < older.size; number++) if (this.keys.find(older.key(number)) < 0) this.copy(older, number);
  }

  /** As a run holds it. */
  rowOf(number: number): MarkRow {
    const { bytes, start, end } = this.key(number);
    return { bytes, start, end, high: this.highs[number] as number, timeMs: this.times[number] as number, holes: this.holesOf(number) };
  }

  /** The hash of that row, which is not the one of memory’s table. */
  rowHash(number: number): number {
    const { keys } = this;
    return rowHashOf(RowKind.mark, keys.bytes, keys.startOf(number), keys.endOf(number));
  }

  private copy(from: PendingMarks, number: number): void {
    const own = this.numberOf(from.key(number));
    this.highs[own] = from.highs[number] as number;
    this.times[own] = from.times[number] as number;
    this.sequences[own] = from.sequences[number] as number;
    this.setHoles(own, from.holesOf(number));
  }

  private key(number: number): KeyBytes {
    const { keys } = this;
    return { bytes: keys.bytes, start: keys.startOf(number), end: keys.endOf(number), hash: keys.hashOf(number) };
  }

  private numberOf(key: KeyBytes): number {
    const known = this.keys.find(key);
    if (known >= 0) return known;
    const number = this.keys.add(key);
    if (number >= this.highs.length) this.widen(this.keys.capacity);
    return number;
  }

  private holesOf(number: number): Holes {
    return this.holes.get(number) ?? NO_HOLES;
  }

  private setHoles(number: number, holes: Holes): void {
    if (holes.length > 0) this.holes.set(number, holes);
    else if (this.holes.size > 0) this.holes.delete(number);
  }

  private widen(length: number): void {
    const { highs, times, sequences } = this;
    this.highs = new Float64Array(length);
    this.highs.set(highs);
    this.times = new Float64Array(length);
    this.times.set(times);
    this.sequences = new Float64Array(length);
    this.sequences.set(sequences);
  }
}
