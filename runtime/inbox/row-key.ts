import { type KeyBytes, keyHash } from '../contract/key-table.ts';
import { entriesStart, rowKeyStart } from '../wire/envelope.ts';
import type { Destination } from './destination.ts';
import { ON_ITS_WAY } from './mark-owner.ts';

/** Points at the key of one row of sequences after the other, so that finding a row costs neither a string nor an object. */
export class RowKey implements KeyBytes {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  hash = 0;
  private scratch = Buffer.alloc(0);

  /** The row that an envelope on its way to `destination` belongs to. Valid as long as the envelope is. */
  ofEnvelope(envelope: Buffer, { kind }: Destination): this {
    const [start, end] = [rowKeyStart(0), entriesStart(envelope)];
    if (kind === 'inbox') return this.point(envelope, start, end);
    const length = end - start;
    this.makeRoom(length + ON_ITS_WAY.length);
    envelope.copy(this.scratch, 0, start, end);
    this.scratch.write(ON_ITS_WAY, length, 'latin1');
    return this.point(this.scratch, 0, length + ON_ITS_WAY.length);
  }

  /** Of a key that is one byte a character. Valid until the next one. */
  ofText(text: string): this {
    this.makeRoom(text.length);
    this.scratch.write(text, 0, 'latin1');
    return this.point(this.scratch, 0, text.length);
  }

  /** One byte a character. */
  get text(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  private point(bytes: Buffer, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.hash = keyHash(bytes, start, end);
    return this;
  }

  private makeRoom(length: number): void {
    if (this.scratch.length < length) this.scratch = Buffer.allocUnsafeSlow(2 * length);
  }
}
