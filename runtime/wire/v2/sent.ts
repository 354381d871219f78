import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * Sent => 82 sequence:u64 count:u16 durability:u8 options
 * `sequence … sequence + count - 1` are stored and survive what `durability` names: 0 memory, 1 kill -9, 2 power loss, 3 power loss on a quorum (L1).
 * Since version 3 one may answer several frames.
 */
export interface SentFrame {
  readonly sequence: number;
  readonly count: number;
  readonly durability: number;
}

export function decodeSent(reader: ByteReader): SentFrame {
  const frame = { sequence: reader.u64(), count: reader.u16(), durability: reader.u8() };
  skipOptions(reader);
  return frame;
}

export function encodeSent(out: ByteWriter, sequence: number, count: number, durability: number): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Sent);
  out.u64(sequence);
  out.u16(count);
  out.u8(durability);
  out.endFrame(mark);
}
