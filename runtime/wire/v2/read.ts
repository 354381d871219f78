import { USER_BYTES_MAX } from '../../contract/limits.ts';
import type { SequenceSet } from '../../contract/sequence-set.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { decodeSequences, encodeSequences } from '../sequences.ts';
import { Opcode } from './opcodes.ts';
import { skipOptions } from './options.ts';

/** Read => 07 device:8 sender:bytes16 sequences options. A person has seen these messages of that sender’s device. */
export interface ReadFrame {
  /** 8 bytes. */
  readonly device: Uint8Array;
  readonly sender: Uint8Array;
  readonly sequences: SequenceSet;
}

/** Copies what it keeps. */
export function decodeRead(reader: ByteReader): ReadFrame {
  const device = Buffer.from(reader.bytes(8));
  const sender = Buffer.from(reader.bytes16(USER_BYTES_MAX, 'sender'));
  const frame = { device, sender, sequences: decodeSequences(reader) };
  skipOptions(reader);
  return frame;
}

export function encodeRead(out: ByteWriter, { device, sender, sequences }: ReadFrame): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Read);
  out.bytes(device);
  out.bytes16(sender);
  encodeSequences(out, sequences);
  out.endFrame(mark);
}
