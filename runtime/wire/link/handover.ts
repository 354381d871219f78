import { INBOX_NAME_BYTES_MAX, USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Since link version 2.
 *
 * Pull     => 2a query:u32 version:u64 kind:u8 group:text16 user:bytes16 after:u64 marks:u32     kind: 0 users, 1 user, 2 done
 * Handover => a9 query:u32 kind:u8 last:u8 nextPosition:u64 lastSeen:u64                         kind: 0 later, 1 kept, 2 held
 *             users:u16 (user:bytes16)* rows:u16 (position:u64 firstIndex:u16 length:u32 envelope)*
 *             marks:u16 (key:bytes16 high:u64 holes:u16 (from:u64 to:u64)*)* records:u16 (kind:u8 value:bytes16)*
 */
const REQUEST_KINDS = ['users', 'user', 'done'] as const;
const ANSWER_KINDS = ['later', 'kept', 'held'] as const;

export interface PullFrame {
  readonly version: number;
  readonly kind: (typeof REQUEST_KINDS)[number];
  readonly group: string;
  /** Or a bucket: whatever has an inbox moves alike. */
  readonly user: Buffer;
  readonly after: number;
  readonly marks: number;
}

export interface HandoverFrame {
  readonly kind: (typeof ANSWER_KINDS)[number];
  readonly isLast: boolean;
  readonly nextPosition: number;
  readonly lastSeenSeconds: number;
  readonly users: readonly Buffer[];
  readonly rows: readonly HandoverRow[];
  readonly marks: readonly HandoverMark[];
  readonly records: readonly { readonly kind: number; readonly value: Buffer }[];
}

interface HandoverRow {
  readonly position: number;
  readonly firstIndex: number;
  readonly envelope: Buffer;
}

interface HandoverMark {
  /** One byte a character. */
  readonly key: string;
  readonly mark: { readonly high: number; readonly holes: readonly { readonly from: number; readonly to: number }[] };
}

const GROUP_BYTES_MAX = 255;
/** An inbox’s row: device, lengths, two names, and the suffix of a status. */
const KEY_BYTES_MAX = 12 + USER_BYTES_MAX + INBOX_NAME_BYTES_MAX + 1;
const RECORD_BYTES_MAX = 65_535;

export function encodePull(out: ByteWriter, query: number, request: PullFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Pull);
  out.u32(query);
  out.u64(request.version);
  out.u8(REQUEST_KINDS.indexOf(request.kind));
  out.text16(request.group);
  out.bytes16(request.user);
  out.u64(request.after);
  out.u32(request.marks);
  out.endFrame(mark);
}

export function decodePull(reader: ByteReader): { query: number; request: PullFrame } {
  const query = reader.u32();
  const request = {
    version: reader.u64(),
    kind: REQUEST_KINDS[reader.u8()] ?? 'users',
    group: reader.text16(GROUP_BYTES_MAX, 'group'),
    user: Buffer.from(reader.bytes16(INBOX_NAME_BYTES_MAX, 'inbox name')),
    after: reader.u64(),
    marks: reader.u32(),
  };
  return { query, request };
}

export function encodeHandover(out: ByteWriter, query: number, answer: HandoverFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Handover);
  out.u32(query);
  out.u8(ANSWER_KINDS.indexOf(answer.kind));
  out.u8(answer.isLast ? 1 : 0);
  out.u64(answer.nextPosition);
  out.u64(answer.lastSeenSeconds);
  out.u16(answer.users.length);
  for (const user of answer.users) out.bytes16(user);
  out.u16(answer.rows.length);
  for (const row of answer.rows) {
    out.u64(row.position);
    out.u16(row.firstIndex);
    out.u32(row.envelope.length);
    out.bytes(row.envelope);
  }
  out.u16(answer.marks.length);
  for (const pulled of answer.marks) encodeMark(out, pulled);
  out.u16(answer.records.length);
  for (const record of answer.records) {
    out.u8(record.kind);
    out.bytes16(record.value);
  }
  out.endFrame(mark);
}

export function decodeHandover(reader: ByteReader): { query: number; answer: HandoverFrame } {
  const query = reader.u32();
  const answer = {
    kind: ANSWER_KINDS[reader.u8()] ?? 'later',
    isLast: reader.u8() !== 0,
    nextPosition: reader.u64(),
    lastSeenSeconds: reader.u64(),
    users: list(reader, () => Buffer.from(reader.bytes16(INBOX_NAME_BYTES_MAX, 'inbox name'))),
    rows: list(reader, () => decodeRow(reader)),
    marks: list(reader, () => decodeMark(reader)),
    records: list(reader, () => ({
      kind: reader.u8(),
      value: Buffer.from(reader.bytes16(RECORD_BYTES_MAX, 'record')),
    })),
  };
  return { query, answer };
}

function decodeRow(reader: ByteReader): HandoverRow {
  const [position, firstIndex] = [reader.u64(), reader.u16()];
  return { position, firstIndex, envelope: Buffer.from(reader.bytes(reader.u32())) };
}

function encodeMark(out: ByteWriter, { key, mark }: HandoverMark): void {
  out.bytes16(Buffer.from(key, 'latin1'));
  out.u64(mark.high);
  out.u16(mark.holes.length);
  for (const hole of mark.holes) {
    out.u64(hole.from);
    out.u64(hole.to);
  }
}

function decodeMark(reader: ByteReader): HandoverMark {
  const key = reader.bytes16(KEY_BYTES_MAX, 'mark').toString('latin1');
  return { key, mark: { high: reader.u64(), holes: list(reader, () => ({ from: reader.u64(), to: reader.u64() })) } };
}

function list<T>(reader: ByteReader, read: () => T): T[] {
  return Array.from({ length: reader.u16() }, read);
}
