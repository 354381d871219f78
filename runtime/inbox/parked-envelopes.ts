import { PARKED_BYTES_MAX } from '../contract/limits.ts';
import type { StoredParked } from '../ports/inbox-store.ts';
import { envelopePrevious, envelopeSequence, inboxOfMarkKey } from '../wire/envelope.ts';
import { isSentOn } from './sent-on-marks.ts';

/** Bytes that an entry costs beside its envelope: its objects and its place in the row. */
const ENTRY_BYTES = 256;

/**
 * Envelopes that came before their predecessor, which is still on its way from another region’s outbox: a sender moved to another
 * region and its later messages took the shorter way (L3). They are in the store as well; here they wait in the order of their sequence.
 */
export class ParkedEnvelopes {
  private readonly rows = new Map<string, Row>();
  /** Keys of rows in which something waits that a lost region has sent on. */
  readonly rowsSentOn = new Set<string>();
  /** With ENTRY_BYTES for each, so that many small ones are bounded too (L8). */
  bytes = 0;

  get isEmpty(): boolean {
    return this.rows.size === 0;
  }

  get isFull(): boolean {
    return this.bytes >= PARKED_BYTES_MAX;
  }

  has(markKey: string, sequence: number): boolean {
    const row = this.rows.get(markKey);
    return row !== undefined && sequenceAt(row, placeOf(row, sequence)) === sequence;
  }

  add(parked: StoredParked): void {
    const row = this.rows.get(parked.markKey) ?? { entries: [], head: 0 };
    this.rows.set(parked.markKey, row);
    const at = placeOf(row, envelopeSequence(parked.envelope));
    if (at === row.head && row.head > 0) row.entries[--row.head] = parked;
    else row.entries.splice(at, 0, parked);
    if (isSentOn(parked.envelope)) this.rowsSentOn.add(parked.markKey);
    this.bytes += parked.envelope.length + ENTRY_BYTES;
  }

  remove(parked: StoredParked): void {
    const row = this.rows.get(parked.markKey);
    if (row === undefined) return;
    const at = placeOf(row, envelopeSequence(parked.envelope));
    if (row.entries[at] !== parked) return;
    if (at === row.head) row.head++;
    else row.entries.splice(at, 1);
    if (row.head * 2 > row.entries.length) {
      row.entries.splice(0, row.head);
      row.head = 0;
    }
    this.bytes -= parked.envelope.length + ENTRY_BYTES;
    if (row.head < row.entries.length) return;
    this.rows.delete(parked.markKey);
    this.rowsSentOn.delete(parked.markKey);
  }

  /** Everything that waits for this inbox, one byte a character; in the order of each sender. */
  of(inbox: string): StoredParked[] {
    return [...this.rows].flatMap(([markKey, { entries, head }]) => (inboxOfMarkKey(markKey) === inbox ? entries.slice(head) : []));
  }

  /** Keys of the rows of the recipients that `isMeant` names. */
  keysOf(isMeant: (name: string) => boolean): string[] {
    return [...this.rows.keys()].filter((markKey) => isMeant(inboxOfMarkKey(markKey)));
  }

  /** What waits for the recipients that `isMeant` names: a list for each row, in the order of its sequences. */
  rowsOf(isMeant: (name: string) => boolean): StoredParked[][] {
    return [...this.rows.values()].flatMap(({ entries, head }) => {
      const [first, ...others] = entries.slice(head);
      return first !== undefined && isMeant(inboxOfMarkKey(first.markKey)) ? [[first, ...others]] : [];
    });
  }

  /** The next one whose predecessor is stored, given the row’s mark. */
  ready(markKey: string, mark: number): StoredParked | undefined {
    const row = this.rows.get(markKey);
    const first = row?.entries[row.head];
    return first !== undefined && envelopePrevious(first.envelope) <= mark ? first : undefined;
  }

  /** The oldest of each row that was parked before `beforeMs`. */
  overdue(beforeMs: number): StoredParked[] {
    return [...this.rows.values()].flatMap(({ entries, head }) => {
      const first = entries[head];
      return first !== undefined && first.parkedAtMs < beforeMs ? [first] : [];
    });
  }
}

/** Entries in the order of their sequence; those before `head` have gone, so that taking the first costs nothing. */
interface Row {
  readonly entries: StoredParked[];
  head: number;
}

/** Where this sequence stands in the row, or would: the first entry that is not below it. */
function placeOf(row: Row, sequence: number): number {
  let [low, high] = [row.head, row.entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sequenceAt(row, middle) as number) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sequenceAt({ entries }: Row, at: number): number | undefined {
  const entry = entries[at];
  return entry === undefined ? undefined : envelopeSequence(entry.envelope);
}
