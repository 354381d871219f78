import { copyFew } from '../../contract/key-table.ts';
import type { StoredMark } from '../../ports/inbox-store.ts';
import { readNumber, setNumber, setWord, writeNumber } from './log-record.ts';

/**
 * Row => hash:u32 kind:u8 zero:u8 keyLength:u16 valueLength:u16 key value          (little-endian)
 *
 *   kind  key      value
 *   mark  markKey  timeMs:u64 high:u64 (from:u64 to:u64)*
 *   seen  user     seconds:u64
 *
 * `hash` is FNV-1a of kind and key. Rows of a run ascend by hash, kind and key.
 */
export const RowKind = { mark: 1, seen: 2 } as const;
export const ROW_HEADER_BYTES = 10;

export function rowHash(kind: number, key: string): number {
  let hash = 0x811c9dc5 ^ kind;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The same of a key that is bytes. */
export function rowHashOf(kind: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ kind;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}

export function markRowLength(keyLength: number, holes: StoredMark['holes']): number {
  return ROW_HEADER_BYTES + keyLength + 16 + 16 * holes.length;
}

/** Writes header and key `bytes[start … end)` of a mark’s row at `at`; returns where its value begins. */
export function writeMarkKey(out: Buffer, at: number, hash: number, bytes: Buffer, start: number, end: number, holeCount: number): number {
  writeHeader(out, at, hash, RowKind.mark, end - start, 16 + 16 * holeCount);
  copyFew(bytes, start, end, out, at + ROW_HEADER_BYTES);
  return at + ROW_HEADER_BYTES + end - start;
}

/** Writes a mark’s value at `at`; returns where it ends. */
export function writeMarkValue(out: Buffer, at: number, timeMs: number, high: number, holes: StoredMark['holes']): number {
  setNumber(out, timeMs, at);
  setNumber(out, high, at + 8);
  let end = at + 16;
  for (const { from, to } of holes) {
    setNumber(out, from, end);
    setNumber(out, to, end + 8);
    end += 16;
  }
  return end;
}

export function seenRowLength(user: string): number {
  return ROW_HEADER_BYTES + user.length + 8;
}

/** Writes a last-seen row at `at`; returns where it ends. */
export function writeSeenRow(out: Buffer, at: number, hash: number, { user, seconds }: { user: string; seconds: number }): number {
  writeHeader(out, at, hash, RowKind.seen, user.length, 8);
  out.write(user, at + ROW_HEADER_BYTES, 'latin1');
  writeNumber(out, seconds, at + ROW_HEADER_BYTES + user.length);
  return at + seenRowLength(user);
}

/** Bytes of the row that begins at `at`. */
export function rowLength(bytes: Buffer, at: number): number {
  return ROW_HEADER_BYTES + bytes.readUInt16LE(at + 6) + bytes.readUInt16LE(at + 8);
}

export function isRowOf(row: Buffer, kind: number, key: string): boolean {
  const end = ROW_HEADER_BYTES + row.readUInt16LE(6);
  return row[4] === kind && end - ROW_HEADER_BYTES === key.length && row.toString('latin1', ROW_HEADER_BYTES, end) === key;
}

/** Below 0 where the row at `atA` comes before the one at `atB`; 0 for two rows of one key. */
export function compareRows(a: Buffer, atA: number, b: Buffer, atB: number): number {
  const [hashA, hashB] = [hashOrder(a, atA), hashOrder(b, atB)];
  if (hashA !== hashB) return hashA < hashB ? -1 : 1;
  const byKind = (a[atA + 4] as number) - (b[atB + 4] as number);
  return byKind || a.compare(b, atB + ROW_HEADER_BYTES, keyEnd(b, atB), atA + ROW_HEADER_BYTES, keyEnd(a, atA));
}

/** The row’s hash less 2^31: in the same order, and a number that V8 keeps without an object. */
function hashOrder(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at) ^ 0x8000_0000;
}

/** The mark’s key or the user, one byte a character. */
export function keyOf(row: Buffer): string {
  return row.toString('latin1', ROW_HEADER_BYTES, keyEnd(row));
}

/** When a mark was made; Infinity for what does not expire. */
export function rowTimeMs(bytes: Buffer, at = 0): number {
  return bytes[at + 4] === RowKind.mark ? readNumber(bytes, keyEnd(bytes, at)) : Number.POSITIVE_INFINITY;
}

export function markOf(row: Buffer): StoredMark {
  const start = keyEnd(row);
  const holes = Array.from({ length: (row.readUInt16LE(8) - 16) / 16 }, (_, i) => ({
    from: readNumber(row, start + 16 + 16 * i),
    to: readNumber(row, start + 24 + 16 * i),
  }));
  return { high: readNumber(row, start + 8), holes };
}

export function secondsOf(row: Buffer): number {
  return readNumber(row, keyEnd(row));
}

function keyEnd(bytes: Buffer, at = 0): number {
  return at + ROW_HEADER_BYTES + bytes.readUInt16LE(at + 6);
}

function writeHeader(out: Buffer, at: number, hash: number, kind: number, keyLength: number, valueLength: number): void {
  setWord(out, hash, at);
  out[at + 4] = kind;
  out[at + 5] = 0;
  out[at + 6] = keyLength;
  out[at + 7] = keyLength >>> 8;
  out[at + 8] = valueLength;
  out[at + 9] = valueLength >>> 8;
}
