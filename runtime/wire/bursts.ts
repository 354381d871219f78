import { ByteWriter } from './byte-writer.ts';

/** Something that sends bytes and wants all frames of one burst in one write. */
export interface BurstTarget {
  /** Owned by `Bursts`: the writer while a burst is open. */
  burst: ByteWriter | undefined;
  /** Bytes that its bursts mostly have, where that is far more than a frame: room for them is made at once. */
  readonly burstBytes?: number;
  writeBurst(bytes: Buffer): void;
}

/** Writers kept for reuse; a burst touches this many targets at once before new ones are made. */
const POOL_MAX = 1_024;
/** A writer that grew beyond this is dropped after use, so that one large burst does not stay in memory. */
const KEPT_BYTES_MAX = 262_144;

/**
 * Gathers what one burst of input makes each connection send, and writes it once when the burst ends: one system call per connection
 * and burst, and no memory held by an idle connection.
 */
export class Bursts {
  private readonly soon: (callback: () => void) => void;
  private readonly pool: ByteWriter[] = [];
  private dirty: BurstTarget[] = [];
  private readonly flush = () => this.flushNow();

  /** `soon` runs its callback when the current burst of input has been handled. */
  constructor(soon: (callback: () => void) => void) {
    this.soon = soon;
  }

  writer(target: BurstTarget): ByteWriter {
    if (target.burst !== undefined) return target.burst;
    const { burstBytes = 0 } = target;
    target.burst = burstBytes > KEPT_BYTES_MAX ? new ByteWriter(burstBytes) : (this.pool.pop() ?? new ByteWriter(4_096));
    this.dirty.push(target);
    if (this.dirty.length === 1) this.soon(this.flush);
    return target.burst;
  }

  /** Writes everything now; for a connection that is about to close. */
  flushNow(): void {
    const dirty = this.dirty;
    this.dirty = [];
    for (const target of dirty) {
      const writer = target.burst as ByteWriter;
      target.burst = undefined;
      const isKept = this.pool.length < POOL_MAX && writer.buffer.length <= KEPT_BYTES_MAX;
      const bytes = isKept ? writer.take() : writer.buffer.subarray(0, writer.length);
      if (isKept) this.pool.push(writer);
      target.writeBurst(bytes);
    }
  }
}
