import type { SequenceSet } from '../contract/sequence-set.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  ENVELOPE_CONTROL,
  entriesStart,
  envelopeDevice,
  envelopeFlags,
  envelopeRecipient,
  envelopeSender,
  forEachEntry,
  withFlags,
  writeEnvelope,
} from './envelope.ts';
import { decodeSequences, encodeSequences } from './sequences.ts';

/** What became of messages, on its way from their recipient’s owner to their sender’s. */
export interface StatusNews {
  /** The device that sent the messages, 8 bytes. */
  readonly device: Buffer;
  /** Who sent the messages. */
  readonly sender: Buffer;
  /** Who got them. */
  readonly recipient: Buffer;
  readonly delivered: SequenceSet;
  readonly read: SequenceSet;
}

/** True for an envelope that carries a status instead of messages. */
export function isStatusEnvelope(envelope: Buffer, at = 0): boolean {
  return (envelopeFlags(envelope, at) & ENVELOPE_CONTROL) !== 0;
}

/**
 * A control envelope, addressed to the messages’ sender. Its one entry => delivered:sequences read:sequences. Taking it twice, or after a
 * later one, changes nothing, so it has no place in any row of sequences.
 */
export function encodeStatusEnvelope({ device, sender, recipient, delivered, read }: StatusNews): Buffer {
  const body = new ByteWriter(64);
  encodeSequences(body, delivered);
  encodeSequences(body, read);
  const entry = new ByteWriter(64);
  entry.bytes16(body.take());
  const out = new ByteWriter(128);
  const header = { flags: 0, count: 1, stamp: 0, sequence: 1, previous: 0, device, sender: recipient, recipient: sender };
  const bytes = entry.take();
  writeEnvelope(out, header, bytes, 0, bytes.length);
  return withFlags(out.take(), ENVELOPE_CONTROL);
}

/** Copies what it keeps. @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED */
export function decodeStatusEnvelope(envelope: Buffer): StatusNews {
  let delivered: SequenceSet = [];
  let read: SequenceSet = [];
  forEachEntry(envelope, entriesStart(envelope), envelope.length, (from, to) => {
    const reader = new ByteReader().reset(envelope, from, to);
    delivered = decodeSequences(reader);
    read = decodeSequences(reader);
  });
  return {
    device: Buffer.from(envelopeDevice(envelope)),
    sender: Buffer.from(envelopeRecipient(envelope)),
    recipient: Buffer.from(envelopeSender(envelope)),
    delivered,
    read,
  };
}
