import { IrisError } from '../../contract/errors.ts';
import { READ_CONNECTIONS_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * Fetch => 0b share:u16 shares:u16 through:u16 login:u64 options
 * Asks for every bucket whose index leaves `share` when divided by `shares`, in the generations up to and with `through`. Only on a connection
 * whose HELLO said that it reads shares; a later one names a higher generation and the same share.
 */
export interface FetchFrame {
  readonly share: number;
  readonly shares: number;
  readonly through: number;
  /** What GENERATION on the client’s first connection said. */
  readonly login: number;
}

/** @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED */
export function decodeFetch(reader: ByteReader): FetchFrame {
  const frame = { share: reader.u16(), shares: reader.u16(), through: reader.u16(), login: reader.u64() };
  skipOptions(reader);
  if (frame.shares < 1 || frame.shares > READ_CONNECTIONS_MAX || frame.share >= frame.shares) {
    const message = `share ${frame.share} of ${frame.shares}, must be one of 0 to shares - 1 of 1 to ${READ_CONNECTIONS_MAX}`;
    throw new IrisError('FRAME_MALFORMED', message);
  }
  return frame;
}

export function encodeFetch(out: ByteWriter, frame: FetchFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Fetch);
  out.u16(frame.share);
  out.u16(frame.shares);
  out.u16(frame.through);
  out.u64(frame.login);
  out.endFrame(mark);
}
