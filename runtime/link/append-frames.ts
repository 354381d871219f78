import { APPENDS_BYTES_MAX } from '../contract/limits.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { beginAppend, beginAppends, beginItem } from '../wire/link/append.ts';

const NONE = -1;

/**
 * Writes appends one behind the other: what stands together in a burst goes as one APPENDS, whoever sent it to whom (link version 3); to
 * an older owner each goes as an APPEND. Between `begin` and `end` the caller writes an envelope.
 */
export class AppendFrames {
  /** The peer knows APPENDS. What was written for another peer is written anew for the next one. */
  isGathering = true;
  /** The frame written last, which may go on while nothing stands behind it. */
  private out: ByteWriter | undefined;
  private mark = 0;
  private item = NONE;
  private endAt = 0;
  private next = 0;

  /** `correlation` as on the wire; `bytes` of its envelope. */
  begin(out: ByteWriter, append: { flags: number; correlation: number; publisherId: number }, bytes: number): void {
    const { flags, correlation, publisherId } = append;
    if (!this.isGathering) {
      this.mark = beginAppend(out, flags, correlation, publisherId);
      this.item = NONE;
    } else {
      const goesOn =
        this.isLast(out) && this.item !== NONE && correlation === this.next && out.length - this.mark + bytes <= APPENDS_BYTES_MAX;
      if (!goesOn) this.mark = beginAppends(out, correlation);
      this.item = beginItem(out, flags, publisherId);
      this.next = (correlation + 1) >>> 0;
    }
    this.out = out;
  }

  /** The envelope is written; or the one written last has grown. */
  end(out: ByteWriter): void {
    if (this.item !== NONE) out.endFrame(this.item);
    out.endFrame(this.mark);
    this.endAt = out.length;
  }

  /** True while what was written last is the last of the burst. */
  isLast(out: ByteWriter): boolean {
    return this.out === out && this.endAt === out.length;
  }

  /** The burst is over. */
  close(): void {
    this.out = undefined;
  }
}
