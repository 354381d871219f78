import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';

/** Bye => 06 options. The client leaves: its acks are made durable first, then Farewell => 87 comes back and the connection ends. */
export function encodeBye(out: ByteWriter): void {
  out.emptyFrame(Opcode.Bye);
}

export function encodeFarewell(out: ByteWriter): void {
  out.emptyFrame(Opcode.Farewell);
}
