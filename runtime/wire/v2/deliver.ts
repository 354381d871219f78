import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import {
  checkEnvelope,
  ENVELOPE_STATUS_WANTED,
  entriesStart,
  envelopeCount,
  envelopeDevice,
  envelopeFlags,
  envelopePrevious,
  envelopeSender,
  envelopeSequence,
  envelopeStamp,
  forEachEntry,
} from '../envelope.ts';
import { Opcode } from './opcodes.ts';

/**
 * Deliver => 83 bucket:u32 position:u64 firstIndex:u16 envelope
 * One envelope of the inbox, as it was stored. Messages before `firstIndex` were acknowledged earlier and are to be passed over.
 */
export interface DeliverFrame {
  readonly bucket: number;
  readonly position: number;
  readonly firstIndex: number;
  readonly count: number;
  /** True when the sender wants to hear that the messages were read (version 3). */
  readonly isStatusWanted: boolean;
  /** The sender’s, 8 bytes; with `sequence` it names the messages in READ. A view into the chunk. */
  readonly device: Buffer;
  /** Of the first message, the others follow by one. */
  readonly sequence: number;
  /** The last one before them to this recipient; 0 for none. */
  readonly previous: number;
  readonly sender: string;
  readonly stamp: number;
  /** Views into the chunk. */
  readonly messages: readonly Buffer[];
}

/** @throws IrisError FRAME_TRUNCATED, FRAME_MALFORMED, FRAME_TOO_LARGE */
export function decodeDeliver(reader: ByteReader): DeliverFrame {
  const bucket = reader.u32();
  const position = reader.u64();
  const firstIndex = reader.u16();
  const { buffer, at, end } = reader;
  checkEnvelope(buffer, at, end);
  const messages: Buffer[] = [];
  forEachEntry(buffer, entriesStart(buffer, at), end, (from, to) => messages.push(buffer.subarray(from, to)));
  const sender = envelopeSender(buffer, at).toString('utf8');
  return {
    bucket,
    position,
    firstIndex,
    count: envelopeCount(buffer, at),
    isStatusWanted: (envelopeFlags(buffer, at) & ENVELOPE_STATUS_WANTED) !== 0,
    device: envelopeDevice(buffer, at),
    sequence: envelopeSequence(buffer, at),
    previous: envelopePrevious(buffer, at),
    sender,
    stamp: envelopeStamp(buffer, at),
    messages,
  };
}

export interface DeliverOptions {
  readonly bucket: number;
  readonly position: number;
  readonly firstIndex: number;
}

/** The envelope is `buffer[start … end)`. */
export function encodeDeliver(out: ByteWriter, options: DeliverOptions, buffer: Buffer, start: number, end: number): void {
  const mark = out.beginFrame();
  out.u8(Opcode.Deliver);
  out.u32(options.bucket);
  out.u64(options.position);
  out.u16(options.firstIndex);
  out.bytes(buffer, start, end);
  out.endFrame(mark);
}
