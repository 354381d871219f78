import { isIntact, NONCE_BYTES, RECORD_HEADER_BYTES, type RecordHeader, readHeader, recordLength } from './log-record.ts';
import { SEGMENT_HEADER_BYTES, type SegmentFile } from './segment-file.ts';

const WINDOW_BYTES = 4 * 1_048_576;

/** Walks over the records of a segment, a window of the file at a time. The fields are those of the record that `next` has stepped on. */
export class RecordScanner {
  /** The record is `bytes[start … end)`; both are good until the next step. */
  bytes: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  start = 0;
  end = 0;
  private readonly segment: SegmentFile;
  private readonly limit: number;
  private filled = 0;
  /** Where in the file the window begins. */
  private base = SEGMENT_HEADER_BYTES;

  /** Reads as if the file ended at byte `limit`. */
  constructor(segment: SegmentFile, limit = Number.POSITIVE_INFINITY) {
    this.segment = segment;
    this.limit = limit;
  }

  /** Where in the file the record begins; after the last one, where it ends. */
  get offset(): number {
    return this.base + this.start;
  }

  get header(): RecordHeader {
    return readHeader(this.bytes, this.start);
  }

  /** False where no intact record begins: at the end of the log, or at damage. */
  async next(): Promise<boolean> {
    this.start = this.end;
    if (this.filled - this.start < RECORD_HEADER_BYTES) await this.fill(RECORD_HEADER_BYTES);
    const length = recordLength(this.bytes, this.start, this.filled, this.segment.header.nonce);
    if (length === undefined) return false;
    if (this.filled - this.start < length) await this.fill(length);
    if (this.filled - this.start < length || !isIntact(this.bytes, this.start, length)) return false;
    this.end = this.start + length;
    return true;
  }

  /**
   * The first intact record behind the place where `next` came to an end. Its existence tells damage from the end of the log.
   * Returns false when there is none.
   */
  async skipDamage(): Promise<boolean> {
    let from = this.start + 1;
    for (;;) {
      const at = this.bytes.subarray(0, this.filled).indexOf(this.segment.header.nonce, from);
      if (at >= 0) {
        this.end = at;
        if (await this.next()) return true;
        from = this.start + 1;
        continue;
      }
      this.start = Math.min(this.filled, Math.max(from, this.filled - NONCE_BYTES + 1));
      const rest = this.filled - this.start;
      await this.fill(WINDOW_BYTES / 2);
      if (this.filled <= rest) return false;
      from = 0;
    }
  }

  /** Moves the window so that it holds `count` bytes from `start`, or what is left of the file. */
  private async fill(count: number): Promise<void> {
    const rest = this.filled - this.start;
    const window = count > this.bytes.length ? Buffer.allocUnsafeSlow(count) : this.bytes;
    this.bytes.copy(window, 0, this.start, this.filled);
    this.bytes = window;
    this.base += this.start;
    this.start = 0;
    this.end = 0;
    const end = Math.max(rest, Math.min(window.length, this.limit - this.base));
    this.filled = rest + (await this.segment.readRaw(window.subarray(0, end), rest, this.base + rest));
  }
}
