import { SLOTS } from './limits.ts';

/**
 * `erlang:phash2/2` of a binary, all 32 bits: Bob Jenkins’ 1996 hash as in ERTS `block_hash` with HCONST_13. Frozen for ever (R1):
 * every user’s shard depends on it.
 */
export function phash2(key: Uint8Array): number {
  const length = key.length;
  if (length === 0) return 0x08d12e65;
  let a = 0x9e3779b9;
  let b = 0x9e3779b9;
  let c = 0x08d12e65;
  let at = 0;
  for (; length - at >= 12; at += 12) {
    a = (a + little32(key, at)) | 0;
    b = (b + little32(key, at + 4)) | 0;
    c = (c + little32(key, at + 8)) | 0;
    a = (a - b - c) ^ (c >>> 13);
    b = (b - c - a) ^ (a << 8);
    c = (c - a - b) ^ (b >>> 13);
    a = (a - b - c) ^ (c >>> 12);
    b = (b - c - a) ^ (a << 16);
    c = (c - a - b) ^ (b >>> 5);
    a = (a - b - c) ^ (c >>> 3);
    b = (b - c - a) ^ (a << 10);
    c = (c - a - b) ^ (b >>> 15);
  }
  c = (c + length) | 0;
  const rest = length - at;
  for (let i = 0; i < rest; i++) {
    const byte = key[at + i] as number;
    if (i < 4) a = (a + (byte << (8 * i))) | 0;
    else if (i < 8) b = (b + (byte << (8 * (i - 4)))) | 0;
    else c = (c + (byte << (8 * (i - 7)))) | 0;
  }
  a = (a - b - c) ^ (c >>> 13);
  b = (b - c - a) ^ (a << 8);
  c = (c - a - b) ^ (b >>> 13);
  a = (a - b - c) ^ (c >>> 12);
  b = (b - c - a) ^ (a << 16);
  c = (c - a - b) ^ (b >>> 5);
  a = (a - b - c) ^ (c >>> 3);
  b = (b - c - a) ^ (a << 10);
  c = (c - a - b) ^ (b >>> 15);
  return c >>> 0;
}

/** The user’s slot, 0 … 2^20 - 1 (`phash2(user, 2^20)`); `user` is the name’s bytes as the wire carries them. */
export function slotOf(user: Uint8Array): number {
  return phash2(user) & (SLOTS - 1);
}

function little32(key: Uint8Array, at: number): number {
  return (key[at] as number) | ((key[at + 1] as number) << 8) | ((key[at + 2] as number) << 16) | ((key[at + 3] as number) << 24);
}
