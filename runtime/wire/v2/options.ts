import type { ByteReader } from '../byte-reader.ts';

/**
 * Options => (tag:u8 length:u16 value)*
 * What later releases append to a frame: a reader takes the tags it knows and steps over the others; a cut one is still FRAME_TRUNCATED.
 */
export function readOptions(reader: ByteReader, take: (tag: number, value: Buffer) => void): void {
  while (reader.remaining > 0) {
    const tag = reader.u8();
    take(tag, Buffer.from(reader.bytes(reader.u16())));
  }
}

/** Options of a frame of which this release knows none. */
export function skipOptions(reader: ByteReader): void {
  while (reader.remaining > 0) {
    reader.u8();
    reader.bytes(reader.u16());
  }
}
