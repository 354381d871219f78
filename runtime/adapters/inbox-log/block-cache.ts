/** Bytes of one block: what one read of the disk brings in. */
export const BLOCK_BYTES = 65_536;
/** Above the blocks of any segment, so that segment and block make one key. */
const BLOCKS_PER_SEGMENT_MAX = 0x1_0000;

/**
 * Blocks of the log in memory, `bytesMax` at the most. Two generations: a look-up refreshes, a full young one replaces the old, which
 * costs less than ordering every touch. The buffers go round, so that a log that is written fast makes no garbage: what `get` returns
 * is good until the next `take`, and no longer than until the caller waits for anything.
 */
export class BlockCache {
  private readonly youngMax: number;
  private young = new Map<number, Buffer>();
  private old = new Map<number, Buffer>();
  private readonly free: Buffer[] = [];
  /** Blocks that were looked for, and found. */
  asked = 0;
  hits = 0;

  constructor(bytesMax: number) {
    this.youngMax = Math.max(1, Math.floor(bytesMax / BLOCK_BYTES / 2));
  }

  /** A buffer for one block, with whatever is in it. */
  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  get(segment: number, block: number): Buffer | undefined {
    const key = segment * BLOCKS_PER_SEGMENT_MAX + block;
    this.asked++;
    const found = this.young.get(key) ?? this.refreshed(key);
    if (found !== undefined) this.hits++;
    return found;
  }

  private refreshed(key: number): Buffer | undefined {
    const older = this.old.get(key);
    if (older === undefined) return undefined;
    this.old.delete(key);
    this.add(key, older);
    return older;
  }

  /** Takes over a block’s buffer. */
  put(segment: number, block: number, bytes: Buffer): void {
    this.add(segment * BLOCKS_PER_SEGMENT_MAX + block, bytes);
  }

  /** Forgets the first `blocks` blocks of a segment. */
  drop(segment: number, blocks: number): void {
    for (let block = 0; block < blocks; block++) {
      const key = segment * BLOCKS_PER_SEGMENT_MAX + block;
      const bytes = this.young.get(key) ?? this.old.get(key);
      if (bytes === undefined) continue;
      this.young.delete(key);
      this.old.delete(key);
      this.free.push(bytes);
    }
  }

  private add(key: number, bytes: Buffer): void {
    if (this.young.size >= this.youngMax) {
      for (const dropped of this.old.values()) if (this.free.length < this.youngMax) this.free.push(dropped);
      this.old = this.young;
      this.young = new Map();
    }
    // Two reads of one block at a time load it twice; the buffer of the first may be in use and is left to the collector.
    this.old.delete(key);
    this.young.set(key, bytes);
  }
}
