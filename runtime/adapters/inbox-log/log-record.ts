import { crc32 } from 'node:zlib';
import type { Turns } from '../../measure/turns.ts';

/**
 * Record => nonce:8 crc:u32 length:u32 sequence:u64 durableThrough:u64 operations          (little-endian)
 *
 * One commit in the log. `nonce` is its segment’s random name, so that nothing a client puts into a message, and no stale byte of an older
 * write, can pass for a record. `crc` covers everything behind it. `sequence` grows by one per record over all segments.
 * `durableThrough` is the last record known to be on the disk when this one was written: a damaged record at or below it was
 * acknowledged and is missed, a damaged one above it was never acknowledged as D2 and is the torn end of a crash (F5, F6).
 */
export const RECORD_HEADER_BYTES = 32;
export const NONCE_BYTES = 8;

const CRC = 8;
const LENGTH = 12;
const SEQUENCE = 16;
const DURABLE_THROUGH = 24;
/** Bytes that are summed before others may have their turn: some 0.1 ms. */
const SUM_PART_BYTES = 262_144;

export interface RecordHeader {
  readonly sequence: number;
  readonly durableThrough: number;
}

/** Completes a record whose operations stand in `buffer[RECORD_HEADER_BYTES … end)`. */
export async function sealRecord(buffer: Buffer, end: number, seal: RecordHeader & { nonce: Uint8Array }, turns: Turns): Promise<void> {
  buffer.set(seal.nonce, 0);
  buffer.writeUInt32LE(end - RECORD_HEADER_BYTES, LENGTH);
  writeNumber(buffer, seal.sequence, SEQUENCE);
  writeNumber(buffer, seal.durableThrough, DURABLE_THROUGH);
  let sum = 0;
  for (let from = LENGTH; from < end; from += SUM_PART_BYTES) {
    const part = buffer.subarray(from, Math.min(end, from + SUM_PART_BYTES));
    sum = crc32(part, sum);
    if (turns.spend(part.length)) await turns.rest();
  }
  buffer.writeUInt32LE(sum, CRC);
}

/** Bytes of the record that begins at `at`, header included, by its own account; undefined where no record of this segment begins. */
export function recordLength(buffer: Buffer, at: number, end: number, nonce: Buffer): number | undefined {
  if (end - at < RECORD_HEADER_BYTES || nonce.compare(buffer, at, at + NONCE_BYTES) !== 0) return undefined;
  return RECORD_HEADER_BYTES + buffer.readUInt32LE(at + LENGTH);
}

/** True when `buffer[at … at + length)` is what was written. */
export function isIntact(buffer: Buffer, at: number, length: number): boolean {
  return crc32(buffer.subarray(at + LENGTH, at + length)) === buffer.readUInt32LE(at + CRC);
}

export function readHeader(buffer: Buffer, at: number): RecordHeader {
  return { sequence: readNumber(buffer, at + SEQUENCE), durableThrough: readNumber(buffer, at + DURABLE_THROUGH) };
}

/** A whole number from 0 below 2^53 as 64 bits. */
export function writeNumber(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeUInt32LE(value - high * 0x1_0000_0000, at);
  buffer.writeUInt32LE(high, at + 4);
}

/** The same without its checks and calls. */
export function setNumber(bytes: Uint8Array, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  setWord(bytes, value - high * 0x1_0000_0000, at);
  setWord(bytes, high, at + 4);
}

/** A whole number from 0 below 2^32 as 32 bits. */
export function setWord(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function readNumber(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at + 4) * 0x1_0000_0000 + buffer.readUInt32LE(at);
}
