import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * Generation => 8c pushed:u16 oldest:u16 newest:u16 flags:u8 login:u64 options     flags: 1 caught up
 * How far this connection is with the generations of a promoted inbox, or with its share of them; said when it changes.
 */
export interface GenerationFrame {
  /** Everything of the generations before this one has been pushed on this connection. */
  readonly pushed: number;
  /** The generations before this one are over: cursors of their buckets say nothing any more. */
  readonly oldest: number;
  /** The one that takes messages. */
  readonly newest: number;
  /** What waited in generation `pushed` when its read began has been pushed as well. */
  readonly isCaughtUp: boolean;
  /** What FETCH on a further connection names. */
  readonly login: number;
}

const CAUGHT_UP = 0x01;

/** @throws IrisError FRAME_TRUNCATED */
export function decodeGeneration(reader: ByteReader): GenerationFrame {
  const [pushed, oldest, newest] = [reader.u16(), reader.u16(), reader.u16()];
  const isCaughtUp = (reader.u8() & CAUGHT_UP) !== 0;
  const login = reader.u64();
  skipOptions(reader);
  return { pushed, oldest, newest, isCaughtUp, login };
}

export function encodeGeneration(out: ByteWriter, frame: GenerationFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Generation);
  out.u16(frame.pushed);
  out.u16(frame.oldest);
  out.u16(frame.newest);
  out.u8(frame.isCaughtUp ? CAUGHT_UP : 0);
  out.u64(frame.login);
  out.endFrame(mark);
}
