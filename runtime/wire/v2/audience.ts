import type { Audience } from '../../contract/audience.ts';
import { readAudience, writeAudience } from '../audience.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * Audience       => 0e query:u32 isChange:u8 audience options     who may see how this user is; with isChange 0 only asks, and the audience says nothing
 * AudienceAnswer => 8f query:u32 code:u16 audience options        who may from now on, durably; code of ERROR_CODES: nothing was changed
 * Since version 6.
 */
export interface AudienceFrame {
  readonly query: number;
  readonly isChange: boolean;
  readonly audience: Audience | undefined;
}

/** Behind the opcode. @throws IrisError FRAME_TRUNCATED, FRAME_TOO_LARGE, FRAME_MALFORMED */
export function decodeAudience(reader: ByteReader): AudienceFrame {
  const frame = { query: reader.u32(), isChange: reader.u8() === 1, audience: readAudience(reader) };
  skipOptions(reader);
  return frame;
}

export function encodeAudience(out: ByteWriter, { query, isChange, audience }: AudienceFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Audience);
  out.u32(query);
  out.u8(isChange ? 1 : 0);
  writeAudience(out, audience);
  out.endFrame(mark);
}

export interface AudienceAnswerFrame {
  readonly query: number;
  readonly code: number;
  readonly audience: Audience | undefined;
}

export function decodeAudienceAnswer(reader: ByteReader): AudienceAnswerFrame {
  const frame = { query: reader.u32(), code: reader.u16(), audience: readAudience(reader) };
  skipOptions(reader);
  return frame;
}

export function encodeAudienceAnswer(out: ByteWriter, { query, code, audience }: AudienceAnswerFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.AudienceAnswer);
  out.u32(query);
  out.u16(code);
  writeAudience(out, audience);
  out.endFrame(mark);
}
