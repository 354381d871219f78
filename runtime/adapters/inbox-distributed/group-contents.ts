import { NAMES_KEPT } from '../../contract/limits.ts';
import { NameCache } from '../../contract/name-cache.ts';
import type { Checkpoint } from '../../ports/group-rows.ts';
import type { RecordKind, StoreBounds, StoredParked } from '../../ports/inbox-store.ts';
import {
  groupOfRow,
  INBOX_ROW,
  Kind,
  type OperationReader,
  OUTBOX_ROW,
  parkedPartsOf,
  RECORD_ROW,
  userOfRecord,
} from '../inbox-log/log-operations.ts';
import { type ChunkRange, EntryReader } from './group-entries.ts';
import { InboxBook } from './inbox-book.ts';
import { OutboxBook } from './outbox-book.ts';
import type { PendingRow } from './pending-row.ts';
import { Unapplied } from './unapplied.ts';

/** What the log says and the rows do not yet, and what has to be known of all rows. The same code takes batches from a commit and from a log that is being opened. */
export class GroupContents {
  readonly inboxes: InboxBook;
  readonly outboxes: OutboxBook;
  /** Everything parked, by row and sequence. */
  readonly parked = new Map<string, StoredParked>();
  /** Positions below it are given out. */
  reserved = 1;
  /** To be put into the rows, from the oldest to the newest. */
  readonly closed: Unapplied[] = [];
  gathering = new Unapplied(0, true);
  /** Inboxes of which something was taken out before in this replay. */
  private readonly takenInReplay = new Set<string>();
  private readonly reader = new EntryReader();
  private readonly names = new NameCache(NAMES_KEPT, (row) => row);

  constructor(bounds: StoreBounds) {
    this.inboxes = new InboxBook(bounds.inbox, (row) => this.pendingInbox(row));
    this.outboxes = new OutboxBook(bounds.outbox);
  }

  /**
   * Whether what the stored summary says may be gone from the rows already: the owner before may put its last changes into them while they are loaded
   * here, or have done so in part.
   */
  isRecounted(row: string, { chunks }: PendingRow): boolean {
    if (chunks !== undefined) this.takenInReplay.add(row);
    return this.takenInReplay.has(row);
  }

  /** The stored summary of the inbox has what gathers of it. */
  setCounted(row: string): void {
    const pending = this.gathering.inboxes.get(row);
    if (pending === undefined || pending.isCounted) return;
    pending.isCounted = true;
    this.inboxes.judge(row);
  }

  /** What gathers is to be put into the rows as it is; `reached` with it. */
  closeLayer(reached: Checkpoint): void {
    const { gathering } = this;
    if (gathering.isEmpty) return;
    gathering.reached = reached;
    this.closed.push(gathering);
    this.gathering = new Unapplied(gathering.number, gathering.isReplay);
  }

  /** What comes now is this owner’s own. */
  endReplay(reached: Checkpoint): void {
    this.closeLayer(reached);
    this.gathering = new Unapplied(this.gathering.number, false);
  }

  /** The rows have the oldest layer. */
  dropLayer(): void {
    this.closed.shift();
    if (!(this.closed[0] ?? this.gathering).isReplay) this.takenInReplay.clear();
  }

  get unappliedBytes(): number {
    return this.closed.reduce((sum, { bytes }) => sum + bytes, this.gathering.bytes);
  }

  /** What the rows lack of an inbox, from the oldest to the newest. */
  pendingInbox(row: string): readonly PendingRow[] {
    return this.pending((layer) => layer.inboxes.get(row));
  }

  pendingOutbox(group: string): readonly PendingRow[] {
    return this.pending((layer) => layer.outboxes.get(group));
  }

