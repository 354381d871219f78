import { IrisError } from '../runtime/contract/errors.ts';
import type { ByteReader } from '../runtime/wire/byte-reader.ts';
import { checkEnvelope, entriesStart, forEachEntry } from '../runtime/wire/envelope.ts';
import { encodeAck } from '../runtime/wire/v2/ack.ts';
import type { Cursor } from '../runtime/wire/v2/cursor.ts';
import { encodeFetch } from '../runtime/wire/v2/fetch.ts';
import type { GenerationFrame } from '../runtime/wire/v2/generation.ts';
import { Reads } from '../runtime/wire/v2/hello.ts';
import type { DeliveryLedger } from './delivery-ledger.ts';
import { type ClientEvents, type ClientOptions, GeneratorClient } from './generator-client.ts';
import { isWhole } from './payload.ts';

export interface InboxReaderParts {
  readonly ledger: DeliveryLedger;
  /** Hears how late each message was, in milliseconds since it was to be sent. */
  readonly latency?: (ms: number) => void;
  /** Called after every chunk, when counts may have changed. */
  readonly progress: () => void;
  /** Edges of the connections over which the buckets are read; none: over the reader’s own. */
  readonly shareAddresses?: readonly string[];
}

/** A receiving application: verifies every payload, counts it, and acknowledges every envelope it read. */
export class InboxReader {
  private readonly parts: InboxReaderParts;
  private readonly options: ClientOptions;
  private client: GeneratorClient | undefined;
  private shares: GeneratorClient[] = [];
  /** Grows with each time it comes and goes. */
  private visit = 0;
  /** Where it stands in each bucket. */
  private readonly cursors = new Map<number, Cursor>();

  constructor(parts: InboxReaderParts, options: ClientOptions) {
    this.parts = parts;
    this.options = options;
  }

  /** Logs in and goes on after the last message it had. */
  async connect(): Promise<void> {
    const visit = ++this.visit;
    let isSharing = false;
    const generation = (frame: GenerationFrame) => {
      if (isSharing || frame.pushed === 0) return;
      isSharing = true;
      this.shareAddresses.forEach((address, share) => void this.readShare(visit, { address, share, frame }));
    };
    const reads = this.shareAddresses.length === 0 ? Reads.all : Reads.own;
    this.client = await this.open({ ...this.options, cursors: [...this.cursors.values()], reads }, { generation });
  }

  /** Goes away without a word. */
  disconnect(): void {
    this.visit++;
    this.client?.destroy();
    this.client = undefined;
    for (const client of this.shares.splice(0)) client.destroy();
  }

  private get shareAddresses(): readonly string[] {
    return this.parts.shareAddresses ?? [];
  }

  private open(options: ClientOptions, events: ClientEvents = {}): Promise<GeneratorClient> {
    const delivered = (reader: ByteReader, client: GeneratorClient) => this.delivered(reader, client);
    return GeneratorClient.connect(options, { delivered, chunkDone: this.parts.progress, ...events });
  }

  /** Of all generations at once: a celebrity of a benchmark has one. */
  private async readShare(
    visit: number,
    { address, share, frame }: { address: string; share: number; frame: GenerationFrame },
  ): Promise<void> {
    const shares = this.shareAddresses.length;
    const cursors = [...this.cursors.values()].filter(({ bucket }) => (bucket & 0xffff) % shares === share);
    const client = await this.open({ ...this.options, address, cursors, reads: Reads.shares });
    if (visit !== this.visit) {
      client.destroy();
      return;
    }
    this.shares.push(client);
    encodeFetch(client.writer(), { share, shares, through: frame.newest, login: frame.login });
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
