import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

/** Cursor => bucket:u32 position:u64 index:u16. Everything of the bucket up to this message, inclusive, has reached the application. */
export interface Cursor {
  readonly bucket: number;
  readonly position: number;
  /** Place in the envelope, from 0. */
  readonly index: number;
}

export function decodeCursor(reader: ByteReader): Cursor {
  return { bucket: reader.u32(), position: reader.u64(), index: reader.u16() };
}

export function encodeCursor(out: ByteWriter, cursor: Cursor): void {
  out.u32(cursor.bucket);
  out.u64(cursor.position);
  out.u16(cursor.index);
}
