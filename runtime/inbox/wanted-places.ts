import { isBucketName } from '../contract/bucket-name.ts';
import { PAGE_BYTES_MAX, PAGE_ENVELOPES_MAX, UNACKNOWLEDGED_MAX } from '../contract/limits.ts';
import { type SequenceRange, unite } from '../contract/sequence-set.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import {
  ENVELOPE_STATUS_EXACT,
  ENVELOPE_STATUS_WANTED,
  envelopeCount,
  envelopeFlags,
  envelopePrevious,
  envelopeSequence,
  markKeyOf,
} from '../wire/envelope.ts';
import type { StatusNote } from './status-ledger.ts';

interface InboxRead {
  readonly user: Buffer;
  readonly isSelective: boolean;
}

const PAGE = { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax: PAGE_BYTES_MAX };

/** An envelope whose sender wants to hear of it. */
interface Place {
  readonly position: number;
  readonly markKey: string;
  readonly first: number;
  readonly count: number;
  /** Sequences that its delivery says nothing of. */
  readonly after: number;
}

/**
 * Which of the envelopes that a reader was pushed have senders who want to hear of it, so that an acknowledgement tells them without a look
 * into the store. Envelopes without the wish cost nothing.
 */
export class WantedPlaces {
  private readonly isExact: boolean;
  /** Undefined while no sender asked: there are as many of these as users online. */
  private places: Map<number, Place> | undefined;
  /** Rows up to here may have a wish that memory does not know: an earlier link showed them, or there were too many. */
  private unknownThrough: number;

  constructor(inbox: InboxRead & { readonly unknownThrough: number }) {
    this.isExact = isExact(inbox);
    this.unknownThrough = inbox.unknownThrough;
  }

  pushed(position: number, envelope: Buffer): void {
    if ((envelopeFlags(envelope) & ENVELOPE_STATUS_WANTED) === 0) return;
    this.places ??= new Map();
    if (this.places.size >= UNACKNOWLEDGED_MAX) this.unknownThrough = Math.max(this.unknownThrough, position);
    else this.places.set(position, placeOf(position, envelope, this.isExact));
  }

  /** True when the store must be asked what an acknowledgement of rows after `after` covers. */
  mustSearch(after: number): boolean {
    return after < this.unknownThrough;
  }

  /** Takes out what a cursor covers. Called with growing cursors. */
  takeThrough(position: number, index: number): StatusNote[] {
    if (this.places === undefined) return [];
    const notes: StatusNote[] = [];
    for (const place of this.places.values()) {
      if (place.position > position) break;
      const last = place.position === position ? Math.min(index, place.count - 1) : place.count - 1;
      notes.push(noteOf(place, last));
      if (last === place.count - 1) this.places.delete(place.position);
    }
    return combined(notes);
  }

  /** Takes out one envelope that is acknowledged whole. */
  take(position: number): StatusNote[] {
    const place = this.places?.get(position);
    if (place === undefined) return [];
    this.places?.delete(position);
    return [noteOf(place, place.count - 1)];
  }
}

/** What an acknowledgement of the rows after `after` up to the cursor says, as the store knows it. */
export async function searchWanted(
  store: InboxStore,
  search: InboxRead & { bucket: number; after: number; cursor: { position: number; index: number } },
): Promise<StatusNote[]> {
  const { user, bucket, after, cursor } = search;
  let notes: StatusNote[] = [];
  for (let from = after; from < cursor.position; ) {
    const page = await store.readInbox(user, bucket, from, PAGE);
    const due = page.filter(({ position }) => position <= cursor.position);
    for (const { position, envelope } of due) {
      if ((envelopeFlags(envelope) & ENVELOPE_STATUS_WANTED) === 0) continue;
      const place = placeOf(position, envelope, isExact(search));
      notes.push(noteOf(place, position === cursor.position ? Math.min(cursor.index, place.count - 1) : place.count - 1));
    }
    notes = combined(notes);
    if (due.length < page.length || page.length === 0) break;
    from = page.at(-1)?.position ?? cursor.position;
  }
  return notes;
}

/**
 * True where a delivery says nothing of earlier messages: v1 acknowledges one by one, and what an older generation had may lie with a region
 * that is lost.
 */
function isExact({ user, isSelective }: InboxRead): boolean {
  return isSelective || isBucketName(user);
}

function placeOf(position: number, envelope: Buffer, isAlone: boolean): Place {
  const first = envelopeSequence(envelope);
  const isExactHere = isAlone || (envelopeFlags(envelope) & ENVELOPE_STATUS_EXACT) !== 0;
  const after = isExactHere ? envelopePrevious(envelope) || first - 1 : 0;
  return { position, markKey: markKeyOf(envelope), first, count: envelopeCount(envelope), after };
}

function noteOf({ markKey, after, first }: Place, index: number): StatusNote {
  return { markKey, delivered: [{ after, through: first + index }], read: [] };
}

/** One note a row. */
function combined(notes: readonly StatusNote[]): StatusNote[] {
  if (notes.length < 2) return [...notes];
  const rows = new Map<string, SequenceRange[]>();
  for (const { markKey, delivered } of notes) {
    const row = rows.get(markKey) ?? [];
    rows.set(markKey, row);
    row.push(...delivered);
  }
  return [...rows].map(([markKey, ranges]) => ({ markKey, delivered: unite([], ranges), read: [] }));
}
