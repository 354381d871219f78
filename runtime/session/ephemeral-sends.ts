import { EphemeralKind, type HandedOver } from '../ports/inbox-feed.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { type EnvelopeHeader, writeEnvelope } from '../wire/envelope.ts';
import type { SessionParts } from './session-parts.ts';

const NO_DEVICE = Buffer.alloc(8);

/** Hands `buffer[start … end)`, entries of a best-effort SEND, to the recipient’s reader. */
export function handMessages(
  { feed, router, stamps }: SessionParts,
  header: Omit<EnvelopeHeader, 'flags' | 'stamp' | 'previous'>,
  entries: { readonly buffer: Buffer; readonly start: number; readonly end: number },
  answer: HandedOver,
): void {
  const out = new ByteWriter(entries.end - entries.start + 128);
  writeEnvelope(out, { ...header, flags: 0, stamp: stamps.next(), previous: 0 }, entries.buffer, entries.start, entries.end);
  feed.hand(router.ownerOf(header.recipient), EphemeralKind.message, out.take(), answer);
}

/** May be lost on its way, and is left out under load (X21). */
export function handTyping(
  parts: SessionParts,
  { sender, recipient, isTyping }: { sender: Buffer; recipient: Buffer; isTyping: boolean },
): void {
  if (!parts.load.sheds('typing')) handSmall(parts, EphemeralKind.typing, { sender, recipient, value: Buffer.of(isTyping ? 1 : 0) });
}

/** v1’s receipt, which names a message as its reader knows it; goes as typing does. */
export function handReceipt(parts: SessionParts, { reader, sender, id }: { reader: Buffer; sender: Buffer; id: Buffer }): void {
  if (!parts.load.sheds('receipts')) handSmall(parts, EphemeralKind.receipt, { sender: reader, recipient: sender, value: id });
}

function handSmall(parts: SessionParts, kind: EphemeralKind, from: { sender: Buffer; recipient: Buffer; value: Buffer }): void {
  const entry = new ByteWriter(from.value.length + 2);
  entry.bytes16(from.value);
  const bytes = entry.take();
  const out = new ByteWriter(128);
  const { sender, recipient } = from;
  const header = { flags: 0, count: 1, stamp: parts.stamps.next(), sequence: 1, previous: 0, device: NO_DEVICE, sender, recipient };
  writeEnvelope(out, header, bytes, 0, bytes.length);
  parts.feed.hand(parts.router.ownerOf(recipient), kind, out.take());
}
