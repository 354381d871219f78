import { covers, type SequenceSet, unite } from '../contract/sequence-set.ts';
import type { Clock } from '../ports/clock.ts';
import type { MessageStatusFrame } from '../wire/v2/message-status.ts';

/** Where a message stands; it never goes back (L6). */
export type MessageStatus = 'pending' | 'sent' | 'delivered' | 'read';

/** The messages of one send; SendReceipt is one. */
export interface SentMessages {
  readonly to: string;
  /** The first message’s sequence within this client. */
  readonly sequence: number;
  readonly count: number;
}

/** All messages of one send have reached a status. */
export interface StatusUpdate extends SentMessages {
  readonly status: MessageStatus;
}

/** Sends whose further statuses are told, and recipients of whom rows are remembered; the oldest give way. */
const TRACKED_MAX = 10_000;
const ROWS_MAX = 10_000;
/** Ranges of a row: far more than the server keeps, so that what was told once stays true here. */
const RANGES_MAX = 4_096;

interface Row {
  delivered: SequenceSet;
  read: SequenceSet;
  /** Sends that are stored, by first sequence: those to be delivered, and those to be read. */
  readonly sent: Map<number, SentMessages>;
  readonly unread: Map<number, SentMessages>;
}

/**
 * What became of this client’s messages, for as far as it asked (`status: true`). Listeners hear each send’s statuses in order; of the
 * TRACKED_MAX latest sends, the others are still answered by `of`.
 */
export class MessageStatuses {
  private readonly clock: Clock;
  private readonly rows = new Map<string, Row>();
  private readonly pending = new Map<number, SentMessages>();
  /** Sends in `sent` or `unread` of a row, the oldest first. */
  private readonly tracked = new Map<number, SentMessages>();
  private readonly listeners = new Set<(update: StatusUpdate) => void>();
  private readonly waiting = new Set<{ to: string; grown(): void; end(): void }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Recipients of whom something is still to come. */
  get awaited(): string[] {
    return [...this.rows].flatMap(([to, { sent, unread }]) => (sent.size + unread.size > 0 ? [to] : []));
  }

  /** Returns what ends it. */
  listen(listener: (update: StatusUpdate) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  started(messages: SentMessages): void {
    this.pending.set(messages.sequence, messages);
    this.tell(messages, 'pending');
  }

  stored(messages: SentMessages): void {
    this.pending.delete(messages.sequence);
    this.tell(messages, 'sent');
    if (this.tracked.size >= TRACKED_MAX) this.forgetOldest();
    this.tracked.set(messages.sequence, messages);
    const row = this.rowOf(messages.to);
    row.sent.set(messages.sequence, messages);
    this.advance(row);
  }

  /** It was refused or given up; nothing more is told of it. */
  failed(sequence: number): void {
    this.pending.delete(sequence);
  }

  grown(frame: MessageStatusFrame): void {
    const to = frame.recipient.toString('utf8');
    const row = this.rowOf(to);
    row.delivered = unite(row.delivered, frame.delivered, RANGES_MAX);
    row.read = unite(row.read, frame.read, RANGES_MAX);
    this.advance(row);
    for (const one of this.waiting) if (one.to === to) one.grown();
  }

  /** As far as this client has heard. */
  of({ to, sequence, count }: SentMessages): MessageStatus {
    if (this.pending.has(sequence)) return 'pending';
    const range = { after: sequence - 1, through: sequence + count - 1 };
    const row = this.rows.get(to);
    if (row !== undefined && covers(row.read, range)) return 'read';
    return row !== undefined && covers(row.delivered, range) ? 'delivered' : 'sent';
  }

  /** Resolves to true when news of the recipient has made `isSo` true, to false after `timeoutMs`. */
  until(to: string, isSo: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = () => {
        this.waiting.delete(one);
        timer.stop();
        // Behind what listeners are told of the same news.
        this.clock.soon(() => resolve(isSo()));
      };
      const timer = this.clock.after(timeoutMs, end);
      const one = { to, grown: () => (isSo() ? end() : undefined), end };
      this.waiting.add(one);
    });
  }

  endWaiting(): void {
    for (const one of this.waiting) one.end();
  }

  private advance(row: Row): void {
    for (const [sequence, messages] of row.sent) {
      const status = this.of(messages);
      if (status === 'sent') continue;
      row.sent.delete(sequence);
      row.unread.set(sequence, messages);
      this.tell(messages, 'delivered');
    }
    if (row.read.length === 0) return;
    for (const [sequence, messages] of row.unread) {
      if (this.of(messages) !== 'read') continue;
      row.unread.delete(sequence);
      this.tracked.delete(sequence);
      this.tell(messages, 'read');
    }
  }

  /** Later, so that a listener’s error is its own and not that of the frame that brought the news. */
  private tell({ to, sequence, count }: SentMessages, status: MessageStatus): void {
    for (const listener of this.listeners) this.clock.soon(() => listener({ to, sequence, count, status }));
  }

  private rowOf(to: string): Row {
    const known = this.rows.get(to);
    if (known !== undefined) return known;
    const row: Row = { delivered: [], read: [], sent: new Map(), unread: new Map() };
    if (this.rows.size >= ROWS_MAX) this.forgetRow();
    this.rows.set(to, row);
    return row;
  }

  private forgetOldest(): void {
    for (const [sequence, { to }] of this.tracked) {
      this.tracked.delete(sequence);
      this.rows.get(to)?.sent.delete(sequence);
      this.rows.get(to)?.unread.delete(sequence);
      return;
    }
  }

  private forgetRow(): void {
    for (const [to, { sent, unread }] of this.rows) {
      for (const sequence of [...sent.keys(), ...unread.keys()]) this.tracked.delete(sequence);
      this.rows.delete(to);
      return;
    }
  }
}
