import type { StoredMark } from '../ports/inbox-store.ts';

type Holes = StoredMark['holes'];

/**
 * The marks of all rows (L2): a window in memory over the store’s rows. Highest sequences are kept as bare numbers; holes are rare and
 * kept apart.
 */
export class SequenceMarks {
  private readonly entriesMax: number;
  /** Two generations: a look-up refreshes, a full young one replaces the old. Cheaper than ordering every touch. */
  private young = new Map<string, number>();
  private old = new Map<string, number>();
  private readonly holes = new Map<string, Holes>();

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  high(key: string): number | undefined {
    const mark = this.young.get(key);
    if (mark !== undefined) return mark;
    const older = this.old.get(key);
    if (older !== undefined) this.setHigh(key, older);
    return older;
  }

  setHigh(key: string, sequence: number): void {
    this.young.set(key, sequence);
    if (this.young.size * 2 <= this.entriesMax) return;
    this.old = this.young;
    this.young = new Map();
  }

  holesOf(key: string): Holes {
    return this.holes.size === 0 ? [] : (this.holes.get(key) ?? []);
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
}
