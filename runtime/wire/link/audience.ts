import type { Audience } from '../../contract/audience.ts';
import { USER_BYTES_MAX } from '../../contract/limits.ts';
import { readAudience, writeAudience } from '../audience.ts';
import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { readOptions, skipOptions } from '../v2/options.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Since version 5:
 *
 * Audience       => 35 query:u32 user:bytes16 isChange:u8 loginStamp:u64 audience options     of two changes that of the later login counts
 * AudienceAnswer => b3 query:u32 code:u16 audience options                                    code of ERROR_CODES: nothing was changed
 *
 * And the option 01 of Presence and Status: the audience of a user who is not seen by everyone. The node that asked shows the rest of the frame to
 * nobody else; one of an earlier version, which cannot, is told UNSEEN.
 */
export const AUDIENCE_LINK_VERSION = 5;

export interface LinkAudienceFrame {
  readonly query: number;
  readonly user: Buffer;
  /** Undefined: only asks. */
  readonly change: { readonly audience: Audience | undefined; readonly loginStamp: number } | undefined;
}

export function decodeLinkAudience(reader: ByteReader): LinkAudienceFrame {
  const [query, user] = [reader.u32(), Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'))];
  const isChange = reader.u8() === 1;
  const change = { loginStamp: reader.u64(), audience: readAudience(reader) };
  skipOptions(reader);
  return { query, user, change: isChange ? change : undefined };
}

export function encodeLinkAudience(out: ByteWriter, { query, user, change }: LinkAudienceFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Audience);
  out.u32(query);
  out.bytes16(user);
  out.u8(change === undefined ? 0 : 1);
  out.u64(change?.loginStamp ?? 0);
  writeAudience(out, change?.audience);
  out.endFrame(mark);
}

export interface LinkAudienceAnswer {
  /** Of ERROR_CODES; 0: done. */
  readonly code: number;
  readonly audience: Audience | undefined;
}

/** Behind the query. */
export function decodeLinkAudienceAnswer(reader: ByteReader): LinkAudienceAnswer {
  const answer = { code: reader.u16(), audience: readAudience(reader) };
  skipOptions(reader);
  return answer;
}

export function encodeLinkAudienceAnswer(out: ByteWriter, query: number, { code, audience }: LinkAudienceAnswer): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.AudienceAnswer);
  out.u32(query);
  out.u16(code);
  writeAudience(out, audience);
  out.endFrame(mark);
}

const AUDIENCE_TAG = 1;

/** The options of a frame that tells how a user is. */
export function readAudienceOption(reader: ByteReader): { audience?: Audience } {
  let found: { audience?: Audience } = {};
  readOptions(reader, (tag, value) => {
    if (tag !== AUDIENCE_TAG) return;
    const audience = readAudience(new ByteReader().reset(value, 0, value.length));
    found = audience === undefined ? {} : { audience };
  });
  return found;
}

export function writeAudienceOption(out: ByteWriter, audience: Audience | undefined): void {
  if (audience === undefined) return;
  const value = new ByteWriter(audience.length + 3);
  writeAudience(value, audience);
  out.u8(AUDIENCE_TAG);
  out.bytes16(value.take());
}
