import { phash2 } from '../contract/phash2.ts';

/**
 * MessageId => bucket:u32 position:u64 index:u16 check:u16      (16 bytes, big-endian)
 *
 * Sixteen bytes exactly, because v1’s ACK has no length. `index` is the message’s place in its envelope; 0xFFFF stands for an envelope
 * of one. `check` tells an id that this service issued from noise. Opaque to clients.
 */
export const MESSAGE_ID_BYTES = 16;
export const WHOLE_ENVELOPE = 0xffff;

export interface MessageId {
  readonly bucket: number;
  readonly position: number;
  readonly index: number;
}

export function writeMessageId(target: Buffer, at: number, bucket: number, position: number, index: number): void {
  target.writeUInt32BE(bucket, at);
  const high = Math.floor(position / 0x1_0000_0000);
  target.writeUInt32BE(high, at + 4);
  target.writeUInt32BE(position - high * 0x1_0000_0000, at + 8);
  target.writeUInt16BE(index, at + 12);
  target.writeUInt16BE(checkOf(target, at), at + 14);
}

/** The id at `buffer[at …]`, or undefined when no node of ours wrote it. */
export function readMessageId(buffer: Buffer, at: number): MessageId | undefined {
  if (buffer.readUInt16BE(at + 14) !== checkOf(buffer, at)) return undefined;
  const high = buffer.readUInt32BE(at + 4);
  if (high > 0x1f_ffff) return undefined;
  return {
    bucket: buffer.readUInt32BE(at),
    position: high * 0x1_0000_0000 + buffer.readUInt32BE(at + 8),
    index: buffer.readUInt16BE(at + 12),
  };
}

function checkOf(buffer: Buffer, at: number): number {
  const hash = phash2(buffer.subarray(at, at + 14));
  return (hash ^ (hash >>> 16)) & 0xffff;
}
