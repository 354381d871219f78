/**
 * The highest sequence of each sender’s device to each recipient (L2): a window in memory over the store’s rows. What falls out of
 * memory is read again only for frames marked as retries; a first transmission cannot be a duplicate.
 */
export class SequenceMarks {
  private readonly entriesMax: number;
  /** Two generations: a look-up refreshes, a full young one replaces the old. Cheaper than ordering every touch. */
  private young = new Map<string, number>();
  private old = new Map<string, number>();

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  get(key: string): number | undefined {
    const mark = this.young.get(key);
    if (mark !== undefined) return mark;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, sequence: number): void {
    this.young.set(key, sequence);
    if (this.young.size * 2 <= this.entriesMax) return;
    this.old = this.young;
    this.young = new Map();
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }
}