  /** The newest that is known of something and not in the rows; undefined when the rows know. */
  newest<T>(find: (layer: Unapplied) => T | undefined): T | undefined {
    const newest = find(this.gathering);
    if (newest !== undefined || this.closed.length === 0) return newest;
    for (let i = this.closed.length - 1; i >= 0; i--) {
      const found = find(this.closed[i] as Unapplied);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Takes one part of the batch `number`. */
  apply(entry: Buffer, number: number): void {
    const { reader, gathering } = this;
    const { operation } = reader;
    gathering.bytes += entry.length;
    gathering.number = number;
    reader.begin(entry);
    while (reader.next()) {
      const { kind } = operation;
      if (kind === Kind.append) this.append(operation);
      else if (kind === Kind.remove) this.remove(operation);
      else if (kind === Kind.trim) this.trim(operation);
      else if (kind === Kind.mark) {
        gathering.marks.set(operation.key, { mark: { high: operation.number, holes: operation.markHoles }, timeMs: operation.markTimeMs });
      } else if (kind === Kind.seen) gathering.seen.set(operation.key, operation.number);
      else if (kind === Kind.reserve) this.reserved = operation.number;
    }
  }

  /** The inboxes that one part of a batch concerns, by their rows. */
  rowsOf(entry: Buffer): string[] {
    const { operation } = this.reader;
    const rows = new Set<string>();
    this.reader.begin(entry);
    while (this.reader.next()) if (isOnInbox(operation)) rows.add(this.rowOf(operation));
    return [...rows];
  }

  private append(operation: OperationReader): void {
    const { gathering } = this;
    const row = this.rowOf(operation);
    const { number: position, body: envelope, count: messages } = operation;
    const kind = row.charCodeAt(0);
    if (kind === INBOX_ROW) {
      const { first: chunk } = this.reader.nextRange();
      this.pendingInboxOf(row).add(position, { envelope, chunk, messages, isInRows: gathering.isReplay });
      this.inboxes.added(row, position, chunk);
    } else if (kind === OUTBOX_ROW) {
      const group = groupOfRow(row);
      const isInRows = gathering.isReplay || this.outboxes.has(group, position);
      gathering.outbox(group, true).add(position, { envelope, chunk: 0, messages, isInRows });
      this.outboxes.add(group, position, envelope.length);
    } else if (kind === RECORD_ROW) gathering.records.set(row, { ...recordOf(row), value: envelope });
    else this.park(`${position} ${row}`, { ...parkedPartsOf(row), envelope }, true);
  }

  private remove(operation: OperationReader): void {
    const { gathering } = this;
    const row = this.rowOf(operation);
    const { number: position } = operation;
    const kind = row.charCodeAt(0);
    if (kind === INBOX_ROW) this.takeOut(row, (pending, chunks) => pending.remove(position, chunks));
    else if (kind === OUTBOX_ROW) {
      const group = groupOfRow(row);
      if (!gathering.isReplay && !this.outboxes.has(group, position)) return;
      gathering.outbox(group, true).remove(position, NO_CHUNKS);
      this.outboxes.remove(group, position);
    } else if (kind === RECORD_ROW) gathering.records.set(row, { ...recordOf(row), value: undefined });
    else {
      const key = `${position} ${row}`;
      const parked = this.parked.get(key);
      if (parked !== undefined) this.park(key, parked, false);
    }
  }

  private trim(operation: OperationReader): void {
    const { number: position, index } = operation;
    this.takeOut(this.rowOf(operation), (pending, chunks) => pending.trim({ position, index }, chunks));
  }

  private takeOut(row: string, apply: (pending: PendingRow, chunks: ChunkRange) => void): void {
    const chunks = this.reader.nextRange();
    // An inbox that is not in the book is empty, in the rows too.
    if (!this.gathering.isReplay && this.inboxes.get(row) === undefined) return;
    apply(this.pendingInboxOf(row), chunks);
    this.inboxes.judge(row);
  }

  private park(key: string, parked: StoredParked, isKept: boolean): void {
    this.gathering.parked.set(key, { parked, isKept });
    if (isKept) this.parked.set(key, parked);
    else this.parked.delete(key);
  }

  private pendingInboxOf(row: string): PendingRow {
    const { gathering, inboxes, closed } = this;
    const known = gathering.inboxes.get(row);
    if (known !== undefined) return known;
    const isInRows = gathering.isReplay || (inboxes.get(row)?.rowEnvelopes ?? 0) > 0 || closed.some((layer) => layer.inboxes.has(row));
    return gathering.inbox(row, isInRows);
  }

  private pending(find: (layer: Unapplied) => PendingRow | undefined): readonly PendingRow[] {
    const newest = find(this.gathering);
    if (this.closed.length === 0) return newest === undefined ? NONE : [newest];
    const found = this.closed.flatMap((layer) => find(layer) ?? NONE);
    if (newest !== undefined) found.push(newest);
    return found;
  }

  /** The row that an operation is on. */
  rowOf({ bytes, keyStart, bodyStart }: OperationReader): string {
    return this.names.of(bytes, keyStart, bodyStart);
  }
}

const NONE: readonly PendingRow[] = [];
const NO_CHUNKS: ChunkRange = { first: 0, last: 0 };

/** True for an operation that has a range of chunks. */
export function isOnInbox({ kind, bytes, keyStart }: OperationReader): boolean {
  return (kind === Kind.append || kind === Kind.remove || kind === Kind.trim) && bytes[keyStart] === INBOX_ROW;
}

function recordOf(row: string): { kind: RecordKind; user: Buffer } {
  return { kind: row.charCodeAt(1) as RecordKind, user: userOfRecord(row) };
}
