import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { LinkOpcode } from './opcodes.ts';

/**
 * Ephemeral       => 27 query:u32 kind:u8 envelope              query 0 wants no answer
 * EphemeralPush   => a3 attachment:u32 kind:u8 envelope
 * EphemeralAnswer => a4 query:u32 code:u16 message:text16       code 0: handed to the reader’s link
 * Since version 2. What never touches a log: kinds are EphemeralKind’s, the sender is in the envelope.
 */
export function encodeEphemeral(out: ByteWriter, query: number, kind: number, envelope: Buffer): void {
  encode(out, LinkOpcode.Ephemeral, query, kind, envelope);
}

export function encodeEphemeralPush(out: ByteWriter, attachment: number, kind: number, envelope: Buffer): void {
  encode(out, LinkOpcode.EphemeralPush, attachment, kind, envelope);
}

export interface EphemeralAnswer {
  readonly query: number;
  /** A number of ERROR_CODES; 0 when it was handed over. */
  readonly wire: number;
  readonly message: string;
}

export function decodeEphemeralAnswer(reader: ByteReader): EphemeralAnswer {
  return { query: reader.u32(), wire: reader.u16(), message: reader.text16(4_096, 'message') };
}

export function encodeEphemeralAnswer(out: ByteWriter, { query, wire, message }: EphemeralAnswer): void {
  const mark = out.beginFrame();
  out.u8(LinkOpcode.EphemeralAnswer);
  out.u32(query);
  out.u16(wire);
  out.text16(message);
  out.endFrame(mark);
}

function encode(out: ByteWriter, opcode: number, number: number, kind: number, envelope: Buffer): void {
  const mark = out.beginFrame();
  out.u8(opcode);
  out.u32(number);
  out.u8(kind);
  out.bytes(envelope);
  out.endFrame(mark);
}
