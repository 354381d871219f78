import type { StoredMark } from '../../ports/inbox-store.ts';
import { readNumber, writeNumber } from './log-record.ts';

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

export interface MarkRow {
  high: number;
  timeMs: number;
  holes: StoredMark['holes'];
  /** The record of the log that says it. */
  sequence: number;
}

/** An encoded row. */
export interface Row {
  readonly hash: number;
  readonly bytes: Buffer;
}

export function rowHash(kind: number, key: string): number {
  let hash = 0x811c9dc5 ^ kind;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export function encodeMark(key: string, { high, timeMs, holes }: MarkRow): Row {
  const row = beginRow(RowKind.mark, key, 16 + 16 * holes.length);
  let at = ROW_HEADER_BYTES + key.length;
  for (const number of [timeMs, high, ...holes.flatMap(({ from, to }) => [from, to])]) {
    writeNumber(row.bytes, number, at);
    at += 8;
  }
  return row;
}

export function encodeSeen(user: string, seconds: number): Row {
  const row = beginRow(RowKind.seen, user, 8);
  writeNumber(row.bytes, seconds, ROW_HEADER_BYTES + user.length);
  return row;
}

/** Bytes of the row that begins at `at`. */
export function rowLength(bytes: Buffer, at: number): number {
  return ROW_HEADER_BYTES + bytes.readUInt16LE(at + 6) + bytes.readUInt16LE(at + 8);
}

export function isRowOf(row: Buffer, kind: number, key: string): boolean {
  const end = ROW_HEADER_BYTES + row.readUInt16LE(6);
  return row[4] === kind && end - ROW_HEADER_BYTES === key.length && row.toString('latin1', ROW_HEADER_BYTES, end) === key;
}

/** Below 0 where `a` comes before `b`; 0 for two rows of one key. */
export function compareRows(a: Row, b: Row): number {
  if (a.hash !== b.hash) return a.hash - b.hash;
  const [endOfA, endOfB] = [keyEnd(a.bytes), keyEnd(b.bytes)];
  return (a.bytes[4] as number) - (b.bytes[4] as number) || a.bytes.compare(b.bytes, ROW_HEADER_BYTES, endOfB, ROW_HEADER_BYTES, endOfA);
}

/** The mark’s key or the user, one byte a character. */
export function keyOf(row: Buffer): string {
  return row.toString('latin1', ROW_HEADER_BYTES, keyEnd(row));
}

/** When a mark was made; Infinity for what does not expire. */
export function rowTimeMs(row: Buffer): number {
  return row[4] === RowKind.mark ? readNumber(row, keyEnd(row)) : Number.POSITIVE_INFINITY;
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

function keyEnd(row: Buffer): number {
  return ROW_HEADER_BYTES + row.readUInt16LE(6);
}

function beginRow(kind: number, key: string, valueLength: number): Row {
  const bytes = Buffer.allocUnsafe(ROW_HEADER_BYTES + key.length + valueLength);
  const hash = rowHash(kind, key);
  bytes.writeUInt32LE(hash, 0);
  bytes[4] = kind;
  bytes[5] = 0;
  bytes.writeUInt16LE(key.length, 6);
  bytes.writeUInt16LE(valueLength, 8);
  bytes.write(key, ROW_HEADER_BYTES, 'latin1');
  return { hash, bytes };
}
