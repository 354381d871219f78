/**
 * Bytes to be sent, gathered so that one burst of frames costs one write. Grows by doubling and is reused; the owner takes the bytes
 * with `take()` and must not keep `buffer`. All integers are big-endian.
 */
export class ByteWriter {
  buffer: Buffer;
  length = 0;

  constructor(capacity = 1024) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** Opens a frame: leaves room for its u32 length. Returns the mark that `endFrame` wants. */
  beginFrame(): number {
    const mark = this.length;
    this.room(4);
    this.length += 4;
    return mark;
  }

  /** Closes a frame: writes how many bytes follow the length field. */
  endFrame(mark: number): void {
    this.buffer.writeUInt32BE(this.length - mark - 4, mark);
  }

  /** A frame that is its opcode only. */
  emptyFrame(opcode: number): void {
    this.u32(1);
    this.u8(opcode);
  }

  u8(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  u16(value: number): void {
    this.room(2);
    this.length = this.buffer.writeUInt16BE(value, this.length);
  }

  u32(value: number): void {
    this.room(4);
    this.length = this.buffer.writeUInt32BE(value, this.length);
  }

  /** A whole number below 2^53 as 64 bits. */
  u64(value: number): void {
    this.room(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.buffer.writeUInt32BE(high, this.length);
    this.length = this.buffer.writeUInt32BE(value - high * 0x1_0000_0000, this.length + 4);
  }

  bytes(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start;
    this.room(count);
    this.buffer.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.length);
    this.length += count;
  }

  /** Length as u16, then the bytes. */
  bytes16(source: Uint8Array): void {
    this.u16(source.length);
    this.bytes(source);
  }

  /** UTF-8 with a u16 length. */
  text16(text: string): void {
    this.bytes16(Buffer.from(text, 'utf8'));
  }

  /** What was gathered, as a buffer of its own; the writer is empty afterwards. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.length);
    this.buffer.copy(taken, 0, 0, this.length);
    this.length = 0;
    return taken;
  }

  /** Makes room for bytes that the caller writes into `buffer` at once; returns where. */
  reserve(count: number): number {
    this.room(count);
    const at = this.length;
    this.length = at + count;
    return at;
  }

  private room(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}
