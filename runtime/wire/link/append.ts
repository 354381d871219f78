import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Append       => 10 flags:u8 correlation:u32 publisher:u32 envelope
 * Appended     => 90 correlation:u32 count:u32 durability:u8      correlation … correlation + count - 1 are durable
 * Refused      => 91 correlation:u32 code:u16 retryAfterMs:u32 recipient:bytes16 message:text16
 * PublisherEnd => 11 publisher:u32                                its refusals need not be remembered
 *
 * `flags` are SEND’s. Correlations grow by one per link and wrap at 2^32.
 */
export const APPEND_FLAGS_AT = 1;
export const APPEND_CORRELATION_AT = 2;
export const APPEND_ENVELOPE_AT = 10;

/** Opens an APPEND up to its envelope, which the caller writes before `endFrame`. */
export function beginAppend(out: ByteWriter, flags: number, correlation: number, publisher: number): number {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Append);
  out.u8(flags);
  out.u32(correlation);
  out.u32(publisher);
  return mark;
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
