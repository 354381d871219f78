import { NAMES_KEPT } from '../../contract/limits.ts';
import { NameCache } from '../../contract/name-cache.ts';
import type { StoreBounds } from '../../ports/inbox-store.ts';
import { EnvelopeIndex } from './envelope-index.ts';
import { Kind, OperationReader } from './log-operations.ts';
import type { MarkTable } from './mark-table.ts';

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
  private readonly rows = new NameCache(NAMES_KEPT, (row) => row.toString('latin1'));

  constructor(marks: MarkTable, bounds: StoreBounds) {
    this.index = new EnvelopeIndex(bounds);
    this.marks = marks;
  }

  /** `markHashes` are those of its marks’ keys where they are known. */
  apply(
    bytes: Buffer,
    start: number,
    end: number,
    place: { segment: number; offset: number; sequence: number },
    markHashes: readonly number[] = [],
  ): void {
    const { reader, index, marks } = this;
    let markCount = 0;
    const base = place.offset - start;
    this.appliedThrough = place.sequence;
    reader.begin(bytes, start, end);
    while (reader.next()) {
      if (reader.kind === Kind.append) {
        const { count, index: firstIndex, bodyLength: length } = reader;
        index.put(this.rowOf(reader), reader.number, {
          segment: place.segment,
          offset: base + reader.bodyStart,
          length,
          count,
          firstIndex,
        });
      } else if (reader.kind === Kind.remove) index.remove(this.rowOf(reader), reader.number);
      else if (reader.kind === Kind.trim) index.trim(this.rowOf(reader), reader.number, reader.index);
      else if (reader.kind === Kind.mark) {
        marks.setMark(reader, markHashes[markCount++], place.sequence);
      } else if (reader.kind === Kind.seen) marks.setSeen(reader.key, reader.number, place.sequence);
      else if (reader.kind === Kind.reserve) this.reserved = reader.number;
      else if (reader.kind === Kind.table) marks.switchTo(reader.number, reader.body);
      else if (reader.kind === Kind.drop) this.droppedBelow = reader.number;
    }
  }

  private rowOf({ bytes, keyStart, bodyStart }: OperationReader): string {
    return this.rows.of(bytes, keyStart, bodyStart);
  }
}
