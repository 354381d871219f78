import { IrisError } from '../../contract/errors.ts';
import { BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, MESSAGE_BYTES_MAX, SEQUENCE_MAX, USER_BYTES_MAX } from '../../contract/limits.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { countEntries } from '../envelope.ts';
import { Opcode } from './opcodes.ts';

/** The frame was sent before, perhaps on another connection: look for its duplicate further back than memory reaches (L2). */
export const SEND_RETRY = 0x01;
/** The client has seen that an earlier message to this recipient was refused; order begins anew with this one (L3). */
export const SEND_FRESH = 0x02;
/** Since version 3: the sender wants to hear when the messages were delivered and read (L6). Stays in the envelope. */
export const SEND_STATUS_WANTED = 0x04;
/** Since version 3: straight to the recipient if it is online, never stored (D0); `previous` says nothing. */
export const SEND_BEST_EFFORT = 0x08;
/** Set by a bridge, between nodes: it has asked its own slot map, so who is not the owner refuses it rather than passing it on. */
export const APPEND_FORWARDED = 0x10;
/** What a client may set; other bits are between nodes. */
export const SEND_FLAGS_VERSION_2 = SEND_RETRY | SEND_FRESH;
export const SEND_FLAGS = SEND_FLAGS_VERSION_2 | SEND_STATUS_WANTED | SEND_BEST_EFFORT;
/** Between nodes only: the recipient is a bucket of a promoted inbox. */
export const APPEND_BUCKET = 0x20;

/**
 * Send  => 02 flags:u8 sequence:u64 previous:u64 recipient:bytes16 length:u16 message
 * Batch => 03 flags:u8 sequence:u64 previous:u64 recipient:bytes16 entries            entries => 1..1000 × (length:u16 message)
 * A Send is a Batch of one. `sequence` is the first message’s, the others follow by one; it grows within the device.
 * `previous` is the last sequence this device sent to this recipient in the last day, 0 for none or unknown: a message that overtakes
 * it on another way, after a move to another region, waits for it (L3).
 */
export interface SendFrame {
  flags: number;
  sequence: number;
  previous: number;
  /** A view into the chunk. */
  recipient: Buffer;
  count: number;
  /** The entries are `buffer[entriesAt … end)` of the frame. */
  entriesAt: number;
}

/**
 * Fills `into`, so that a session reads all its sends through one object.
 * @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED (not exactly one entry in a SEND, none or more than 1,000 in a BATCH), FRAME_TOO_LARGE
 */
export function decodeSend(reader: ByteReader, opcode: number, into: SendFrame): void {
  into.flags = reader.u8();
  into.sequence = reader.u64();
  into.previous = reader.u64();
  into.recipient = reader.bytes16(USER_BYTES_MAX, 'recipient');
  into.entriesAt = reader.at;
  if (reader.remaining > BATCH_BYTES_MAX)
    throw new IrisError('FRAME_TOO_LARGE', `batch of ${reader.remaining} bytes, limit is ${BATCH_BYTES_MAX}`);
  into.count = countEntries(reader.buffer, reader.at, reader.end);
  if (into.count < 0) throw new IrisError('FRAME_TRUNCATED', 'the last message of the batch is cut short');
  const countMax = opcode === Opcode.Send ? 1 : BATCH_MESSAGES_MAX;
  if (into.count < 1 || into.count > countMax)
    throw new IrisError('FRAME_MALFORMED', `${into.count} messages in one frame, must be 1 to ${countMax}`);
}

export interface SendOptions {
  readonly flags: number;
  readonly sequence: number;
  readonly previous: number;
  readonly recipient: Uint8Array;
  readonly messages: readonly Uint8Array[];
}

/** Writes a SEND for one message, a BATCH for more. @throws IrisError FRAME_TOO_LARGE, FRAME_MALFORMED before anything is written. */
export function encodeSend(out: ByteWriter, { flags, sequence, previous, recipient, messages }: SendOptions): void {
  checkSend(recipient, messages);
  const mark = out.beginFrame();
  out.u8(messages.length === 1 ? Opcode.Send : Opcode.Batch);
  out.u8(flags);
  out.u64(sequence);
  out.u64(previous);
  out.bytes16(recipient);
  for (const message of messages) out.bytes16(message);
  out.endFrame(mark);
}

/**
 * What a client may send in one frame.
 * @throws IrisError FRAME_TOO_LARGE, FRAME_MALFORMED
 */
export function checkSend(recipient: Uint8Array, messages: readonly Uint8Array[]): void {
  if (recipient.length > USER_BYTES_MAX)
    throw new IrisError('FRAME_TOO_LARGE', `recipient of ${recipient.length} bytes, limit is ${USER_BYTES_MAX}`);
  if (messages.length < 1 || messages.length > BATCH_MESSAGES_MAX) {
    throw new IrisError('FRAME_MALFORMED', `${messages.length} messages in one batch, must be 1 to ${BATCH_MESSAGES_MAX}`);
  }
  let total = 0;
  for (const message of messages) {
    if (message.length > MESSAGE_BYTES_MAX)
      throw new IrisError('FRAME_TOO_LARGE', `message of ${message.length} bytes, limit is ${MESSAGE_BYTES_MAX}`);
    total += 2 + message.length;
  }
  if (total > BATCH_BYTES_MAX) throw new IrisError('FRAME_TOO_LARGE', `batch of ${total} bytes, limit is ${BATCH_BYTES_MAX}`);
}

/** @throws IrisError SEQUENCE_INVALID */
export function checkSequence({ sequence, previous, count }: SendFrame): void {
  if (sequence === 0) throw new IrisError('SEQUENCE_INVALID', 'sequence 0, must be 1 or more');
  if (sequence + count - 1 > SEQUENCE_MAX)
    throw new IrisError('SEQUENCE_INVALID', `sequence ${sequence}, must be below 2^52 with its batch`);
  if (previous >= sequence) throw new IrisError('SEQUENCE_INVALID', `previous ${previous} is not below the sequence ${sequence}`);
}
