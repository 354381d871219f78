import { IrisError } from '../../contract/errors.ts';
import type { Layout } from '../../contract/layout.ts';
import { INBOX_NAME_BYTES_MAX, MARK_KEYS_MAX, USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { decodeLayout, encodeLayout } from '../layout.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Since version 2:
 *
 * Seal      => 28 query:u32 flags:u8 inbox:bytes16                             bit 0: take no more messages
 * Sealed    => a7 query:u32 flags:u8 messagesPerSecond:u32                     1 sealed, 2 empty
 * MarkQuery => 29 query:u32 below:u16 inbox:bytes16 count:u16 key:bytes16*
 * Mark      => a8 query:u32 count:u16 (high:u64 count:u16 (from:u64 to:u64)*)* a mark of 0 is none; no marks: cannot be known now
 * Layout    => a5 attachment:u32 readStamp:u64 user:bytes16 layout             attachment 0: for who publishes to the user
 * CaughtUp  => a6 attachment:u32 flags:u8                                      bit 0: nothing will ever follow
 */
export const BUCKETS_VERSION = 2;
export const SEAL = 0x01;
const SEALED = 0x01;
const EMPTY = 0x02;
const END = 0x01;
/** An inbox’s row: device, lengths and two names. */
const KEY_BYTES_MAX = 12 + USER_BYTES_MAX + INBOX_NAME_BYTES_MAX;
const HOLES_MAX = 4_096;

export interface SealFrame {
  readonly query: number;
  readonly seal: boolean;
  readonly inbox: Buffer;
}

export function decodeSeal(reader: ByteReader): SealFrame {
  return {
    query: reader.u32(),
    seal: (reader.u8() & SEAL) !== 0,
    inbox: Buffer.from(reader.bytes16(INBOX_NAME_BYTES_MAX, 'inbox name')),
  };
}

export function encodeSeal(out: ByteWriter, frame: SealFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Seal);
  out.u32(frame.query);
  out.u8(frame.seal ? SEAL : 0);
  out.bytes16(frame.inbox);
  out.endFrame(mark);
}

export interface SealedFrame {
  readonly isSealed: boolean;
  readonly isEmpty: boolean;
  readonly messagesPerSecond: number;
}

/** Behind the query number. */
export function decodeSealed(reader: ByteReader): SealedFrame {
  const flags = reader.u8();
  return { isSealed: (flags & SEALED) !== 0, isEmpty: (flags & EMPTY) !== 0, messagesPerSecond: reader.u32() };
}

export function encodeSealed(out: ByteWriter, query: number, frame: SealedFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Sealed);
  out.u32(query);
  out.u8((frame.isSealed ? SEALED : 0) | (frame.isEmpty ? EMPTY : 0));
  out.u32(Math.min(0xffff_ffff, Math.round(frame.messagesPerSecond)));
  out.endFrame(mark);
}

export interface MarkQueryFrame {
  readonly query: number;
  readonly below: number;
  readonly inbox: Buffer;
  readonly keys: readonly string[];
}

/** @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED, FRAME_TOO_LARGE */
export function decodeMarkQuery(reader: ByteReader): MarkQueryFrame {
  const query = reader.u32();
  const below = reader.u16();
  const inbox = Buffer.from(reader.bytes16(INBOX_NAME_BYTES_MAX, 'inbox name'));
  const count = reader.u16();
  if (count > MARK_KEYS_MAX) throw new IrisError('FRAME_MALFORMED', `${count} rows in one question, limit is ${MARK_KEYS_MAX}`);
  const keys = Array.from({ length: count }, () => reader.bytes16(KEY_BYTES_MAX, 'row').toString('latin1'));
  return { query, below, inbox, keys };
}

export function encodeMarkQuery(out: ByteWriter, frame: MarkQueryFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.MarkQuery);
  out.u32(frame.query);
  out.u16(frame.below);
  out.bytes16(frame.inbox);
  out.u16(frame.keys.length);
  for (const key of frame.keys) out.bytes16(Buffer.from(key, 'latin1'));
  out.endFrame(mark);
}

interface Mark {
  readonly high: number;
  readonly holes: readonly { readonly from: number; readonly to: number }[];
}

function holesOf(reader: ByteReader): number {
  const count = reader.u16();
  if (count > HOLES_MAX) throw new IrisError('FRAME_MALFORMED', `${count} holes in one row, limit is ${HOLES_MAX}`);
  return count;
}

/** Behind the query number. @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED */
export function decodeMarks(reader: ByteReader): (Mark | undefined)[] | undefined {
  const count = reader.u16();
  const marks = Array.from({ length: count }, () => {
    const high = reader.u64();
    const holes = Array.from({ length: holesOf(reader) }, () => ({ from: reader.u64(), to: reader.u64() }));
    return high === 0 ? undefined : { high, holes };
  });
  return count === 0 ? undefined : marks;
}

export function encodeMarks(out: ByteWriter, query: number, marks: readonly (Mark | undefined)[] | undefined): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Mark);
  out.u32(query);
  out.u16(marks?.length ?? 0);
  for (const one of marks ?? []) {
    const holes = one?.holes.slice(-HOLES_MAX) ?? [];
    out.u64(one?.high ?? 0);
    out.u16(holes.length);
    for (const { from, to } of holes) {
      out.u64(from);
      out.u64(to);
    }
  }
  out.endFrame(mark);
}

export interface LayoutFrame {
  readonly attachment: number;
  readonly readStamp: number;
  readonly user: Buffer;
  readonly layout: Layout;
}

export function decodeLayoutFrame(reader: ByteReader): LayoutFrame {
  return {
    attachment: reader.u32(),
    readStamp: reader.u64(),
    user: Buffer.from(reader.bytes16(USER_BYTES_MAX, 'user name')),
    layout: decodeLayout(reader),
  };
}

export function encodeLayoutFrame(out: ByteWriter, frame: LayoutFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Layout);
  out.u32(frame.attachment);
  out.u64(frame.readStamp);
  out.bytes16(frame.user);
  encodeLayout(out, frame.layout);
  out.endFrame(mark);
}

/** Behind the attachment number. */
export function decodeIsEnd(reader: ByteReader): boolean {
  return (reader.u8() & END) !== 0;
}

export function encodeCaughtUp(out: ByteWriter, attachment: number, isEnd: boolean): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.CaughtUp);
  out.u32(attachment);
  out.u8(isEnd ? END : 0);
  out.endFrame(mark);
}
