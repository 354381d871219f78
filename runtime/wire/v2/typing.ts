import { USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import type { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/** Typing => 09 isTyping:u8 recipient:bytes16 options, and to the recipient 89 isTyping:u8 sender:bytes16 options. May be lost; has no answer. */
export interface TypingFrame {
  readonly isTyping: boolean;
  readonly user: Buffer;
}

/** Copies what it keeps. */
export function decodeTyping(reader: ByteReader): TypingFrame {
  const frame = { isTyping: reader.u8() === 1, user: Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name')) };
  skipOptions(reader);
  return frame;
}

export function encodeTyping(out: ByteWriter, opcode: typeof Opcode.Typing | typeof Opcode.TypingPush, frame: TypingFrame): void {
  const mark = out.beginFrame();
  out.u8(opcode);
  out.u8(frame.isTyping ? 1 : 0);
  out.bytes16(frame.user);
  out.endFrame(mark);
}
