import { ERROR_CODES, errorLine, IrisError } from '../contract/errors.ts';
import type { Layout } from '../contract/layout.ts';
import type { Refusal } from '../ports/bus.ts';
import type { AppendOrigin, ShardOwner } from '../ports/shard-owner.ts';
import type { Log } from '../ports/telemetry.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { checkEnvelope } from '../wire/envelope.ts';
import { AppendReader, encodeAppended, encodeRefused } from '../wire/link/append.ts';

export interface LinkAppendsParts {
  readonly owner: ShardOwner;
  readonly log: Log;
  /** The other side’s address. */
  readonly peer: string;
  writer(): ByteWriter;
  laidOut(user: Buffer, layout: Layout): void;
  cut(reason: string): void;
}

/** The recipient of an envelope that names none that can be read. */
const NOBODY = Buffer.alloc(0);

/** What comes over one link to be appended, and its answers: what is durable in a row is said in one frame, a refusal of one is its own. */
export class LinkAppends implements AppendOrigin {
  private readonly parts: LinkAppendsParts;
  private readonly reader = new AppendReader();
  /** A run of answered appends that is still growing. */
  private runFirst = 0;
  private runCount = 0;
  private runDurability = 0;

  constructor(parts: LinkAppendsParts) {
    this.parts = parts;
  }

  /** Takes the APPEND or APPENDS `buffer[start … end)`. @throws IrisError FRAME_TRUNCATED, and what may pass */
  take(buffer: Buffer, start: number, end: number): void {
    const { reader } = this;
    reader.reset(buffer, start, end);
    while (reader.next()) this.append(buffer);
  }

  appended(correlation: number, durability: number): void {
    if (this.runCount > 0 && correlation === (this.runFirst + this.runCount) >>> 0 && durability === this.runDurability) {
      this.runCount++;
      return;
    }
    this.settled();
    this.runFirst = correlation;
    this.runCount = 1;
    this.runDurability = durability;
  }

  settled(): void {
    if (this.runCount > 0) encodeAppended(this.parts.writer(), this.runFirst, this.runCount, this.runDurability);
    this.runCount = 0;
  }

  refused(correlation: number, recipient: Buffer, refusal: Refusal): void {
    const { message, retryAfterMs } = refusal;
    encodeRefused(this.parts.writer(), { correlation, wire: ERROR_CODES[refusal.code].wire, retryAfterMs, recipient, message });
  }

  laidOut(user: Buffer, layout: Layout): void {
    this.parts.laidOut(user, layout);
  }

  cut(reason: string): void {
    this.parts.cut(reason);
  }

  private append(buffer: Buffer): void {
    const { correlation, flags, publisher: publisherId, start, end } = this.reader;
    try {
      checkEnvelope(buffer, start, end);
      this.parts.owner.append({ origin: this, correlation, publisherId, flags, envelope: buffer.subarray(start, end) });
    } catch (error) {
      // The frame is whole, this envelope is not: that costs this message, not the link and everything behind it.
      const code = error instanceof IrisError ? error.code : 'FRAME_MALFORMED';
      if (ERROR_CODES[code].retry) throw error;
      const message = errorLine(error);
      this.parts.log.error('append-refused', { peer: this.parts.peer, code, reason: message });
      this.refused(correlation, NOBODY, { code, message, retryAfterMs: 0 });
    }
  }
}
