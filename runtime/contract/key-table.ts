import { randomBytes } from 'node:crypto';

/** Keys that a new table has room for. */
const FIRST_KEYS = 64;
const FIRST_BYTES = 4_096;
/** Of this process: names are chosen by clients, and nobody may choose many that collide (A8). */
const SECRET = randomBytes(8);
const SECRET_0 = SECRET.readInt32LE(0);
const SECRET_1 = SECRET.readInt32LE(4);

/** HalfSipHash-1-3 of `bytes[start … end)` under a secret of this process, as a signed 32-bit number. Some 50 ns for 40 bytes. */
export function keyHash(bytes: Uint8Array, start: number, end: number): number {
  let v0 = SECRET_0;
  let v1 = SECRET_1;
  let v2 = 0x6c796765 ^ SECRET_0;
  let v3 = 0x74656462 ^ SECRET_1;
  let at = start;
  // Words of four bytes, the last with the length in its high byte; then three rounds without one.
  for (let left = ((end - start) >>> 2) + 4; left > 0; left--) {
    let word = 0;
    if (left > 4) {
      word =
        (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
      at += 4;
    } else if (left === 4) {
      word = (end - start) << 24;
      for (let shift = 0; at < end; at++, shift += 8) word |= (bytes[at] as number) << shift;
    } else if (left === 3) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}

/** Bytes that name something, wherever they stand, with their `keyHash`. */
export interface KeyBytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly hash: number;
}

/**
 * Numbers keys of bytes 0, 1, 2 … as they come. Keys stand one behind the other outside the collected heap, so that a hundred thousand of
 * them cost no collection and a key that is found costs no string: 24 to 48 bytes each beside their own. No key leaves it.
 */
export class KeyTable {
  size = 0;
  /** The keys; number `n` from `startOf(n)` to `endOf(n)`. */
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private ends = new Uint32Array(FIRST_KEYS);
  private hashes = new Int32Array(FIRST_KEYS);
  /** Open addressing: hash and number + 1 of a key, side by side; 0 for none. Half of it is empty at least. */
  private places = new Int32Array(4 * FIRST_KEYS);

  /** Keys there is room for: grows by doubling. */
  get capacity(): number {
    return this.ends.length;
  }

  startOf(number: number): number {
    return number === 0 ? 0 : (this.ends[number - 1] as number);
  }

  endOf(number: number): number {
    return this.ends[number] as number;
  }

  hashOf(number: number): number {
    return this.hashes[number] as number;
  }

  /** One byte a character. */
  textOf(number: number): string {
    return this.bytes.toString('latin1', this.startOf(number), this.endOf(number));
  }

  /** The key’s number; -1 when it is not there. */
  find({ bytes, start, end, hash }: KeyBytes): number {
    const { places } = this;
    const mask = places.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const number = (places[at + 1] as number) - 1;
      if (number < 0) return -1;
      if (places[at] === hash && this.isKey(number, bytes, start, end)) return number;
    }
  }

  /** Numbers a key that is not there yet. */
  add({ bytes, start, end, hash }: KeyBytes): number {
    if (this.size === this.ends.length) this.growKeys();
    const number = this.size++;
    const from = this.startOf(number);
    const to = from + end - start;
    if (to > this.bytes.length) this.growBytes(to);
    bytes.copy(this.bytes, from, start, end);
    this.ends[number] = to;
    this.hashes[number] = hash;
    this.place(number, hash);
    return number;
  }

  private isKey(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.bytes;
    let at = this.startOf(number);
    if (this.endOf(number) - at !== end - start) return false;
    for (let i = start; i < end; i++) if (bytes[i] !== own[at++]) return false;
    return true;
  }

  private place(number: number, hash: number): void {
    const mask = this.places.length - 1;
    let at = (hash << 1) & mask;
    while (this.places[at + 1] !== 0) at = (at + 2) & mask;
    this.places[at] = hash;
    this.places[at + 1] = number + 1;
  }

  private growKeys(): void {
    const { ends, hashes } = this;
    this.ends = new Uint32Array(2 * ends.length);
    this.ends.set(ends);
    this.hashes = new Int32Array(2 * hashes.length);
    this.hashes.set(hashes);
    this.places = new Int32Array(2 * this.places.length);
    for (let number = 0; number < this.size; number++) this.place(number, hashes[number] as number);
  }

  private growBytes(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(grown, 0, 0, this.startOf(this.size - 1));
    this.bytes = grown;
  }
}

/** The same key as one that is one byte a character. */
export function keyOfText(text: string): KeyBytes {
  const bytes = Buffer.from(text, 'latin1');
  return { bytes, start: 0, end: bytes.length, hash: keyHash(bytes, 0, bytes.length) };
}
