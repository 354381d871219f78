import { IrisError } from '../contract/errors.ts';
import type { Layout } from '../contract/layout.ts';
import { BUCKETS_MAX, GENERATIONS_MAX } from '../contract/limits.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/**
 * Layout     => count:u16 generation*
 * generation => number:u16 flags:u8 sealedAtMs:u64 count:u16 salt:u32*        flags: 1 sealed, 2 drained, 4 automatic
 */
const SEALED = 0x01;
const DRAINED = 0x02;
const AUTOMATIC = 0x04;

/** @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED */
export function decodeLayout(reader: ByteReader): Layout {
  const count = checkCount(reader.u16(), GENERATIONS_MAX + 1, 'generations');
  const generations = Array.from({ length: count }, () => {
    const number = reader.u16();
    const flags = reader.u8();
    const sealedAtMs = reader.u64();
    const buckets = checkCount(reader.u16(), BUCKETS_MAX, 'buckets');
    const salts = Array.from({ length: buckets }, () => reader.u32());
    const [isSealed, isDrained, isAutomatic] = [SEALED, DRAINED, AUTOMATIC].map((flag) => (flags & flag) !== 0) as [
      boolean,
      boolean,
      boolean,
    ];
    return { number, isSealed, isDrained, isAutomatic, sealedAtMs, salts };
  });
  return { generations };
}

export function encodeLayout(out: ByteWriter, layout: Layout): void {
  out.u16(layout.generations.length);
  for (const { number, isSealed, isDrained, isAutomatic, sealedAtMs, salts } of layout.generations) {
    out.u16(number);
    out.u8((isSealed ? SEALED : 0) | (isDrained ? DRAINED : 0) | (isAutomatic ? AUTOMATIC : 0));
    out.u64(sealedAtMs);
    out.u16(salts.length);
    for (const salt of salts) out.u32(salt);
  }
}

function checkCount(count: number, max: number, what: string): number {
  if (count > max) throw new IrisError('FRAME_MALFORMED', `${count} ${what} in a layout, limit is ${max}`);
  return count;
}
