import { IrisError } from '../contract/errors.ts';
import { SEQUENCE_RANGES_MAX } from '../contract/limits.ts';
import { type SequenceSet, unite } from '../contract/sequence-set.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Sequences => count:u8 (after:u64 through:u64)*. @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED */
export function decodeSequences(reader: ByteReader): SequenceSet {
  const count = reader.u8();
  if (count > SEQUENCE_RANGES_MAX) throw new IrisError('FRAME_MALFORMED', `${count} ranges of sequences, limit is ${SEQUENCE_RANGES_MAX}`);
  return unite(
    [],
    Array.from({ length: count }, () => ({ after: reader.u64(), through: reader.u64() })),
  );
}

export function encodeSequences(out: ByteWriter, set: SequenceSet): void {
  out.u8(set.length);
  for (const { after, through } of set) {
    out.u64(after);
    out.u64(through);
  }
}
