import type { Audience } from '../../contract/audience.ts';
import { USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { skipOptions } from '../v2/options.ts';
import { readAudienceOption, writeAudienceOption } from './audience.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Since version 4:
 *
 * Watch    => 33 user:bytes16 isAgain:u8 options        tell how the user is, and whenever it changes; again: the last link broke
 * Unwatch  => 34 user:bytes16 options
 * Presence => b2 user:bytes16 code:u16 isOnline:u8 lastSeenSeconds:u64 options
 * `code` 0: how the user is; else of ERROR_CODES: the user is not watched here, and why.
 */
export const WATCH_LINK_VERSION = 4;

export interface LinkWatchFrame {
  readonly user: Buffer;
  readonly isAgain: boolean;
}

export function decodeLinkWatch(reader: ByteReader): LinkWatchFrame {
  const frame = { user: Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name')), isAgain: reader.u8() === 1 };
  skipOptions(reader);
  return frame;
}

export function encodeLinkWatch(out: ByteWriter, { user, isAgain }: LinkWatchFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Watch);
  out.bytes16(user);
  out.u8(isAgain ? 1 : 0);
  out.endFrame(mark);
}

export function decodeLinkUnwatch(reader: ByteReader): Buffer {
  const user = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'));
  skipOptions(reader);
  return user;
}

export function encodeLinkUnwatch(out: ByteWriter, user: Uint8Array): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Unwatch);
  out.bytes16(user);
  out.endFrame(mark);
}

export interface LinkPresenceFrame {
  readonly user: Buffer;
  readonly code: number;
  readonly isOnline: boolean;
  readonly lastSeenSeconds: number;
  /** Who may see it; everyone where there is none. */
  readonly audience?: Audience;
}

export function decodeLinkPresence(reader: ByteReader): LinkPresenceFrame {
  const user = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'));
  const frame = { user, code: reader.u16(), isOnline: reader.u8() === 1, lastSeenSeconds: reader.u64() };
  return { ...frame, ...readAudienceOption(reader) };
}

export function encodeLinkPresence(out: ByteWriter, { user, code, isOnline, lastSeenSeconds, audience }: LinkPresenceFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Presence);
  out.bytes16(user);
  out.u16(code);
  out.u8(isOnline ? 1 : 0);
  out.u64(isOnline ? 0 : lastSeenSeconds);
  writeAudienceOption(out, audience);
  out.endFrame(mark);
}
