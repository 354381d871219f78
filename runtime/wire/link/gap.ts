import type { InboxGap } from '../../contract/inbox-gap.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { writeGap } from '../gap.ts';
import { LinkOpcode } from './opcodes.ts';

/** Gap => ad attachment:u32 gap. Since version 2. Read with `readGap` behind the attachment. */
export function encodeLinkGap(out: ByteWriter, attachment: number, gap: InboxGap): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Gap);
  out.u32(attachment);
  writeGap(out, gap);
  out.endFrame(mark);
}
