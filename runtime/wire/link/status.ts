import type { Audience } from '../../contract/audience.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { readAudienceOption, writeAudienceOption } from './audience.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * StatusQuery => 30 query:u32 user:bytes16
 * Status      => b0 query:u32 online:u8 lastSeenSeconds:u64 options     options since version 5
 */
export interface StatusFrame {
  readonly query: number;
  readonly isOnline: boolean;
  readonly lastSeenSeconds: number;
  /** Who may see it; everyone where there is none. */
  readonly audience?: Audience;
}

export function encodeStatusQuery(out: ByteWriter, query: number, user: Uint8Array): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.StatusQuery);
  out.u32(query);
  out.bytes16(user);
  out.endFrame(mark);
}

export function decodeStatus(reader: ByteReader): StatusFrame {
  const frame = { query: reader.u32(), isOnline: reader.u8() === 1, lastSeenSeconds: reader.u64() };
  return { ...frame, ...readAudienceOption(reader) };
}

export function encodeStatus(out: ByteWriter, frame: StatusFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Status);
  out.u32(frame.query);
  out.u8(frame.isOnline ? 1 : 0);
  out.u64(frame.lastSeenSeconds);
  writeAudienceOption(out, frame.audience);
  out.endFrame(mark);
}
