import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/** Ping => 05 token:u64 options; Pong => 84 token:u64 options. Either side may measure the way with it; the token comes back. */
export function decodePing(reader: ByteReader): number {
  const token = reader.u64();
  skipOptions(reader);
  return token;
}

export function encodePing(out: ByteWriter, token: number): void {
  encodeToken(out, Opcode.Ping, token);
}

export function encodePong(out: ByteWriter, token: number): void {
  encodeToken(out, Opcode.Pong, token);
}

function encodeToken(out: ByteWriter, opcode: number, token: number): void {
  const mark = out.beginFrame();
  out.u8(opcode);
  out.u64(token);
  out.endFrame(mark);
}
