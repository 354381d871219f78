import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/** Goaway => 86 reconnectAfterMs:u32 reason:text16 options. The node is leaving: connect elsewhere after the delay, which differs per client (X5). */
export interface GoawayFrame {
  readonly reconnectAfterMs: number;
  readonly reason: string;
}

export function decodeGoaway(reader: ByteReader): GoawayFrame {
  const frame = { reconnectAfterMs: reader.u32(), reason: reader.text16(1_024, 'reason') };
  skipOptions(reader);
  return frame;
}

export function encodeGoaway(out: ByteWriter, frame: GoawayFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Goaway);
  out.u32(frame.reconnectAfterMs);
  out.text16(frame.reason);
  out.endFrame(mark);
}
