import { IrisError } from '../../contract/errors.ts';
import { USER_BYTES_MAX, WATCH_USERS_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * Watch   => 0c count:u8 user:bytes16 × 1..100 options            tell how each of them is now, and whenever it changes
 * Unwatch => 0d count:u8 user:bytes16 × 1..100 options
 * Watched => 8e user:bytes16 code:u16 isOnline:u8 lastSeenSeconds:u64 options
 * Since version 5. `code` 0: how the user is; else of ERROR_CODES: the user is not watched, and why.
 */
export interface WatchedFrame {
  readonly user: Buffer;
  readonly code: number;
  readonly isOnline: boolean;
  /** Seconds since 1970; 0 when online or never seen. */
  readonly lastSeenSeconds: number;
}

/** Behind the opcode of Watch or Unwatch. @throws IrisError FRAME_TRUNCATED, FRAME_TOO_LARGE, FRAME_MALFORMED */
export function decodeWatch(reader: ByteReader): Buffer[] {
  const count = reader.u8();
  if (count < 1 || count > WATCH_USERS_MAX) throw new IrisError('FRAME_MALFORMED', `${count} users, must be 1 to ${WATCH_USERS_MAX}`);
  const users = Array.from({ length: count }, () => Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name')));
  skipOptions(reader);
  return users;
}

export function encodeWatch(out: ByteWriter, opcode: typeof Opcode.Watch | typeof Opcode.Unwatch, users: readonly Uint8Array[]): void {
  const mark = out.beginFrame();
  out.u8(opcode);
  out.u8(users.length);
  for (const user of users) out.bytes16(user);
  out.endFrame(mark);
}

export function decodeWatched(reader: ByteReader): WatchedFrame {
  const user = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'));
  const frame = { user, code: reader.u16(), isOnline: reader.u8() === 1, lastSeenSeconds: reader.u64() };
  skipOptions(reader);
  return frame;
}

export function encodeWatched(out: ByteWriter, { user, code, isOnline, lastSeenSeconds }: WatchedFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Watched);
  out.bytes16(user);
  out.u16(code);
  out.u8(isOnline ? 1 : 0);
  out.u64(isOnline ? 0 : lastSeenSeconds);
  out.endFrame(mark);
}
