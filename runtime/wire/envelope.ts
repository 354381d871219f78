import { IrisError } from '../contract/errors.ts';
import { BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, INBOX_NAME_BYTES_MAX, USER_BYTES_MAX } from '../contract/limits.ts';
import type { ByteWriter } from './byte-writer.ts';

/**
 * Envelope => version:u8 flags:u8 count:u16 stamp:u64 sequence:u64 previous:u64 device:8 senderLength:u16 recipientLength:u16 sender recipient entries
 * entries  => count × (length:u16 message)                                                          (big-endian)
 *
 * What one client packet becomes, and what link, log, store and replay carry unopened. `stamp` is milliseconds since 1970 · 2^10 plus a
 * counter, given by the edge; `sequence` is the first message’s, the others follow by one; `previous` is the last sequence that
 * this device sent to this recipient before, 0 for none: what comes too early waits for it (L3); `device` is the sender’s choice.
 * `flags`: 04 the sender wants to hear of delivery and reading, 20 a region that was lost sends it on out of a sealed bucket, 40 its status
 * says nothing of earlier messages, 80 control: statuses on their way to a sender (`status-envelope.ts`), not a message.
 * The range device … recipient identifies a sender’s row of sequences to one recipient: `markKeyOf`.
 */
export const ENVELOPE_VERSION = 1;
export const ENVELOPE_HEADER_BYTES = 40;
/** Largest envelope: a full batch between two longest names. */
export const ENVELOPE_BYTES_MAX = ENVELOPE_HEADER_BYTES + USER_BYTES_MAX + INBOX_NAME_BYTES_MAX + BATCH_BYTES_MAX;
/** Stamps per millisecond that one edge can tell apart. */
export const STAMPS_PER_MS = 1024;

/** Flags of an envelope. */
export const ENVELOPE_STATUS_WANTED = 0x04;
export const ENVELOPE_SENT_ON = 0x20;
export const ENVELOPE_STATUS_EXACT = 0x40;
export const ENVELOPE_CONTROL = 0x80;

const FLAGS = 1;
const COUNT = 2;
const STAMP = 4;
const SEQUENCE = 12;
const PREVIOUS = 20;
const DEVICE = 28;
const SENDER_LENGTH = 36;
const RECIPIENT_LENGTH = 38;

export interface EnvelopeHeader {
  /** SEND’s flags; ENVELOPE_STATUS_WANTED stays in the envelope. */
  readonly flags: number;
  readonly count: number;
  readonly stamp: number;
  readonly sequence: number;
  readonly previous: number;
  /** 8 bytes. */
  readonly device: Uint8Array;
  readonly sender: Uint8Array;
  readonly recipient: Uint8Array;
}

/** Bytes of the envelope that `writeEnvelope` makes of entries from `start` to `end`. */
export function envelopeLength(parts: { sender: Uint8Array; recipient: Uint8Array; start: number; end: number }): number {
  return ENVELOPE_HEADER_BYTES + parts.sender.length + parts.recipient.length + parts.end - parts.start;
}

/** Writes an envelope whose entries are `buffer[start … end)`, copied as they came. */
export function writeEnvelope(out: ByteWriter, header: EnvelopeHeader, buffer: Buffer, start: number, end: number): void {
  const { sender, recipient, count } = header;
  const at = out.reserve(ENVELOPE_HEADER_BYTES + sender.length + recipient.length + end - start);
  const bytes = out.buffer;
  bytes[at] = ENVELOPE_VERSION;
  bytes[at + FLAGS] = header.flags & ENVELOPE_STATUS_WANTED;
  bytes[at + COUNT] = count >>> 8;
  bytes[at + COUNT + 1] = count;
  setU64(bytes, at + STAMP, header.stamp);
  setU64(bytes, at + SEQUENCE, header.sequence);
  setU64(bytes, at + PREVIOUS, header.previous);
  copyFew(header.device, bytes, at + DEVICE);
  bytes[at + SENDER_LENGTH] = sender.length >>> 8;
  bytes[at + SENDER_LENGTH + 1] = sender.length;
  bytes[at + RECIPIENT_LENGTH] = recipient.length >>> 8;
  bytes[at + RECIPIENT_LENGTH + 1] = recipient.length;
  copyFew(sender, bytes, at + ENVELOPE_HEADER_BYTES);
  copyFew(recipient, bytes, at + ENVELOPE_HEADER_BYTES + sender.length);
  buffer.copy(bytes, at + ENVELOPE_HEADER_BYTES + sender.length + recipient.length, start, end);
}

