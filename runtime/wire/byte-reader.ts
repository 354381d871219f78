import { IrisError } from '../contract/errors.ts';

/**
 * Reads one frame field by field, never past its end. Reusable: `reset` points it at the next frame, so that reading allocates nothing.
 * Every method throws IrisError FRAME_TRUNCATED when the frame ends inside the field.
 */
export class ByteReader {
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  reset(buffer: Buffer, start: number, end: number): this {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
    return this;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.buffer[this.need(1)] as number;
  }

  u16(): number {
    return this.buffer.readUInt16BE(this.need(2));
  }

  u32(): number {
    return this.buffer.readUInt32BE(this.need(4));
  }

  /** @throws IrisError FRAME_MALFORMED above 2^53 - 1, which no peer of ours writes. */
  u64(): number {
    const at = this.need(8);
    const high = this.buffer.readUInt32BE(at);
    if (high > 0x1f_ffff) throw new IrisError('FRAME_MALFORMED', `64-bit field with high word ${high}, must be below 2^21`);
    return high * 0x1_0000_0000 + this.buffer.readUInt32BE(at + 4);
  }

  /** A view of `count` bytes: valid only while the chunk behind it is. */
  bytes(count: number): Buffer {
    const at = this.need(count);
    return this.buffer.subarray(at, at + count);
  }

  bytes16(max: number, what: string): Buffer {
    const count = this.u16();
    if (count > max) throw new IrisError('FRAME_TOO_LARGE', `${what} of ${count} bytes, limit is ${max}`);
    return this.bytes(count);
  }

  text16(max: number, what: string): string {
    return this.bytes16(max, what).toString('utf8');
  }

  private need(count: number): number {
    const at = this.at;
    if (at + count > this.end) throw new IrisError('FRAME_TRUNCATED', `frame ends ${at + count - this.end} bytes inside a field`);
    this.at = at + count;
    return at;
  }
}
