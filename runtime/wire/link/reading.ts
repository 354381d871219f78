import type { Layout } from '../../contract/layout.ts';
import { USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { decodeLayout, encodeLayout } from '../layout.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Since version 3:
 *
 * ReadingQuery => 32 query:u32 loginStamp:u64 user:bytes16
 * Reading      => b1 query:u32 readStamp:u64 layout            no generations: another session reads the inbox, or none that was told
 */
export const READING_VERSION = 3;

export interface ReadingQueryFrame {
  readonly query: number;
  readonly loginStamp: number;
  readonly user: Buffer;
}

export function decodeReadingQuery(reader: ByteReader): ReadingQueryFrame {
  return { query: reader.u32(), loginStamp: reader.u64(), user: Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name')) };
}

export function encodeReadingQuery(out: ByteWriter, frame: ReadingQueryFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.ReadingQuery);
  out.u32(frame.query);
  out.u64(frame.loginStamp);
  out.bytes16(frame.user);
  out.endFrame(mark);
}

export interface ReadingFrame {
  readonly readStamp: number;
  readonly layout: Layout;
}

/** Behind the query number. */
export function decodeReading(reader: ByteReader): ReadingFrame {
  return { readStamp: reader.u64(), layout: decodeLayout(reader) };
}

export function encodeReading(out: ByteWriter, query: number, frame: ReadingFrame | undefined): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Reading);
  out.u32(query);
  out.u64(frame?.readStamp ?? 0);
  encodeLayout(out, frame?.layout ?? { generations: [] });
  out.endFrame(mark);
}