function setU64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  const low = value - high * 0x1_0000_0000;
  bytes[at] = high >>> 24;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = low >>> 24;
  bytes[at + 5] = low >>> 16;
  bytes[at + 6] = low >>> 8;
  bytes[at + 7] = low;
}

/** A loop is faster than a call for the length of a name. */
function copyFew(source: Uint8Array, target: Uint8Array, at: number): void {
  for (let i = 0; i < source.length; i++) target[at + i] = source[i] as number;
}

/**
 * Checks that `buffer[at … end)` begins like an envelope: version, names within it and within their limits, a possible count. Entries are not opened.
 * @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED
 */
export function checkEnvelope(buffer: Buffer, at: number, end: number): void {
  if (end - at < ENVELOPE_HEADER_BYTES)
    throw new IrisError('FRAME_TRUNCATED', `envelope of ${end - at} bytes, needs ${ENVELOPE_HEADER_BYTES}`);
  const version = buffer[at] as number;
  if (version !== ENVELOPE_VERSION)
    throw new IrisError('FRAME_MALFORMED', `envelope version ${version}, this release knows ${ENVELOPE_VERSION}`);
  const count = envelopeCount(buffer, at);
  if (count < 1 || count > BATCH_MESSAGES_MAX)
    throw new IrisError('FRAME_MALFORMED', `envelope of ${count} messages, must be 1 to ${BATCH_MESSAGES_MAX}`);
  const sender = buffer.readUInt16BE(at + SENDER_LENGTH);
  const recipient = buffer.readUInt16BE(at + RECIPIENT_LENGTH);
  if (sender > USER_BYTES_MAX || recipient > INBOX_NAME_BYTES_MAX) {
    throw new IrisError(
      'FRAME_TOO_LARGE',
      `names of ${sender} and ${recipient} bytes, limits are ${USER_BYTES_MAX} and ${INBOX_NAME_BYTES_MAX}`,
    );
  }
  if (at + ENVELOPE_HEADER_BYTES + sender + recipient > end) throw new IrisError('FRAME_TRUNCATED', 'envelope ends inside its names');
}

export function envelopeFlags(buffer: Buffer, at = 0): number {
  return buffer[at + FLAGS] as number;
}

export function envelopeCount(buffer: Buffer, at = 0): number {
  return buffer.readUInt16BE(at + COUNT);
}

export function setEnvelopeCount(buffer: Buffer, at: number, count: number): void {
  buffer.writeUInt16BE(count, at + COUNT);
}

/** Whether the envelope is for `recipient`, without a view of its name. */
export function isEnvelopeTo(recipient: Uint8Array, buffer: Buffer, at: number): boolean {
  if (buffer.readUInt16BE(at + RECIPIENT_LENGTH) !== recipient.length) return false;
  const start = at + ENVELOPE_HEADER_BYTES + buffer.readUInt16BE(at + SENDER_LENGTH);
  for (let i = 0; i < recipient.length; i++) if (buffer[start + i] !== recipient[i]) return false;
  return true;
}

export function envelopeStamp(buffer: Buffer, at = 0): number {
  return buffer.readUInt32BE(at + STAMP) * 0x1_0000_0000 + buffer.readUInt32BE(at + STAMP + 4);
}

