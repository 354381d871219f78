import type { ByteReader } from '../byte-reader.ts';

/**
 * Options => (tag:u8 length:u16 value)*
 * What later releases append to a frame. This release knows no tag, so it steps over each; a cut one is still FRAME_TRUNCATED.
 */
export function skipOptions(reader: ByteReader): void {
  while (reader.remaining > 0) {
    reader.u8();
    reader.bytes(reader.u16());
  }
}
