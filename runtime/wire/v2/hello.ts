import { IrisError } from '../../contract/errors.ts';
import { TOKEN_BYTES_MAX, USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/** Cursors one HELLO may carry: one per bucket and generation still open. */
export const CURSORS_MAX = 1_024;

/**
 * Hello => 01 versionMin:u8 versionMax:u8 device:8 user:bytes16 token:bytes16 cursorCount:u16 cursors options
 * The first frame of a connection. `cursors` name what the application has already; the server sends what comes after.
 */
export interface HelloFrame {
  readonly versionMin: number;
  readonly versionMax: number;
  /** 8 bytes, chosen once per installation; sequences grow within it. */
  readonly device: Uint8Array;
  readonly user: Uint8Array;
  /** Empty where the environment asks for none. */
  readonly token: string;
  readonly cursors: readonly Cursor[];
}

/** Copies what it keeps. @throws IrisError FRAME_TRUNCATED, FRAME_TOO_LARGE, FRAME_MALFORMED */
export function decodeHello(reader: ByteReader): HelloFrame {
  const versionMin = reader.u8();
  const versionMax = reader.u8();
  const device = Buffer.from(reader.bytes(8));
  const user = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'));
  const token = reader.text16(TOKEN_BYTES_MAX, 'token');
  const count = reader.u16();
  if (count > CURSORS_MAX) throw new IrisError('FRAME_MALFORMED', `${count} cursors, limit is ${CURSORS_MAX}`);
  const cursors = Array.from({ length: count }, () => decodeCursor(reader));
  skipOptions(reader);
  return { versionMin, versionMax, device, user, token, cursors };
}

export function encodeHello(out: ByteWriter, frame: HelloFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Hello);
  out.u8(frame.versionMin);
  out.u8(frame.versionMax);
  out.bytes(frame.device);
  out.bytes16(frame.user);
  out.text16(frame.token);
  out.u16(frame.cursors.length);
  for (const cursor of frame.cursors) encodeCursor(out, cursor);
  out.endFrame(mark);
}
