import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { LinkOpcode } from './opcodes.ts';

/** Link version since which an envelope can be set aside; an older owner knows no way to go on. */
export const UNDELIVERED_VERSION = 2;
/** Bytes of a reason that travels; the rest is in the log of the node that met it. */
const REASON_BYTES_MAX = 1_024;

/** An envelope that a session could not be given, HANDLER_TRIES_MAX times. */
export interface UndeliveredFrame {
  readonly attachment: number;
  readonly bucket: number;
  readonly position: number;
  readonly tries: number;
  readonly reason: string;
}

/** Undelivered => 31 attachment:u32 bucket:u32 position:u64 tries:u8 reason:text16 */
export function encodeUndelivered(out: ByteWriter, frame: UndeliveredFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Undelivered);
  out.u32(frame.attachment);
  out.u32(frame.bucket);
  out.u64(frame.position);
  out.u8(frame.tries);
  out.text16(frame.reason.slice(0, REASON_BYTES_MAX / 4));
  out.endFrame(mark);
}

export function decodeUndelivered(reader: ByteReader): UndeliveredFrame {
  const [attachment, bucket, position, tries] = [reader.u32(), reader.u32(), reader.u64(), reader.u8()];
  return { attachment, bucket, position, tries, reason: reader.text16(REASON_BYTES_MAX, 'reason') };
}
