import type { StoredMark } from '../ports/inbox-store.ts';

type Holes = StoredMark['holes'];
const NO_HOLES: Holes = [];

/** A row’s highest sequence, and what it was before the batch that is being decided. */
export interface MarkedRow {
  readonly key: string;
  high: number;
  /** Of a row that the batch has touched; undefined where it was not known before. */
  before: number | undefined;
  isTouched: boolean;
}

/**
 * The marks of all rows (L2): a window in memory over the store’s rows. A row that has been found is held through a decision,
 * since with many rows a look-up misses the processor’s cache; holes are rare and kept apart.
 */
export class SequenceMarks {
  private readonly entriesMax: number;
  /** Two generations: a look-up refreshes, a full young one replaces the old. Cheaper than ordering every touch. */
  private young = new Map<string, MarkedRow>();
  private old = new Map<string, MarkedRow>();
  private readonly holes = new Map<string, Holes>();

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  row(key: string): MarkedRow | undefined {
    const row = this.young.get(key);
    if (row !== undefined) return row;
    const older = this.old.get(key);
    if (older !== undefined) this.keep(older);
    return older;
  }

  high(key: string): number | undefined {
    return this.row(key)?.high;
  }

  setHigh(key: string, high: number): void {
    const row = this.row(key);
    if (row === undefined) this.add(key, high);
    else row.high = high;
  }

  /** A row that `row` does not know. */
  add(key: string, high: number): MarkedRow {
    const row = { key, high, before: undefined, isTouched: false };
    this.keep(row);
    return row;
  }

  holesOf(key: string): Holes {
    return this.holes.size === 0 ? NO_HOLES : (this.holes.get(key) ?? NO_HOLES);
  }

  setHoles(key: string, holes: Holes): void {
    if (holes.length > 0) this.holes.set(key, holes);
    else this.holes.delete(key);
  }

  forget(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
    this.holes.delete(key);
  }

  private keep(row: MarkedRow): void {
    this.young.set(row.key, row);
    if (this.young.size * 2 <= this.entriesMax) return;
    this.old = this.young;
    this.young = new Map();
  }
}
