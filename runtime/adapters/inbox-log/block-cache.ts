/** Bytes of one block: what one read of the disk brings in. */
export const BLOCK_BYTES = 65_536;
/** Above the blocks of any segment, so that segment and block make one key. */
const BLOCKS_PER_SEGMENT_MAX = 0x1_0000;

/**
 * Blocks of the log in memory, `bytesMax` at the most. Two generations: a look-up refreshes, a full young one replaces the old, which
 * costs less than ordering every touch.
 */
export class BlockCache {
  private readonly youngMax: number;
  private young = new Map<number, Buffer>();
  private old = new Map<number, Buffer>();

  constructor(bytesMax: number) {
    this.youngMax = Math.max(1, Math.floor(bytesMax / BLOCK_BYTES / 2));
  }

  get(segment: number, block: number): Buffer | undefined {
    const key = segment * BLOCKS_PER_SEGMENT_MAX + block;
    const found = this.young.get(key);
    if (found !== undefined) return found;
    const older = this.old.get(key);
    if (older !== undefined) this.put(segment, block, older);
    return older;
  }

  put(segment: number, block: number, bytes: Buffer): void {
    if (this.young.size >= this.youngMax) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(segment * BLOCKS_PER_SEGMENT_MAX + block, bytes);
  }

  /** Forgets the first `blocks` blocks of a segment. */
  drop(segment: number, blocks: number): void {
    for (let block = 0; block < blocks; block++) {
      const key = segment * BLOCKS_PER_SEGMENT_MAX + block;
      this.young.delete(key);
      this.old.delete(key);
    }
  }
}
