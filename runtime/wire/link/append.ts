import { IrisError } from '../../contract/errors.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Append       => 10 flags:u8 correlation:u32 publisher:u32 envelope
 * Appends      => 13 correlation:u32 item*                        since version 3; the first item has `correlation`, each other the next one
 *   item       => flags:u8 publisher:u32 length:u32 envelope
 * Appended     => 90 correlation:u32 count:u32 durability:u8      correlation … correlation + count - 1 are durable
 * Refused      => 91 correlation:u32 code:u16 retryAfterMs:u32 recipient:bytes16 message:text16
 * PublisherEnd => 11 publisher:u32                                its refusals need not be remembered
 *
 * `flags` are SEND’s. Correlations grow by one per link and wrap at 2^32.
 */
const APPEND_ENVELOPE_AT = 10;
const APPENDS_ITEMS_AT = 5;
const ITEM_ENVELOPE_AT = 9;
/** Link version that knows APPENDS. */
export const APPENDS_VERSION = 3;

/** Steps over what an APPEND or an APPENDS appends; reusable. The fields are those of the append that `next` has stepped on. */
export class AppendReader {
  correlation = 0;
  flags = 0;
  publisher = 0;
  /** The envelope is `buffer[start … end)`. */
  start = 0;
  end = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private frameEnd = 0;
  private isGathered = false;

  /** Stands before the first append of the frame `buffer[at … end)`; of another frame there is none. */
  reset(buffer: Buffer, at: number, end: number): this {
    const opcode = buffer[at];
    this.buffer = buffer;
    this.isGathered = opcode === LinkOpcode.Appends;
    this.frameEnd = end;
    this.end = end;
    if (this.isGathered) {
      this.needs(at + APPENDS_ITEMS_AT);
      this.correlation = buffer.readUInt32BE(at + 1) - 1;
      this.end = at + APPENDS_ITEMS_AT;
    } else if (opcode === LinkOpcode.Append) this.end = at;
    return this;
  }

  /** False behind the last. @throws IrisError FRAME_TRUNCATED */
  next(): boolean {
    const at = this.end;
    const { buffer } = this;
    if (at === this.frameEnd) return false;
    this.start = at + (this.isGathered ? ITEM_ENVELOPE_AT : APPEND_ENVELOPE_AT);
    this.needs(this.start);
    if (this.isGathered) {
      this.correlation = (this.correlation + 1) >>> 0;
      this.flags = buffer[at] as number;
      this.publisher = buffer.readUInt32BE(at + 1);
      this.end = this.start + buffer.readUInt32BE(at + 5);
      this.needs(this.end);
      return true;
    }
    this.flags = buffer[at + 1] as number;
    this.correlation = buffer.readUInt32BE(at + 2);
    this.publisher = buffer.readUInt32BE(at + 6);
    this.end = this.frameEnd;
    return true;
  }

  private needs(place: number): void {
    if (place > this.frameEnd) throw new IrisError('FRAME_TRUNCATED', `an append ends ${place - this.frameEnd} bytes past its frame`);
  }
}

/** Opens an APPEND up to its envelope, which the caller writes before `endFrame`. */
export function beginAppend(out: ByteWriter, flags: number, correlation: number, publisher: number): number {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Append);
  out.u8(flags);
  out.u32(correlation);
  out.u32(publisher);
  return mark;
}

/** Opens an APPENDS up to its first item. */
export function beginAppends(out: ByteWriter, correlation: number): number {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Appends);
  out.u32(correlation);
  return mark;
}

/** Opens an item up to its envelope, which the caller writes before `endItem`. */
export function beginItem(out: ByteWriter, flags: number, publisher: number): number {
  out.u8(flags);
  out.u32(publisher);
  return out.beginFrame();
}

export function encodeAppended(out: ByteWriter, correlation: number, count: number, durability: number): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Appended);
  out.u32(correlation);
  out.u32(count);
  out.u8(durability);
  out.endFrame(mark);
}

export interface RefusedFrame {
  readonly correlation: number;
  readonly wire: number;
  readonly retryAfterMs: number;
  readonly recipient: Buffer;
  readonly message: string;
}

export function decodeRefused(reader: ByteReader): RefusedFrame {
  return {
    correlation: reader.u32(),
    wire: reader.u16(),
    retryAfterMs: reader.u32(),
    recipient: reader.bytes16(1_024, 'recipient'),
    message: reader.text16(4_096, 'message'),
  };
}

export function encodeRefused(out: ByteWriter, frame: RefusedFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Refused);
  out.u32(frame.correlation);
  out.u16(frame.wire);
  out.u32(frame.retryAfterMs);
  out.bytes16(frame.recipient);
  out.text16(frame.message);
  out.endFrame(mark);
}

export function encodePublisherEnd(out: ByteWriter, publisher: number): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.PublisherEnd);
  out.u32(publisher);
  out.endFrame(mark);
}
