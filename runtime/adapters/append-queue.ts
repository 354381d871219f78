import { IrisError } from '../contract/errors.ts';
import { LOG_APPENDS_WAITING_BYTES_MAX, LOG_PART_BYTES_MAX, LOG_RECORD_BYTES } from '../contract/limits.ts';

/** Bytes of one entry: it has a batch to itself at worst. */
export const LOG_ENTRY_BYTES_MAX = LOG_PART_BYTES_MAX - LOG_RECORD_BYTES;

/** Stores entries in one piece, in their order and next to each other; resolves to the offset of the last. */
export type SendPart = (entries: readonly Buffer[]) => Promise<number>;

interface Append {
  readonly entries: readonly Buffer[];
  /** Entries sent or under way. */
  taken: number;
  readonly bytes: number;
  resolve(offset: number): void;
  reject(error: unknown): void;
}

/**
 * The appends of one log, one part under way at a time, so that they stay in order whatever is tried again. What has come meanwhile goes together
 * as one part, up to LOG_PART_BYTES_MAX; a long append goes in several. A part that fails fails all that wait behind it.
 */
export class AppendQueue {
  private readonly send: SendPart;
  private appends: Append[] = [];
  /** Bytes that have not been acknowledged. */
  waitingBytes = 0;
  private isSending = false;
  private closed: IrisError | undefined;

  constructor(send: SendPart) {
    this.send = send;
  }

  append(entries: readonly Buffer[]): Promise<number> {
    const refusal = this.closed ?? this.refusalOf(entries);
    if (refusal !== undefined) return Promise.reject(refusal);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const bytes = entries.reduce((sum, { length }) => sum + length, 0);
    this.appends.push({ entries, taken: 0, bytes, resolve, reject });
    this.waitingBytes += bytes;
    if (!this.isSending) void this.sendAll();
    return promise;
  }

  /** Rejects what has not resolved and what comes later. */
  close(error: IrisError): void {
    this.closed ??= error;
    this.failAll(error);
  }

  private refusalOf(entries: readonly Buffer[]): IrisError | undefined {
    const longest = entries.reduce((most, { length }) => Math.max(most, length), 0);
    if (longest > LOG_ENTRY_BYTES_MAX) {
      return new IrisError('FRAME_TOO_LARGE', `log entry of ${longest} bytes, limit is ${LOG_ENTRY_BYTES_MAX}`);
    }
    if (entries.length === 0) return new IrisError('FRAME_MALFORMED', 'append of no entries; a log takes one or more');
    if (this.waitingBytes <= LOG_APPENDS_WAITING_BYTES_MAX) return undefined;
    return new IrisError('OVERLOADED', `${this.waitingBytes} bytes wait for the log, limit is ${LOG_APPENDS_WAITING_BYTES_MAX}`);
  }

  private async sendAll(): Promise<void> {
    this.isSending = true;
    while (this.appends.length > 0) {
      const part = this.takePart();
      try {
        this.resolveSent(await this.send(part), part.length);
      } catch (error) {
        this.failAll(error);
      }
    }
    this.isSending = false;
  }

  private takePart(): Buffer[] {
    const part: Buffer[] = [];
    let bytes = 0;
    for (const append of this.appends) {
      for (const entry of append.entries.slice(append.taken)) {
        bytes += entry.length + LOG_RECORD_BYTES;
        if (part.length > 0 && bytes > LOG_PART_BYTES_MAX) return part;
        part.push(entry);
        append.taken++;
      }
    }
    return part;
  }

  /** Resolves the appends whose last entry is among the `count` that now stand up to `lastOffset`. */
  private resolveSent(lastOffset: number, count: number): void {
    const open = this.appends.findIndex(({ entries, taken }) => taken < entries.length);
    const done = this.appends.splice(0, open === -1 ? this.appends.length : open);
    // Of the append behind them, the part may have held the beginning.
    let behind = Math.min(this.appends[0]?.taken ?? 0, count) + done.reduce((sum, { entries }) => sum + entries.length, 0);
    for (const append of done) {
      this.waitingBytes -= append.bytes;
      behind -= append.entries.length;
      append.resolve(lastOffset - behind);
    }
  }

  private failAll(error: unknown): void {
    const failed = this.appends;
    this.appends = [];
    this.waitingBytes = 0;
    for (const append of failed) append.reject(error);
  }
}
