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
/** Rows that a batch touches before there has to be more room to note them. */
const FIRST_TOUCHED = 1_024;

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
  /** Rows that the batch has touched, `touchedCount` of them, and the marks they had before. */
  private touched = new Uint32Array(FIRST_TOUCHED);
  private before = new Float64Array(FIRST_TOUCHED);
  private touchedCount = 0;

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  begin(): void {
    this.batch++;
    this.touchedCount = 0;
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
      if (this.touchedCount === this.touched.length) this.growTouched();
      this.touched[this.touchedCount] = at;
      this.before[this.touchedCount++] = numbers[at + HIGH] as number;
    }
    numbers[at + HIGH] = high;
  }

  /** Writes what the batch has touched. */
  async write(batch: StoreBatch, nowMs: number, turns: Turns): Promise<void> {
    const { young } = this;
    const key = { bytes: young.bytes, start: 0, end: 0, hash: 0 };
    for (let i = 0; i < this.touchedCount; i++) {
      const row = this.touched[i] as number;
      // The table grows where a row is looked for meanwhile.
      key.bytes = young.bytes;
      key.start = young.startOf(row);
      key.end = young.endOf(row);
      key.hash = young.hashOf(row);
      batch.markRow(key, young.numbers[row + HIGH] as number, this.holesAt(row), nowMs);
      if (turns.spend(key.end - key.start)) await turns.rest();
    }
  }

  /** The batch does not count. */
  undo(): void {
    for (let i = 0; i < this.touchedCount; i++) this.young.numbers[(this.touched[i] as number) + HIGH] = this.before[i] as number;
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

  private growTouched(): void {
    const [touched, before] = [new Uint32Array(2 * this.touchedCount), new Float64Array(2 * this.touchedCount)];
    touched.set(this.touched);
    before.set(this.before);
    this.touched = touched;
    this.before = before;
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
