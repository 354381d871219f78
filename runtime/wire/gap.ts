import type { InboxGap } from '../contract/inbox-gap.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Gap => bucket:u32 from:u64 through:u64 messages:u64 firstStamp:u64 lastStamp:u64 reason:u8 */
export function writeGap(out: ByteWriter, gap: InboxGap): void {
  out.u32(gap.bucket);
  out.u64(gap.from);
  out.u64(gap.through);
  out.u64(gap.messages);
  out.u64(gap.firstStamp);
  out.u64(gap.lastStamp);
  out.u8(gap.reason);
}

/** @throws IrisError FRAME_TRUNCATED */
export function readGap(reader: ByteReader): InboxGap {
  return {
    bucket: reader.u32(),
    from: reader.u64(),
    through: reader.u64(),
    messages: reader.u64(),
    firstStamp: reader.u64(),
    lastStamp: reader.u64(),
    reason: reader.u8(),
  };
}
