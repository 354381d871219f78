import type { ByteWriter } from '../byte-writer.ts';
import { MESSAGE_ID_BYTES, writeMessageId } from '../message-id.ts';
import { OpcodeV1 } from './opcodes.ts';

const LOGIN_OK = Buffer.from('LOGIN_OK');
const idScratch = Buffer.alloc(MESSAGE_ID_BYTES);

/** 03 "LOGIN_OK" */
export function encodeLoginOk(out: ByteWriter): void {
  out.u8(OpcodeV1.Ack);
  out.bytes(LOGIN_OK);
}

/** The refusal of a login is bare text, then the connection closes. */
export function encodeLoginRefused(out: ByteWriter): void {
  out.bytes(Buffer.from('AUTH_FAILED'));
}

/** What the original says to a login that it has no room for; the connection ends. */
export function encodeLoginLimited(out: ByteWriter): void {
  out.bytes(Buffer.from('RATE_LIMITED'));
}

export interface ReliablePlace {
  readonly bucket: number;
  readonly position: number;
  readonly index: number;
}

/** 10 idLength:u16 id:16 length:u32 message, the message being `buffer[start … end)`. */
export function encodeReliable(out: ByteWriter, place: ReliablePlace, buffer: Buffer, start: number, end: number): void {
  out.u8(OpcodeV1.Reliable);
  out.u16(MESSAGE_ID_BYTES);
  writeMessageId(idScratch, 0, place.bucket, place.position, place.index);
  out.bytes(idScratch);
  out.u32(end - start);
  out.bytes(buffer, start, end);
}

/** 06 user:bytes16 state:u8 lastSeenSeconds:u64 */
export function encodeStatusV1(out: ByteWriter, user: Uint8Array, status: { isOnline: boolean; lastSeenSeconds: number }): void {
  out.u8(OpcodeV1.Status);
  out.bytes16(user);
  out.u8(status.isOnline ? 1 : 0);
  out.u64(status.isOnline ? 0 : status.lastSeenSeconds);
}

/** 72 sender:bytes16 isTyping:u8 */
export function encodeTypingV1(out: ByteWriter, sender: Uint8Array, isTyping: boolean): void {
  out.u8(OpcodeV1.Typing);
  out.bytes16(sender);
  out.u8(isTyping ? 1 : 0);
}

/** 75 id:bytes16 reader:bytes16 readAtMs:u64 */
export function encodeReadReceipt(out: ByteWriter, receipt: { id: Uint8Array; reader: Uint8Array; readAtMs: number }): void {
  out.u8(OpcodeV1.ReadReceiptDelivery);
  out.bytes16(receipt.id);
  out.bytes16(receipt.reader);
  out.u64(receipt.readAtMs);
}

/** fe reason:bytes16, the reason in ASCII. */
export function encodeErrorV1(out: ByteWriter, reason: string): void {
  out.u8(OpcodeV1.Error);
  out.bytes16(Buffer.from(reason, 'latin1'));
}

/** ff retryAfterMs:u32, 10 to 60,000. */
export function encodeRateLimited(out: ByteWriter, retryAfterMs: number): void {
  out.u8(OpcodeV1.RateLimited);
  out.u32(Math.min(60_000, Math.max(10, retryAfterMs)));
}

/** 22 length:u32, no bundle: the key service is not there. */
export function encodeNoPrekeys(out: ByteWriter): void {
  out.u8(OpcodeV1.PrekeyResponse);
  out.u32(0);
}
