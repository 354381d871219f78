import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { checkEnvelope, entriesStart, envelopeSender, envelopeStamp, forEachEntry } from '../envelope.ts';
import { Opcode } from './opcodes.ts';

/** Ephemeral => 8b envelope. Best-effort messages (D0): no place in the inbox, nothing to acknowledge, never again. */
export interface EphemeralFrame {
  readonly sender: string;
  readonly stamp: number;
  /** Views into the chunk. */
  readonly messages: readonly Buffer[];
}

/** @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED, FRAME_TOO_LARGE */
export function decodeEphemeral(reader: ByteReader): EphemeralFrame {
  const { buffer, at, end } = reader;
  checkEnvelope(buffer, at, end);
  const messages: Buffer[] = [];
  forEachEntry(buffer, entriesStart(buffer, at), end, (from, to) => messages.push(buffer.subarray(from, to)));
  return { sender: envelopeSender(buffer, at).toString('utf8'), stamp: envelopeStamp(buffer, at), messages };
}

/** The envelope is `buffer[start … end)`. */
export function encodeEphemeral(out: ByteWriter, buffer: Buffer, start: number, end: number): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Ephemeral);
  out.bytes(buffer, start, end);
  out.endFrame(mark);
}
