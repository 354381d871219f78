import type { InboxGap } from '../../contract/inbox-gap.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { readGap, writeGap } from '../gap.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/** Gap => 8d gap options. Since version 3. Comes before what follows the gap, again at each login until a cursor at or past `through` is acknowledged. */
export function encodeGap(out: ByteWriter, gap: InboxGap): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Gap);
  writeGap(out, gap);
  out.endFrame(mark);
}

export function decodeGap(reader: ByteReader): InboxGap {
  const gap = readGap(reader);
  skipOptions(reader);
  return gap;
}
