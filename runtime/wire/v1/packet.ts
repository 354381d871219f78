import { BATCH_BYTES_MAX, USER_BYTES_MAX } from '../../contract/limits.ts';
import { ACK_BYTES, OpcodeV1 } from './opcodes.ts';

/** What the front of a buffer holds: a whole packet of `bytes`, the beginning of one, or nothing this service can read. */
export type PacketSpan = { readonly kind: 'whole'; readonly bytes: number } | { readonly kind: 'partial' } | { readonly kind: 'unknown' };

interface Field {
  /** Bytes of the length, or of the value where `isFixed`. */
  readonly width: 2 | 4 | 8;
  readonly isFixed?: boolean;
  readonly max?: number;
}

const name: Field = { width: 2, max: USER_BYTES_MAX };
const long = (max: number): Field => ({ width: 4, max });
const encrypted = [name, { width: 2, max: 1_024 }, long(65_536)] as const;

/** The fields after each opcode, all but LOGIN and ACK, which carry no length. */
const LAYOUTS: Readonly<Record<number, readonly Field[]>> = {
  [OpcodeV1.Send]: [name, { width: 2 }],
  [OpcodeV1.Batch]: [name, long(BATCH_BYTES_MAX)],
  [OpcodeV1.GetStatus]: [{ width: 2 }],
  [OpcodeV1.SendSequence]: [name, { width: 8, isFixed: true }, { width: 2 }],
  [OpcodeV1.UploadPrekeys]: [long(8_192)],
  [OpcodeV1.FetchPrekeys]: [name],
  [OpcodeV1.Encrypted]: encrypted,
  [OpcodeV1.GroupCreate]: [name],
  [OpcodeV1.GroupLeave]: [name],
  [OpcodeV1.GroupMessage]: encrypted,
  [OpcodeV1.GroupRoster]: [name],
  [OpcodeV1.SenderKey]: [name, long(8_192)],
  [OpcodeV1.TypingStart]: [name],
  [OpcodeV1.TypingStop]: [name],
  [OpcodeV1.ReadReceipt]: [{ width: 2, max: 64 }, name],
};

const PARTIAL: PacketSpan = { kind: 'partial' };
const UNKNOWN: PacketSpan = { kind: 'unknown' };

/** Measures the packet at `buffer[at …)`. A LOGIN takes what its rule gives it; see `loginEnd`. */
export function packetSpan(buffer: Buffer, at: number): PacketSpan {
  const opcode = buffer[at] as number;
  if (opcode === OpcodeV1.Login) return { kind: 'whole', bytes: loginEnd(buffer, at) - at };
  if (opcode === OpcodeV1.Ack) return buffer.length - at < ACK_BYTES ? PARTIAL : { kind: 'whole', bytes: ACK_BYTES };
  const layout = LAYOUTS[opcode];
  if (layout === undefined) return UNKNOWN;
  let end = at + 1;
  for (const field of layout) {
    if (end + field.width > buffer.length) return PARTIAL;
    if (field.isFixed !== true) {
      const length = field.width === 2 ? buffer.readUInt16BE(end) : buffer.readUInt32BE(end);
      if (field.max !== undefined && length > field.max) return UNKNOWN;
      end += length;
    }
    end += field.width;
  }
  return end > buffer.length ? PARTIAL : { kind: 'whole', bytes: end - at };
}

/**
 * A LOGIN has no length: the name ends with the read, or before the first byte below 0x20, which begins the next packet. Where that
 * byte is 0x00 it is the high byte of a length, and the byte before it is the opcode (0x20-0x75 are printable).
 */
export function loginEnd(buffer: Buffer, at: number): number {
  for (let i = at + 1; i < buffer.length; i++) {
    if ((buffer[i] as number) >= 0x20) continue;
    return buffer[i] === 0 && i > at + 1 ? i - 1 : i;
  }
  return buffer.length;
}

/** The name whose length stands at `at`; a view. */
export function nameAt(buffer: Buffer, at: number): Buffer {
  return buffer.subarray(at + 2, afterName(buffer, at));
}

/** Where the name that begins at `at` ends. */
export function afterName(buffer: Buffer, at: number): number {
  return at + 2 + buffer.readUInt16BE(at);
}

/** Count and end of those of a batch’s entries that are complete. */
export function wholeEntries(buffer: Buffer, start: number, end: number): [count: number, stop: number] {
  let at = start;
  let count = 0;
  while (at + 2 <= end && at + 2 + buffer.readUInt16BE(at) <= end) {
    at += 2 + buffer.readUInt16BE(at);
    count++;
  }
  return [count, at];
}
