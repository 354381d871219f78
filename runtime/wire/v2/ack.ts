import type { ByteWriter } from '../byte-writer.ts';
import { type Cursor, encodeCursor } from './cursor.ts';
import { Opcode } from './opcodes.ts';

/** Ack => 04 cursor options. Everything up to the cursor has reached the application and may be forgotten. Read with `decodeCursor`. */
export function encodeAck(out: ByteWriter, cursor: Cursor): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Ack);
  encodeCursor(out, cursor);
  out.endFrame(mark);
}
