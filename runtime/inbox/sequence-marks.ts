import { type KeyBytes, KeyTable } from '../contract/key-table.ts';
import type { Turns } from '../measure/turns.ts';
import type { StoreBatch, StoredMark } from '../ports/inbox-store.ts';
import { RowKey } from './row-key.ts';

type Holes = StoredMark['holes'];
const NO_HOLES: Holes = [];
/** In the place of a row’s mark: memory does not know it. */
const UNKNOWN = -1;

/** What a row of the window has: its mark, and the batch that touched it last. */
const HIGH = 0;
const BATCH = 1;
const WIDTH = 2;

/**
 * The marks of all rows (L2): a window in memory over the store’s rows, and which of them the batch that is being decided has touched. With
 * many rows a look-up misses the processor’s cache, so a row that has been found is held through a decision. Rows are named for one
 * batch. Holes are rare and kept apart.
 */
export class SequenceMarks {
  private readonly entriesMax: number;
  /** Two generations: a look-up refreshes, a full young one replaces the old between batches. Cheaper than ordering every touch. */
  private young = new KeyTable(WIDTH);
  private old = new KeyTable(WIDTH);
  private readonly holes = new Map<string, Holes>();
  private readonly named = new RowKey();
  /** Rows whose mark was wanted, and those of them that had one here. */
  readonly use = { asked: 0, hits: 0 };
  private batch = 0;
  private touched: number[] = [];
  /** The marks of those that were touched, before they were. */
  private before: number[] = [];

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  begin(): void {
    this.batch++;
    this.touched = [];
    this.before = [];
    if (this.young.size * 2 <= this.entriesMax) return;
    this.forgetHoles();
    this.old = this.young;
    this.young = new KeyTable(WIDTH);
  }

  /** The row; -1 where memory has nothing of it. */
  row(key: KeyBytes): number {
    const row = this.young.find(key);
    if (row >= 0 || this.old.size === 0) return row;
    const older = this.old.find(key);
    return older < 0 ? -1 : this.add(key, this.old.numbers[older + HIGH] as number);
  }

  /** Undefined where memory does not know it. */
  highAt(row: number): number | undefined {
    const high = row < 0 ? UNKNOWN : (this.young.numbers[row + HIGH] as number);
    return high === UNKNOWN ? undefined : high;
  }

  /** Whether memory has the mark of a row that is wanted; it is counted. */
  hits(row: number): boolean {
    const isHere = this.highAt(row) !== undefined;
    this.use.asked++;
    if (isHere) this.use.hits++;
    return isHere;
  }

  high(key: string): number | undefined {
    return this.highAt(this.row(this.named.ofText(key)));
  }

  /** High 0 where memory does not know it. */
  mark(key: string): StoredMark {
    return { high: this.high(key) ?? 0, holes: this.holesOf(key) };
  }

  setHigh(key: string, high: number): void {
    const row = this.row(this.named.ofText(key));
    if (row < 0) this.add(this.named, high);
    else this.young.numbers[row + HIGH] = high;
  }

  /** The batch sets the mark of a row; `row` is -1 for one that memory has nothing of. */
  touch(row: number, key: KeyBytes, high: number): void {
    const at = row < 0 ? this.add(key, UNKNOWN) : row;
    const { numbers } = this.young;
    if (numbers[at + BATCH] !== this.batch) {
      numbers[at + BATCH] = this.batch;
      this.touched.push(at);
      this.before.push(numbers[at + HIGH] as number);
    }
    numbers[at + HIGH] = high;
  }

  /** Writes what the batch has touched. */
  async write(batch: StoreBatch, nowMs: number, turns: Turns): Promise<void> {
    const { young } = this;
    const key = { bytes: young.bytes, start: 0, end: 0, hash: 0 };
    for (const row of this.touched) {
      // The table grows where a row is looked for meanwhile.
      key.bytes = young.bytes;
      key.start = young.startOf(row);
      key.end = young.endOf(row);
      key.hash = young.hashOf(row);
      batch.markRow(key, { high: young.numbers[row + HIGH] as number, holes: this.holesAt(row) }, nowMs);
      if (turns.spend(key.end - key.start)) await turns.rest();
    }
  }

  /** The batch does not count. */
  undo(): void {
    this.touched.forEach((row, i) => {
      this.young.numbers[row + HIGH] = this.before[i] as number;
    });
  }

  get hasHoles(): boolean {
    return this.holes.size > 0;
  }

  holesOf(key: string): Holes {
    return this.holes.get(key) ?? NO_HOLES;
  }

  setHoles(key: string, holes: Holes): void {
    if (holes.length > 0) this.holes.set(key, holes);
    else this.holes.delete(key);
  }

  forget(key: string): void {
    const row = this.row(this.named.ofText(key));
    if (row >= 0) this.young.numbers[row + HIGH] = UNKNOWN;
    this.holes.delete(key);
  }

  private add(key: KeyBytes, high: number): number {
    const row = this.young.add(key);
    this.young.numbers[row + HIGH] = high;
    return row;
  }

  /** Of the rows that memory gives up; the store has them. */
  private forgetHoles(): void {
    for (const key of this.holes.keys()) if (this.young.find(this.named.ofText(key)) < 0) this.holes.delete(key);
  }

  private holesAt(row: number): Holes {
    return this.hasHoles ? this.holesOf(this.young.textOf(row)) : NO_HOLES;
  }
}
