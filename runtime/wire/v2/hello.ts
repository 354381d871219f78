import { IrisError } from '../../contract/errors.ts';
import { TOKEN_BYTES_MAX, USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import { Opcode } from './opcodes.ts';
import { readOptions } from './options.ts';

/** Cursors one HELLO may carry: one per bucket and generation still open. */
export const CURSORS_MAX = 1_024;

/** What a connection reads of a user’s inbox. */
export const Reads = {
  /** The user’s own inbox and its buckets. */
  all: 0,
  /** The user’s own inbox; its buckets are read by further connections. */
  own: 1,
  /** What FETCH asks for; nothing is taken over from another connection. */
  shares: 2,
} as const;
export type ReadsKind = (typeof Reads)[keyof typeof Reads];

const READS_OPTION = 1;
/** What most sessions begin with. */
const NO_CURSORS: readonly Cursor[] = [];

/**
 * Hello => 01 versionMin:u8 versionMax:u8 device:8 user:bytes16 token:bytes16 cursorCount:u16 cursors options
 * The first frame of a connection. `cursors` name what the application has already; the server sends what comes after. Option 1, reads:u8,
 * since version 4: what the connection reads; a connection that reads shares asks for version 4 at least.
 */
export interface HelloFrame {
  readonly versionMin: number;
  readonly versionMax: number;
  /** 8 bytes, chosen once per installation; sequences grow within it. */
  readonly device: Uint8Array;
  readonly user: Uint8Array;
  /** Empty where the environment asks for none. */
  readonly token: string;
  readonly cursors: readonly Cursor[];
  /** @default all */
  readonly reads?: ReadsKind;
}

/** Copies what it keeps. @throws IrisError FRAME_TRUNCATED, FRAME_TOO_LARGE, FRAME_MALFORMED */
export function decodeHello(reader: ByteReader): HelloFrame {
  const versionMin = reader.u8();
  const versionMax = reader.u8();
  const device = Buffer.from(reader.bytes(8));
  const user = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name'));
  const token = reader.text16(TOKEN_BYTES_MAX, 'token');
  const count = reader.u16();
  if (count > CURSORS_MAX) throw new IrisError('FRAME_MALFORMED', `${count} cursors, limit is ${CURSORS_MAX}`);
  const cursors = count === 0 ? NO_CURSORS : Array.from({ length: count }, () => decodeCursor(reader));
  let reads: ReadsKind = Reads.all;
  readOptions(reader, (tag, value) => {
    if (tag === READS_OPTION && value.length === 1) reads = readsOf(value[0] as number);
  });
  return { versionMin, versionMax, device, user, token, cursors, reads };
}

export function encodeHello(out: ByteWriter, frame: HelloFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Hello);
  out.u8(frame.versionMin);
  out.u8(frame.versionMax);
  out.bytes(frame.device);
  out.bytes16(frame.user);
  out.text16(frame.token);
  out.u16(frame.cursors.length);
  for (const cursor of frame.cursors) encodeCursor(out, cursor);
  if (frame.reads !== undefined && frame.reads !== Reads.all) {
    out.u8(READS_OPTION);
    out.u16(1);
    out.u8(frame.reads);
  }
  out.endFrame(mark);
}

/** @throws IrisError FRAME_MALFORMED */
function readsOf(value: number): ReadsKind {
  if (value === Reads.all || value === Reads.own || value === Reads.shares) return value;
  throw new IrisError('FRAME_MALFORMED', `HELLO reads ${value}, must be 0 all, 1 the own inbox or 2 shares`);
}
