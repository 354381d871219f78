import { NAMES_KEPT } from '../../contract/limits.ts';
import { NameCache } from '../../contract/name-cache.ts';
import type { Turns } from '../../measure/turns.ts';
import type { StoreBounds } from '../../ports/inbox-store.ts';
import { EnvelopeIndex } from './envelope-index.ts';
import { Kind, OperationReader } from './log-operations.ts';
import type { MarkTable } from './mark-table.ts';

/** Where a record stands. */
export interface RecordPlace {
  readonly segment: number;
  readonly offset: number;
  readonly sequence: number;
}

const NO_HASHES: readonly number[] = [];

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
  private readonly rows = new NameCache(NAMES_KEPT, (row) => row);

  constructor(marks: MarkTable, bounds: StoreBounds) {
    this.index = new EnvelopeIndex(bounds);
    this.marks = marks;
  }

  /** Takes the record `bytes[start … end)`. */
  apply(bytes: Buffer, start: number, end: number, place: RecordPlace): void {
    this.begin(bytes, start, end);
    while (this.reader.next()) this.take(place, place.offset - start, NO_HASHES);
    this.appliedThrough = place.sequence;
  }

  /**
   * The same for a commit, in as many turns as it needs: it is on the disk, so who reads meanwhile may see a part of it, always the
   * beginning. `markHashes` are those of its marks’ keys.
   */
  async applyInTurns(
    bytes: Buffer,
    end: number,
    place: RecordPlace,
    { markHashes, turns }: { markHashes: readonly number[]; turns: Turns },
  ) {
    this.begin(bytes, 0, end);
    while (this.reader.next()) {
      this.take(place, place.offset, markHashes);
      if (turns.spend(0)) await turns.rest();
    }
    // Not before its last mark is taken: a flush of marks that begins meanwhile must not count them as written.
    this.appliedThrough = place.sequence;
  }

  private begin(bytes: Buffer, start: number, end: number): void {
    this.markCount = 0;
    this.reader.begin(bytes, start, end);
  }

  /** The operation that the reader stands on; `base` is where in the segment its buffer begins. */
  private take({ segment, sequence }: RecordPlace, base: number, markHashes: readonly number[]): void {
    const { reader, index, marks } = this;
    if (reader.kind === Kind.append) {
      const { count, index: firstIndex, bodyLength: length } = reader;
      index.put(this.rowOf(reader), reader.number, { segment, offset: base + reader.bodyStart, length, count, firstIndex });
    } else if (reader.kind === Kind.remove) index.remove(this.rowOf(reader), reader.number);
    else if (reader.kind === Kind.trim) index.trim(this.rowOf(reader), reader.number, reader.index);
    else if (reader.kind === Kind.mark) marks.setMark(reader, markHashes[this.markCount++], sequence);
    else if (reader.kind === Kind.seen) marks.setSeen(reader.key, reader.number, sequence);
    else if (reader.kind === Kind.reserve) this.reserved = reader.number;
    else if (reader.kind === Kind.table) marks.switchTo(reader.number, reader.body);
    else if (reader.kind === Kind.drop) this.droppedBelow = reader.number;
  }

  private rowOf({ bytes, keyStart, bodyStart }: OperationReader): string {
    return this.rows.of(bytes, keyStart, bodyStart);
  }
}
