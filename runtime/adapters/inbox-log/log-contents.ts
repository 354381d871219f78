import { NAMES_KEPT } from '../../contract/limits.ts';
import { NameCache } from '../../contract/name-cache.ts';
import type { Turns } from '../../measure/turns.ts';
import type { InboxHandle, StoreBounds } from '../../ports/inbox-store.ts';
import { EnvelopeIndex } from './envelope-index.ts';
import { Kind, type LogBatch, OperationReader } from './log-operations.ts';
import type { MarkTable } from './mark-table.ts';

/** Where a record stands. */
export interface RecordPlace {
  readonly segment: number;
  readonly offset: number;
  readonly sequence: number;
}

/** What a commit knows of its operations: the hashes of its marks’ keys and the inboxes of what it appends, each in their order. */
export interface KnownOperations {
  readonly markHashes: readonly number[];
  readonly handles: readonly (InboxHandle | undefined)[];
}

/** Of a record that is read back. */
const NOTHING_KNOWN: KnownOperations = { markHashes: [], handles: [] };

/** What the log says, in memory. The same code takes records from a commit and from a log that is being opened. */
export class LogContents {
  readonly index: EnvelopeIndex;
  reserved = 1;
  /** No segment below it is needed. */
  droppedBelow = 1;
  /** Sequence of the last record taken. */
  appliedThrough = 0;
  private readonly marks: MarkTable;
  private readonly reader = new OperationReader();
  /** Marks of the record under way that were taken. */
  private markCount = 0;
  /** Envelopes of it that were taken. */
  private appendCount = 0;
  /** Of the envelope that is being taken. */
  private readonly place = { segment: 0, offset: 0, length: 0, count: 0, firstIndex: 0 };
  private readonly rows = new NameCache(NAMES_KEPT, (row) => row);

  constructor(marks: MarkTable, bounds: StoreBounds) {
    this.index = new EnvelopeIndex(bounds);
    this.marks = marks;
  }

  /** Takes the record `bytes[start … end)`. */
  apply(bytes: Buffer, start: number, end: number, place: RecordPlace): void {
    this.begin(bytes, start, end);
    while (this.reader.next()) this.take(place, place.offset - start, NOTHING_KNOWN);
    this.appliedThrough = place.sequence;
  }

  /**
   * The same for a commit, in as many turns as it needs: it is on the disk, so who reads meanwhile may see a part of it, always the
   * beginning.
   */
  async applyInTurns(batch: LogBatch, place: RecordPlace, turns: Turns): Promise<void> {
    this.begin(batch.bytes, 0, batch.length);
    while (this.reader.next()) {
      this.take(place, place.offset, batch);
      if (turns.spend(0)) await turns.rest();
    }
    // Not before its last mark is taken: a flush of marks that begins meanwhile must not count them as written.
    this.appliedThrough = place.sequence;
  }

  private begin(bytes: Buffer, start: number, end: number): void {
    this.markCount = 0;
    this.appendCount = 0;
    this.reader.begin(bytes, start, end);
  }

  /** The operation that the reader stands on; `base` is where in the segment its buffer begins. */
  private take({ segment, sequence }: RecordPlace, base: number, { markHashes, handles }: KnownOperations): void {
    const { reader, marks } = this;
    if (reader.kind === Kind.append) this.takeEnvelope(segment, base + reader.bodyStart, handles[this.appendCount++]);
    else if (reader.kind === Kind.mark) marks.setMark(reader, markHashes[this.markCount++], sequence);
    else this.takeOther(sequence);
  }

  private takeEnvelope(segment: number, offset: number, handle: InboxHandle | undefined): void {
    const { reader, index, place } = this;
    place.segment = segment;
    place.offset = offset;
    place.length = reader.bodyLength;
    place.count = reader.count;
    place.firstIndex = reader.index;
    if (handle === undefined) index.put(this.rowOf(reader), reader.number, place);
    else index.putInto(handle, reader.number, place);
  }

  private takeOther(sequence: number): void {
    const { reader, index, marks } = this;
    if (reader.kind === Kind.remove) index.remove(this.rowOf(reader), reader.number);
    else if (reader.kind === Kind.trim) index.trim(this.rowOf(reader), reader.number, reader.index);
    else if (reader.kind === Kind.seen) marks.setSeen(reader.key, reader.number, sequence);
    else if (reader.kind === Kind.reserve) this.reserved = reader.number;
    else if (reader.kind === Kind.table) marks.switchTo(reader.number, reader.body);
    else if (reader.kind === Kind.drop) this.droppedBelow = reader.number;
  }

  private rowOf({ bytes, keyStart, bodyStart }: OperationReader): string {
    return this.rows.of(bytes, keyStart, bodyStart);
  }
}
