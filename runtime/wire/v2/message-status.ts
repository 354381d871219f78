import { USER_BYTES_MAX } from '../../contract/limits.ts';
import type { SequenceSet } from '../../contract/sequence-set.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { decodeSequences, encodeSequences } from '../sequences.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/**
 * MessageStatusQuery => 08 recipient:bytes16 options
 * MessageStatus      => 88 recipient:bytes16 delivered:sequences read:sequences options
 * What is known of this device’s messages to a recipient, in answer to a query or because it grew. An empty recipient means that
 * statuses may have been missed: ask for those that matter.
 */
export interface MessageStatusFrame {
  readonly recipient: Buffer;
  readonly delivered: SequenceSet;
  readonly read: SequenceSet;
}

export function decodeMessageStatusQuery(reader: ByteReader): Buffer {
  const recipient = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'recipient'));
  skipOptions(reader);
  return recipient;
}

export function encodeMessageStatusQuery(out: ByteWriter, recipient: Uint8Array): void {
  const mark = out.beginFrame();
  out.u8(Opcode.MessageStatusQuery);
  out.bytes16(recipient);
  out.endFrame(mark);
}

export function decodeMessageStatus(reader: ByteReader): MessageStatusFrame {
  const recipient = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'recipient'));
  const frame = { recipient, delivered: decodeSequences(reader), read: decodeSequences(reader) };
  skipOptions(reader);
  return frame;
}

export function encodeMessageStatus(out: ByteWriter, { recipient, delivered, read }: MessageStatusFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.MessageStatus);
  out.bytes16(recipient);
  encodeSequences(out, delivered);
  encodeSequences(out, read);
  out.endFrame(mark);
}
