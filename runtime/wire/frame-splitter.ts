import { IrisError } from '../contract/errors.ts';

/** Takes frames: `buffer[start … end)` are the bytes after the length field. An object, so that an idle session costs no closure. */
export interface FrameSink {
  frame(buffer: Buffer, start: number, end: number): void;
}

/**
 * Cuts a byte stream into frames of `length:u32 body`. A frame that lies within one chunk is handed over in place; one that spans
 * chunks is gathered in a buffer of its own that grows with what has arrived, so a false length costs nothing (A6).
 */
export class FrameSplitter {
  private readonly frameBytesMax: number;
  private partial: Buffer | undefined;
  private filled = 0;
  private stopped = false;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Drops what is left and ignores what comes; for a handler that closes its connection inside a frame. */
  stop(): void {
    this.stopped = true;
    this.partial = undefined;
  }

  /** @throws IrisError FRAME_TOO_LARGE as soon as a length above the limit is read, without waiting for the body. */
  push(chunk: Buffer, sink: FrameSink): void {
    let at = this.partial === undefined ? 0 : this.fillPartial(chunk, sink);
    while (!this.stopped && chunk.length - at >= 4) {
      const end = at + 4 + this.checkedLength(chunk, at);
      if (end > chunk.length) break;
      sink.frame(chunk, at + 4, end);
      at = end;
    }
    if (!this.stopped && at < chunk.length && this.partial === undefined) this.keep(chunk, at);
  }

  private checkedLength(buffer: Buffer, at: number): number {
    const length = buffer.readUInt32BE(at);
    if (length > this.frameBytesMax) throw new IrisError('FRAME_TOO_LARGE', `frame of ${length} bytes, limit is ${this.frameBytesMax}`);
    return length;
  }

  private keep(chunk: Buffer, at: number): void {
    const rest = chunk.length - at;
    this.partial = Buffer.allocUnsafe(Math.max(64, rest * 2));
    chunk.copy(this.partial, 0, at);
    this.filled = rest;
  }

  /** Completes the frame that an earlier chunk began. Returns how much of this chunk it took. */
  private fillPartial(chunk: Buffer, sink: FrameSink): number {
    let used = 0;
    if (this.filled < 4) used = this.take(chunk, 0, 4);
    if (this.filled < 4) return used;
    const needed = 4 + this.checkedLength(this.partial as Buffer, 0);
    used += this.take(chunk, used, needed);
    if (this.filled < needed) return used;
    const frame = this.partial as Buffer;
    this.partial = undefined;
    this.filled = 0;
    sink.frame(frame, 4, needed);
    return used;
  }

  /** Copies from the chunk until `target` bytes are gathered or the chunk ends. */
  private take(chunk: Buffer, from: number, target: number): number {
    const count = Math.min(target - this.filled, chunk.length - from);
    const partial = this.partial as Buffer;
    if (this.filled + count > partial.length) {
      const grown = Buffer.allocUnsafe(Math.min(target, Math.max(this.filled + count, partial.length * 2)));
      partial.copy(grown, 0, 0, this.filled);
      this.partial = grown;
    }
    chunk.copy(this.partial as Buffer, this.filled, from, from + count);
    this.filled += count;
    return count;
  }
}
