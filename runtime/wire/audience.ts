import { type Audience, isAudience } from '../contract/audience.ts';
import { IrisError } from '../contract/errors.ts';
import { AUDIENCE_BYTES_MAX } from '../contract/limits.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/**
 * Audience => kind:u8 names:bytes16          kind: 1 everyone, and no names; 2 these: names (length:u16 name)*, 8,192 bytes at the most
 * Who may see whether a user is online, and when it was last seen.
 */
const EVERYONE = 1;
const NAMED = 2;

/** Undefined: everyone. @throws IrisError FRAME_MALFORMED, FRAME_TOO_LARGE, FRAME_TRUNCATED */
export function readAudience(reader: ByteReader): Audience | undefined {
  const kind = reader.u8();
  const names = Buffer.from(reader.bytes16(AUDIENCE_BYTES_MAX, 'names who may see a user'));
  if (kind === EVERYONE && names.length === 0) return undefined;
  if (kind !== NAMED || !isAudience(names)) throw new IrisError('FRAME_MALFORMED', `who may see a user: kind ${kind}, or its names`);
  return names;
}

export function writeAudience(out: ByteWriter, audience: Audience | undefined): void {
  out.u8(audience === undefined ? EVERYONE : NAMED);
  out.bytes16(audience ?? NOTHING);
}

const NOTHING = Buffer.alloc(0);
