import { generationOf } from '../contract/bucket-name.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import { StampMerge } from '../follow/stamp-merge.ts';
import type { Clock } from '../ports/clock.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import type { FetchFrame } from '../wire/v2/fetch.ts';
import type { GenerationFrame } from '../wire/v2/generation.ts';
import { type HelloFrame, Reads } from '../wire/v2/hello.ts';
import { FETCH_VERSION } from '../wire/v2/opcodes.ts';
import type { EdgeConnection, EdgeConnectionUser } from './edge-connection.ts';
import type { Incoming } from './incoming.ts';
import { ShareReader, type ShareReaderOwner, type WaitingDelivery } from './share-reader.ts';

/** Milliseconds a share may have no connection; then everything is read over one. */
const DOWN_MS_MAX = 30_000;

export interface ShareReadsParts {
  readonly clock: Clock;
  readonly incoming: Incoming;
  /** How many share the buckets. */
  readonly count: number;
  /** A connection that is not started yet; `first` is the address it tries first. */
  connection(user: EdgeConnectionUser, first: number): EdgeConnection;
  /** What any connection of this client says, without cursors. */
  hello(): Omit<HelloFrame, 'cursors'>;
  gap(gap: InboxGap): void;
  /** A share is logged in, and has asked for what it reads. */
  welcomed(): void;
  /** A share has a new read: what was said there before may be lost. */
  resumed(): void;
  /** The buckets cannot be shared here: everything is to be read over one connection. */
  failed(): void;
}

/**
 * The buckets of a promoted inbox, read over several connections at once: connection k of n reads every n-th bucket, one generation at a
 * time on all of them, so that a sender’s later messages never pass its earlier ones (L3). What they bring is merged by stamp, with at most
 * WAITING_BYTES_MAX of each connection in memory. Nothing is opened while the inbox is not promoted.
 */
export class ShareReads implements ShareReaderOwner {
  private readonly parts: ShareReadsParts;
  private readonly merge: StampMerge<WaitingDelivery>;
  private readers: ShareReader[] = [];
  /** What was fetched last. */
  private through = 0;
  /** What the client’s first connection was told. */
  private told: GenerationFrame | undefined;
  private isLeaving = false;
  private isOver = false;

  constructor(parts: ShareReadsParts) {
    this.parts = parts;
    const { clock, incoming } = parts;
    this.merge = new StampMerge({ clock, emit: (delivery) => this.emit(delivery), isOpen: () => !incoming.isFull });
    incoming.onRoom(() => this.merge.goOn());
  }

  /** Connections that read buckets. */
  get count(): number {
    return this.readers.length;
  }

  /** The client’s first connection, which reads the user’s own inbox, was told of the buckets. */
  announced(frame: GenerationFrame): void {
    if (this.isOver) return;
    const isNewLogin = frame.login !== this.told?.login;
    this.told = frame;
    if (frame.pushed === 0 || frame.newest === 0) return;
    if (this.readers.length === 0) this.open();
    if (this.through === 0) this.grant(Math.max(1, frame.oldest));
    else if (isNewLogin) for (const reader of this.readers) reader.fetch();
    this.goOn();
  }

  /** Where what concerns a bucket is said: undefined for the client’s first connection, and `down` while its reader has none. */
  connectionOf(bucket: number): ByteWriter | 'down' | undefined {
    if (this.readers.length === 0 || bucket === 0) return undefined;
    return this.readers[shareOf(bucket, this.readers.length)]?.connection?.writer ?? 'down';
  }

  /** All that can be written to. */
  get writers(): ByteWriter[] {
    return this.readers.flatMap(({ connection }) => connection?.writer ?? []);
  }

  tick(): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (const { connection, lostMs } of this.readers) {
      connection?.tick();
      if (lostMs !== undefined && nowMs - lostMs > DOWN_MS_MAX) this.failed();
    }
  }

  /** Resolves when all that was acknowledged is durable. */
  async leave(): Promise<void> {
    this.isLeaving = true;
    await Promise.all(this.readers.map((reader) => reader.leave()));
  }

  stop(): void {
    this.isOver = true;
    this.merge.stop();
    for (const { connection } of this.readers) connection?.stop();
    this.readers = [];
  }

  hello(share: number): HelloFrame {
    const cursors = this.parts.incoming.cursors((bucket) => bucket !== 0 && shareOf(bucket, this.parts.count) === share);
    return { ...this.parts.hello(), cursors, versionMin: FETCH_VERSION, reads: Reads.shares };
  }

  wanted(share: number): FetchFrame | undefined {
    if (this.through === 0 || this.told === undefined) return undefined;
    return { share, shares: this.parts.count, through: this.through, login: this.told.login };
  }

  delivered(delivery: WaitingDelivery): void {
    const { reader, frame } = delivery;
    const place = { turn: generationOf(frame.bucket), stamp: frame.stamp };
    if (this.isOver || this.isLeaving) return;
    if (this.merge.passes(reader.stream, place)) {
      this.parts.incoming.fetched(frame);
      return;
    }
    reader.keeps(delivery);
    this.merge.offer(reader.stream, place, delivery);
  }

  gap(gap: InboxGap): void {
    this.parts.gap(gap);
  }

  welcomed(): void {
    this.parts.welcomed();
  }

  resumed(): void {
    this.parts.resumed();
  }

  progressed(reader: ShareReader): void {
    if (this.isOver) return;
    const isPast = reader.pushed > this.through;
    if (isPast || (reader.isCaughtUp && reader.pushed === this.through)) this.merge.caughtUp(reader.stream);
    this.goOn();
  }

  /** Of a reader’s connection: it has nothing to say to this server any more. */
  failed(): void {
    if (this.isOver) return;
    this.stop();
    this.parts.failed();
  }

  private open(): void {
    const { clock, count } = this.parts;
    for (let share = 0; share < count; share++) {
      const reader = new ShareReader(this, { share, stream: this.merge.open(share), nowMs: () => clock.monotonicMs() });
      reader.connection = this.parts.connection(reader, share);
      this.readers.push(reader);
      reader.connection.start();
    }
  }

  /** The next generation is fetched when every connection is past this one. */
  private goOn(): void {
    const newest = this.told?.newest ?? 0;
    while (this.through < newest && this.readers.every(({ pushed }) => pushed > this.through)) {
      this.grant(Math.max(this.through + 1, this.told?.oldest ?? 0));
    }
  }

  private grant(through: number): void {
    this.through = through;
    for (const reader of this.readers) {
      this.merge.expect(reader.stream);
      reader.fetch();
    }
  }

  private emit(delivery: WaitingDelivery): void {
    delivery.reader.passes(delivery);
    this.parts.incoming.fetched(delivery.frame);
  }
}

/** Which of so many connections reads a bucket. */
function shareOf(bucket: number, shares: number): number {
  return (bucket & 0xffff) % shares;
}
