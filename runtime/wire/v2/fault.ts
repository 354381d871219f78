import { ERROR_CODES, type ErrorCode } from '../../contract/errors.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * Fault => 85 code:u16 retryAfterMs:u32 sequence:u64 count:u16 message:text16 options
 * A refusal (L7). `sequence … sequence + count - 1` name the refused messages; count 0 means the connection itself.
 */
export interface FaultFrame {
  /** A number of `ERROR_CODES`, or of a newer release. */
  readonly wire: number;
  readonly retryAfterMs: number;
  readonly sequence: number;
  readonly count: number;
  readonly message: string;
}

const MESSAGE_MAX = 1_024;

export function decodeFault(reader: ByteReader): FaultFrame {
  const wire = reader.u16();
  const retryAfterMs = reader.u32();
  const sequence = reader.u64();
  const count = reader.u16();
  const message = reader.text16(MESSAGE_MAX * 4, 'fault message');
  skipOptions(reader);
  return { wire, retryAfterMs, sequence, count, message };
}

export interface FaultOptions {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly sequence?: number;
  readonly count?: number;
}

export function encodeFault(out: ByteWriter, options: FaultOptions): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Fault);
  out.u16(ERROR_CODES[options.code].wire);
  out.u32(options.retryAfterMs ?? 0);
  out.u64(options.sequence ?? 0);
  out.u16(options.count ?? 0);
  out.text16(options.message.slice(0, MESSAGE_MAX));
  out.endFrame(mark);
}
