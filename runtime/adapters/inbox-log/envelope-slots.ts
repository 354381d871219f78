const CHUNK_BITS = 14;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
const WITHIN_CHUNK = CHUNK_SLOTS - 1;
/** Below every slot: a number that V8 keeps without an object, as slots are. */
const NONE = -1;

/** Where an envelope stands in the log. */
export interface EnvelopePlace {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
  /** Messages in it. */
  readonly count: number;
  /** Messages before it are acknowledged. */
  readonly firstIndex: number;
}

interface Chunk {
  readonly positions: Float64Array;
  readonly segments: Uint32Array;
  readonly offsets: Uint32Array;
  /** Bytes of the envelope; of a free slot, the next free one or NONE. */
  readonly lengths: Int32Array;
  readonly counts: Uint16Array;
  readonly firstIndexes: Uint16Array;
}

/**
 * What is known of each waiting envelope, in 24 bytes and outside the collected heap. Grows by 16,384 slots at a time, so that it
 * never copies; a slot that is freed is used again.
 */
export class EnvelopeSlots {
  /** Slots in use. */
  used = 0;
  private readonly chunks: Chunk[] = [];
  private freed = NONE;
  private fresh = 0;

  take(position: number, place: EnvelopePlace): number {
    const slot = this.freeSlot();
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Chunk;
    chunk.positions[slot & WITHIN_CHUNK] = position;
    this.used++;
    this.setPlace(slot, place);
    return slot;
  }

  setPlace(slot: number, { segment, offset, length, count, firstIndex }: EnvelopePlace): void {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Chunk;
    const at = slot & WITHIN_CHUNK;
    chunk.segments[at] = segment;
    chunk.offsets[at] = offset;
    chunk.lengths[at] = length;
    chunk.counts[at] = count;
    chunk.firstIndexes[at] = firstIndex;
  }

  free(slot: number): void {
    (this.chunks[slot >>> CHUNK_BITS] as Chunk).lengths[slot & WITHIN_CHUNK] = this.freed;
    this.freed = slot;
    this.used--;
  }

  position(slot: number): number {
    return (this.chunks[slot >>> CHUNK_BITS] as Chunk).positions[slot & WITHIN_CHUNK] as number;
  }

  place(slot: number): EnvelopePlace {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Chunk;
    const at = slot & WITHIN_CHUNK;
    return {
      segment: chunk.segments[at] as number,
      offset: chunk.offsets[at] as number,
      length: chunk.lengths[at] as number,
      count: chunk.counts[at] as number,
      firstIndex: chunk.firstIndexes[at] as number,
    };
  }

  segment(slot: number): number {
    return (this.chunks[slot >>> CHUNK_BITS] as Chunk).segments[slot & WITHIN_CHUNK] as number;
  }

  isAt(slot: number, segment: number, offset: number): boolean {
    const chunk = this.chunks[slot >>> CHUNK_BITS] as Chunk;
    const at = slot & WITHIN_CHUNK;
    return chunk.segments[at] === segment && chunk.offsets[at] === offset;
  }

  length(slot: number): number {
    return (this.chunks[slot >>> CHUNK_BITS] as Chunk).lengths[slot & WITHIN_CHUNK] as number;
  }

  count(slot: number): number {
    return (this.chunks[slot >>> CHUNK_BITS] as Chunk).counts[slot & WITHIN_CHUNK] as number;
  }

  /** Marks a slot that cannot be freed yet, since its row still counts it: an envelope has one message at least. */
  kill(slot: number): void {
    (this.chunks[slot >>> CHUNK_BITS] as Chunk).counts[slot & WITHIN_CHUNK] = 0;
  }

  isDead(slot: number): boolean {
    return this.count(slot) === 0;
  }

  setFirstIndex(slot: number, firstIndex: number): void {
    (this.chunks[slot >>> CHUNK_BITS] as Chunk).firstIndexes[slot & WITHIN_CHUNK] = firstIndex;
  }

  private freeSlot(): number {
    if (this.freed !== NONE) {
      const slot = this.freed;
      this.freed = this.length(slot);
      return slot;
    }
    if (this.fresh === this.chunks.length * CHUNK_SLOTS) {
      this.chunks.push({
        positions: new Float64Array(CHUNK_SLOTS),
        segments: new Uint32Array(CHUNK_SLOTS),
        offsets: new Uint32Array(CHUNK_SLOTS),
        lengths: new Int32Array(CHUNK_SLOTS),
        counts: new Uint16Array(CHUNK_SLOTS),
        firstIndexes: new Uint16Array(CHUNK_SLOTS),
      });
    }
    return this.fresh++;
  }
}
