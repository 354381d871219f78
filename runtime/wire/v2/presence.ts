import { USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * PresenceQuery => 0a user:bytes16 options
 * Presence      => 8a user:bytes16 isOnline:u8 lastSeenSeconds:u64 options       seconds since 1970; 0 when online or never seen
 */
export interface PresenceFrame {
  readonly user: Buffer;
  readonly isOnline: boolean;
  readonly lastSeenSeconds: number;
}

export function decodePresenceQuery(reader: ByteReader): Buffer {
  const user = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'));
  skipOptions(reader);
  return user;
}

export function encodePresenceQuery(out: ByteWriter, user: Uint8Array): void {
  const mark = out.beginFrame();
  out.u8(Opcode.PresenceQuery);
  out.bytes16(user);
  out.endFrame(mark);
}

export function decodePresence(reader: ByteReader): PresenceFrame {
  const user = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'));
  const frame = { user, isOnline: reader.u8() === 1, lastSeenSeconds: reader.u64() };
  skipOptions(reader);
  return frame;
}

export function encodePresence(out: ByteWriter, { user, isOnline, lastSeenSeconds }: PresenceFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Presence);
  out.bytes16(user);
  out.u8(isOnline ? 1 : 0);
  out.u64(isOnline ? 0 : lastSeenSeconds);
  out.endFrame(mark);
}
