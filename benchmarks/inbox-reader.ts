import { IrisError } from '../runtime/contract/errors.ts';
import type { ByteReader } from '../runtime/wire/byte-reader.ts';
import { checkEnvelope, entriesStart, forEachEntry } from '../runtime/wire/envelope.ts';
import { encodeAck } from '../runtime/wire/v2/ack.ts';
import type { Cursor } from '../runtime/wire/v2/cursor.ts';
import type { DeliveryLedger } from './delivery-ledger.ts';
import { type ClientOptions, GeneratorClient } from './generator-client.ts';
import { isWhole } from './payload.ts';

export interface InboxReaderParts {
  readonly ledger: DeliveryLedger;
  /** Hears how late each message was, in milliseconds since it was to be sent. */
  readonly latency?: (ms: number) => void;
  /** Called after every chunk, when counts may have changed. */
  readonly progress: () => void;
}

/** A receiving application: verifies every payload, counts it, and acknowledges every envelope it read. */
export class InboxReader {
  private readonly parts: InboxReaderParts;
  private readonly options: ClientOptions;
  private client: GeneratorClient | undefined;
  /** Where it stands in each bucket. */
  private readonly cursors = new Map<number, Cursor>();

  constructor(parts: InboxReaderParts, options: ClientOptions) {
    this.parts = parts;
    this.options = options;
  }

  /** Logs in and goes on after the last message it had. */
  async connect(): Promise<void> {
    const cursors = [...this.cursors.values()];
    this.client = await GeneratorClient.connect(
      { ...this.options, cursors },
      { delivered: (reader, client) => this.delivered(reader, client), chunkDone: this.parts.progress },
    );
  }

  /** Goes away without a word. */
  disconnect(): void {
    this.client?.destroy();
    this.client = undefined;
  }

  private delivered(reader: ByteReader, client: GeneratorClient): void {
    const { ledger, latency } = this.parts;
    const bucket = reader.u32();
    const position = reader.u64();
    const firstIndex = reader.u16();
    const { buffer, at, end } = reader;
    checkEnvelope(buffer, at, end);
    const nowMs = latency === undefined ? 0 : performance.now();
    let last = 0;
    forEachEntry(buffer, entriesStart(buffer, at), end, (from, to, index) => {
      last = index;
      if (index < firstIndex) return;
      if (!isWhole(buffer, from, to)) throw new IrisError('FRAME_MALFORMED', `payload of ${to - from} bytes is not what was sent`);
      ledger.take(buffer.readUInt32BE(from), buffer.readUInt32BE(from + 4));
      if (latency !== undefined) latency(nowMs - buffer.readDoubleBE(from + 8));
    });
    const cursor = { bucket, position, index: last };
    this.cursors.set(bucket, cursor);
    encodeAck(client.writer(), cursor);
  }
}
