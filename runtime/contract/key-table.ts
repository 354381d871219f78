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
 * Rows, each a key of bytes with as many numbers as the table says. Numbers and key of a row stand side by side outside the collected heap, so
 * that a hundred thousand of them cost no collection, a key that is found costs no string, and who finds it has read its numbers with it:
 * with many rows most of the cost is in the places of memory that are touched. A row takes 8 bytes for each number, 8 for hash and
 * length, its key, and 16 to 32 of the places. No row leaves it.
 *
 *   row => (number:f64)* hash:i32 length:i32 key, up to a multiple of 8 bytes
 */
export class KeyTable {
  size = 0;
  /** The memory of all rows; the key of `row` from `startOf(row)` to `endOf(row)`. Another buffer after `add`. */
  bytes = Buffer.alloc(0);
  /** The same memory: number `i` of `row` at `row + i`, 0 until it is set. Another array after `add`. */
  numbers = new Float64Array(0);
  private words = new Int32Array(0);
  private readonly width: number;
  /** In steps of 8 bytes, as all rows are named. */
  private used = 0;
  /** Open addressing: hash and row + 1 of a key, side by side; 0 for none. Half of it is empty at least. */
  private places = new Int32Array(4 * FIRST_KEYS);

  /** `width` is how many numbers each row has. */
  constructor(width: number) {
    this.width = width;
    this.growMemory(FIRST_BYTES);
  }

  startOf(row: number): number {
    return 8 * (row + this.width + 1);
  }

  endOf(row: number): number {
    return this.startOf(row) + (this.words[2 * (row + this.width) + 1] as number);
  }

  hashOf(row: number): number {
    return this.words[2 * (row + this.width)] as number;
  }

  /** One byte a character. */
  textOf(row: number): string {
    return this.bytes.toString('latin1', this.startOf(row), this.endOf(row));
  }

  /** The key’s row; -1 when it is not there. */
  find({ bytes, start, end, hash }: KeyBytes): number {
    const { places } = this;
    const mask = places.length - 1;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const row = (places[at + 1] as number) - 1;
      if (row < 0) return -1;
      if (places[at] === hash && this.isKey(row, bytes, start, end)) return row;
    }
  }

  /** Adds a key that is not there yet; returns its row, which is above all others. */
  add({ bytes, start, end, hash }: KeyBytes): number {
    if (4 * (this.size + 1) > this.places.length) this.growPlaces();
    const row = this.used;
    const needed = row + this.width + 1 + Math.ceil((end - start) / 8);
    if (8 * needed > this.bytes.length) this.growMemory(8 * needed);
    this.words[2 * (row + this.width)] = hash;
    this.words[2 * (row + this.width) + 1] = end - start;
    copyFew(bytes, start, end, this.bytes, this.startOf(row));
    this.used = needed;
    this.size++;
    place(this.places, hash, row + 1);
    return row;
  }

  private isKey(row: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.bytes;
    let at = this.startOf(row);
    if (this.endOf(row) - at !== end - start) return false;
    for (let i = start; i < end; i++) if (bytes[i] !== own[at++]) return false;
    return true;
  }

  private growPlaces(): void {
    const grown = new Int32Array(2 * this.places.length);
    for (let at = 0; at < this.places.length; at += 2) {
      const next = this.places[at + 1] as number;
      if (next !== 0) place(grown, this.places[at] as number, next);
    }
    this.places = grown;
  }

  private growMemory(needed: number): void {
    const memory = new ArrayBuffer(Math.max(needed + 7, 2 * this.bytes.length) & ~7);
    this.numbers = new Float64Array(memory);
    this.words = new Int32Array(memory);
    const grown = Buffer.from(memory);
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

function place(places: Int32Array, hash: number, next: number): void {
  const mask = places.length - 1;
  let at = (hash << 1) & mask;
  while (places[at + 1] !== 0) at = (at + 2) & mask;
  places[at] = hash;
  places[at + 1] = next;
}

/** For keys: a loop is faster than a call where there are a few dozen bytes. */
export function copyFew(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number;
}

/** The same key as one that is one byte a character. */
export function keyOfText(text: string): KeyBytes {
  const bytes = Buffer.from(text, 'latin1');
  return { bytes, start: 0, end: bytes.length, hash: keyHash(bytes, 0, bytes.length) };
}