export function envelopeSequence(buffer: Buffer, at = 0): number {
  return buffer.readUInt32BE(at + SEQUENCE) * 0x1_0000_0000 + buffer.readUInt32BE(at + SEQUENCE + 4);
}

export function envelopePrevious(buffer: Buffer, at = 0): number {
  return buffer.readUInt32BE(at + PREVIOUS) * 0x1_0000_0000 + buffer.readUInt32BE(at + PREVIOUS + 4);
}

/** A view of the 8 bytes. */
export function envelopeDevice(buffer: Buffer, at = 0): Buffer {
  return buffer.subarray(at + DEVICE, at + DEVICE + 8);
}

export function envelopeSender(buffer: Buffer, at = 0): Buffer {
  const start = at + ENVELOPE_HEADER_BYTES;
  return buffer.subarray(start, start + buffer.readUInt16BE(at + SENDER_LENGTH));
}

export function envelopeRecipient(buffer: Buffer, at = 0): Buffer {
  const start = at + ENVELOPE_HEADER_BYTES + buffer.readUInt16BE(at + SENDER_LENGTH);
  return buffer.subarray(start, start + buffer.readUInt16BE(at + RECIPIENT_LENGTH));
}

/** Where the key of the envelope’s row begins; it ends at `entriesStart`. */
export function rowKeyStart(at: number): number {
  return at + DEVICE;
}

/** Where the recipient’s name begins; it ends at `entriesStart`. */
export function recipientStart(buffer: Buffer, at = 0): number {
  return at + ENVELOPE_HEADER_BYTES + buffer.readUInt16BE(at + SENDER_LENGTH);
}

/** Device, sender and recipient as one key: the row in which sequences grow (L2). One byte a character. */
export function markKeyOf(buffer: Buffer, at = 0): string {
  return buffer.toString('latin1', at + DEVICE, entriesStart(buffer, at));
}

/** The key of a row that has no envelope at hand. `device` has 8 bytes. */
export function markKeyFor(device: Uint8Array, sender: Uint8Array, recipient: Uint8Array): string {
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(sender.length, 0);
  lengths.writeUInt16BE(recipient.length, 2);
  return Buffer.concat([device, lengths, sender, recipient]).toString('latin1');
}

/** Whom a row is about; also of a key with something behind it. */
export function partiesOfMark(markKey: string): { device: Buffer; sender: Buffer; recipient: Buffer } {
  const bytes = Buffer.from(markKey, 'latin1');
  const [sender, recipient] = [12 + bytes.readUInt16BE(8), 12 + bytes.readUInt16BE(8) + bytes.readUInt16BE(10)];
  return { device: bytes.subarray(0, 8), sender: bytes.subarray(12, sender), recipient: bytes.subarray(sender, recipient) };
}

/** The same device and sender in the row of another inbox. */
export function markKeyOfInbox(markKey: string, inbox: Buffer): string {
  const length = String.fromCharCode(inbox.length >>> 8, inbox.length & 0xff);
  return `${markKey.slice(0, 10)}${length}${markKey.slice(12, 12 + senderLength(markKey))}${inbox.toString('latin1')}`;
}

/** The sender in a row’s key. */
export function senderOfMarkKey(markKey: string): Buffer {
  return Buffer.from(markKey.slice(12, 12 + senderLength(markKey)), 'latin1');
}

/** The inbox in a row’s key, one byte a character. */
export function inboxOfMarkKey(markKey: string): string {
  return markKey.slice(12 + senderLength(markKey));
}

function senderLength(markKey: string): number {
  return markKey.charCodeAt(8) * 256 + markKey.charCodeAt(9);
}

/** The same envelope for another inbox. */
export function readdress(envelope: Buffer, recipient: Buffer): Buffer {
  const names = ENVELOPE_HEADER_BYTES + envelope.readUInt16BE(SENDER_LENGTH);
  const moved = Buffer.concat([envelope.subarray(0, names), recipient, envelope.subarray(entriesStart(envelope))]);
  moved.writeUInt16BE(recipient.length, RECIPIENT_LENGTH);
  return moved;
}

