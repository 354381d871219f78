import { IrisError } from '../../contract/errors.ts';
import { INBOX_NAME_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type Cursor, decodeCursor, encodeCursor } from '../v2/cursor.ts';
import { CURSORS_MAX } from '../v2/hello.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Attach   => 20 attachment:u32 flags:u8 loginStamp:u64 credit:u32 user:bytes16 count:u16 acknowledged:cursor* count:u16 shown:cursor*
 * Push     => a0 attachment:u32 bucket:u32 position:u64 firstIndex:u16 envelope
 * Credit   => 21 attachment:u32 bytes:u32
 * Cursor   => 22 attachment:u32 cursor
 * Remove   => 23 attachment:u32 bucket:u32 position:u64
 * Detach   => 24 attachment:u32 flags:u8                       bit 0: flush
 * Detached => a1 attachment:u32 reason:u8                      0 flushed, 1 replaced, 2 moved (since version 2): read at the owner of the newer slot map
 *
 * `acknowledged` may be forgotten; pushing starts after `shown` (what this connection was given before its link broke).
 */
export const ATTACH_SELECTIVE = 0x01;
export const ATTACH_AGAIN = 0x02;
/** Since version 2. */
export const ATTACH_EPHEMERALS = 0x04;
export const DETACH_FLUSH = 0x01;
export const Detached = { Flushed: 0, Replaced: 1, Moved: 2 } as const;

export interface AttachFrame {
  readonly attachment: number;
  readonly isSelective: boolean;
  readonly isReattached: boolean;
  readonly takesEphemerals: boolean;
  readonly loginStamp: number;
  readonly creditBytes: number;
  readonly user: Buffer;
  readonly acknowledged: readonly Cursor[];
  readonly shown: readonly Cursor[];
}

export function decodeAttach(reader: ByteReader): AttachFrame {
  const attachment = reader.u32();
  const flags = reader.u8();
  return {
    attachment,
    isSelective: (flags & ATTACH_SELECTIVE) !== 0,
    isReattached: (flags & ATTACH_AGAIN) !== 0,
    takesEphemerals: (flags & ATTACH_EPHEMERALS) !== 0,
    loginStamp: reader.u64(),
    creditBytes: reader.u32(),
    user: Buffer.from(reader.bytes16(INBOX_NAME_BYTES_MAX, 'inbox name')),
    acknowledged: decodeCursors(reader),
    shown: decodeCursors(reader),
  };
}

export function encodeAttach(out: ByteWriter, frame: AttachFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Attach);
  out.u32(frame.attachment);
  const ephemerals = frame.takesEphemerals ? ATTACH_EPHEMERALS : 0;
  out.u8((frame.isSelective ? ATTACH_SELECTIVE : 0) | (frame.isReattached ? ATTACH_AGAIN : 0) | ephemerals);
  out.u64(frame.loginStamp);
  out.u32(frame.creditBytes);
  out.bytes16(frame.user);
  for (const list of [frame.acknowledged, frame.shown]) {
    out.u16(list.length);
    for (const cursor of list) encodeCursor(out, cursor);
  }
  out.endFrame(mark);
}

function decodeCursors(reader: ByteReader): Cursor[] {
  const count = reader.u16();
  if (count > CURSORS_MAX) throw new IrisError('FRAME_MALFORMED', `${count} cursors, limit is ${CURSORS_MAX}`);
  return Array.from({ length: count }, () => decodeCursor(reader));
}

export interface PushPlace {
  readonly attachment: number;
  readonly bucket: number;
  readonly position: number;
  readonly firstIndex: number;
}

export function encodePush(out: ByteWriter, place: PushPlace, envelope: Buffer): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Push);
  out.u32(place.attachment);
  out.u32(place.bucket);
  out.u64(place.position);
  out.u16(place.firstIndex);
  out.bytes(envelope);
  out.endFrame(mark);
}

export function encodeCredit(out: ByteWriter, attachment: number, bytes: number): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Credit);
  out.u32(attachment);
  out.u32(bytes);
  out.endFrame(mark);
}

export function encodeLinkCursor(out: ByteWriter, attachment: number, cursor: Cursor): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Cursor);
  out.u32(attachment);
  encodeCursor(out, cursor);
  out.endFrame(mark);
}

export function encodeRemove(out: ByteWriter, attachment: number, bucket: number, position: number): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Remove);
  out.u32(attachment);
  out.u32(bucket);
  out.u64(position);
  out.endFrame(mark);
}

export function encodeDetach(out: ByteWriter, attachment: number, flush: boolean): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Detach);
  out.u32(attachment);
  out.u8(flush ? DETACH_FLUSH : 0);
  out.endFrame(mark);
}

export function encodeDetached(out: ByteWriter, attachment: number, reason: number): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Detached);
  out.u32(attachment);
  out.u8(reason);
  out.endFrame(mark);
}
