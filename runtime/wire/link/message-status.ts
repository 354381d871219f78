import { USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { decodeSequences, encodeSequences } from '../sequences.ts';
import type { MessageStatusFrame } from '../v2/message-status.ts';
import type { ReadFrame } from '../v2/read.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Read               => 25 attachment:u32 device:8 sender:bytes16 sequences
 * MessageStatusQuery => 26 attachment:u32 device:8 recipient:bytes16
 * MessageStatus      => a2 attachment:u32 device:8 recipient:bytes16 delivered:sequences read:sequences
 * Since version 2. `attachment` stands for its user: the reader in READ, the sender in the others. `device` is the sender’s.
 */
export interface LinkMessageStatus extends MessageStatusFrame {
  readonly device: Buffer;
}

/** Copies what it keeps; the reader stands behind the attachment. */
export function decodeLinkRead(reader: ByteReader): ReadFrame {
  const device = Buffer.from(reader.bytes(8));
  const sender = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'sender'));
  return { device, sender, sequences: decodeSequences(reader) };
}

export function encodeLinkRead(out: ByteWriter, attachment: number, { device, sender, sequences }: ReadFrame): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.Read);
  out.u32(attachment);
  out.bytes(device);
  out.bytes16(sender);
  encodeSequences(out, sequences);
  out.endFrame(mark);
}

/** Copies what it keeps; the reader stands behind the attachment. */
export function decodeLinkStatusQuery(reader: ByteReader): { device: Buffer; recipient: Buffer } {
  return { device: Buffer.from(reader.bytes(8)), recipient: Buffer.from(reader.bytes16(USER_BYTES_MAX, 'recipient')) };
}

export function encodeLinkStatusQuery(out: ByteWriter, attachment: number, device: Uint8Array, recipient: Uint8Array): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.MessageStatusQuery);
  out.u32(attachment);
  out.bytes(device);
  out.bytes16(recipient);
  out.endFrame(mark);
}

/** Copies what it keeps; the reader stands behind the attachment. */
export function decodeLinkMessageStatus(reader: ByteReader): LinkMessageStatus {
  const device = Buffer.from(reader.bytes(8));
  const recipient = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'recipient'));
  return { device, recipient, delivered: decodeSequences(reader), read: decodeSequences(reader) };
}

export function encodeLinkMessageStatus(out: ByteWriter, attachment: number, status: LinkMessageStatus): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.MessageStatus);
  out.u32(attachment);
  out.bytes(status.device);
  out.bytes16(status.recipient);
  encodeSequences(out, status.delivered);
  encodeSequences(out, status.read);
  out.endFrame(mark);
}