/** The same envelope as the first of its row. */
export function withoutPredecessor(envelope: Buffer): Buffer {
  const first = Buffer.from(envelope);
  first.fill(0, PREVIOUS, PREVIOUS + 8);
  return first;
}

/** The same envelope from another device, 8 bytes, of its sender: in another row. */
export function withDevice(envelope: Buffer, device: Buffer): Buffer {
  const changed = Buffer.from(envelope);
  device.copy(changed, DEVICE);
  return changed;
}

/** Where the entries begin. */
export function entriesStart(buffer: Buffer, at = 0): number {
  return at + ENVELOPE_HEADER_BYTES + buffer.readUInt16BE(at + SENDER_LENGTH) + buffer.readUInt16BE(at + RECIPIENT_LENGTH);
}

/** Calls back with each message’s place, in order. @throws IrisError FRAME_TRUNCATED when an entry passes `end`. */
export function forEachEntry(buffer: Buffer, start: number, end: number, visit: (from: number, to: number, index: number) => void): void {
  let at = start;
  for (let index = 0; at < end; index++) {
    if (at + 2 > end) throw new IrisError('FRAME_TRUNCATED', 'entry ends inside its length');
    const to = at + 2 + buffer.readUInt16BE(at);
    if (to > end) throw new IrisError('FRAME_TRUNCATED', `entry ${index} ends ${to - end} bytes past its envelope`);
    visit(at + 2, to, index);
    at = to;
  }
}

/** How many entries fill `buffer[start … end)` exactly; -1 when the last one is cut short. Costs about 2 ns an entry. */
export function countEntries(buffer: Buffer, start: number, end: number): number {
  let at = start;
  let count = 0;
  while (at + 2 <= end) {
    at += 2 + buffer.readUInt16BE(at);
    count++;
  }
  return at === end ? count : -1;
}

/** The same envelope with more flags. */
export function withFlags(envelope: Buffer, flags: number): Buffer {
  const copy = Buffer.from(envelope);
  copy[FLAGS] = envelopeFlags(envelope) | flags;
  return copy;
}

/** The same envelope with fewer flags; itself where it has none of them. */
export function withoutFlags(envelope: Buffer, flags: number): Buffer {
  if ((envelopeFlags(envelope) & flags) === 0) return envelope;
  const copy = Buffer.from(envelope);
  copy[FLAGS] = envelopeFlags(envelope) & ~flags;
  return copy;
}

/** Milliseconds since 1970 of a stamp. */
export function stampMs(stamp: number): number {
  return Math.floor(stamp / STAMPS_PER_MS);
}

/** The same envelope with another predecessor. */
export function withPrevious(envelope: Buffer, previous: number): Buffer {
  const changed = Buffer.from(envelope);
  const high = Math.floor(previous / 0x1_0000_0000);
  changed.writeUInt32BE(high, PREVIOUS);
  changed.writeUInt32BE(previous - high * 0x1_0000_0000, PREVIOUS + 4);
  return changed;
}

/** The same envelope without its first `skip` messages: what is left of a batch whose beginning was appended before (L2). */
export function skipEntries(envelope: Buffer, skip: number): Buffer {
  const header = entriesStart(envelope);
  let at = header;
  for (let i = 0; i < skip; i++) at += 2 + envelope.readUInt16BE(at);
  const rest = Buffer.concat([envelope.subarray(0, header), envelope.subarray(at)]);
  rest.writeUInt16BE(envelopeCount(envelope) - skip, COUNT);
  const sequence = envelopeSequence(envelope) + skip;
  const high = Math.floor(sequence / 0x1_0000_0000);
  rest.writeUInt32BE(high, SEQUENCE);
  rest.writeUInt32BE(sequence - high * 0x1_0000_0000, SEQUENCE + 4);
  return rest;
}
