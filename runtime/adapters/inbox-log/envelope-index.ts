import { SWEEP_ROWS, WAITING_ENVELOPES_MAX, WAITING_INBOXES_MAX } from '../../contract/limits.ts';
import type { InboxHandle, PageLimits, RowBounds, StoreBounds, StoreCounts } from '../../ports/inbox-store.ts';
import { type EnvelopePlace, EnvelopeSlots } from './envelope-slots.ts';
import { INBOX_ROW, OPERATION_HEADER_BYTES, OUTBOX_ROW, RECORD_ROW } from './log-operations.ts';

/** The envelopes of one inbox or outbox, ascending; those before `head` are gone, and `dead` of those behind it. */
interface Row {
  key: string;
  slots: number[];
  head: number;
  dead: number;
  /** Of the envelopes that wait. */
  bytes: number;
  /** Which inbox remembers this row; it is this inbox’s as long as each names the other. */
  handle: InboxHandle | undefined;
}

/** Bytes of a segment that hold waiting envelopes. */
interface LiveSegment {
  readonly segment: number;
  bytes: number;
}

const NO_SEGMENT: LiveSegment = { segment: -1, bytes: 0 };

/** Rows of one kind. */
interface Shelf {
  readonly rows: Map<string, Row>;
  readonly bounds: RowBounds;
  /** That wait, in all rows. */
  envelopes: number;
}

/** An envelope found, with its position. */
export interface FoundEnvelope {
  readonly position: number;
  readonly place: EnvelopePlace;
}

/** Dead slots a row may have before they are swept out, so that a short row is not swept for each. */
const DEAD_MIN = 32;
const UNBOUNDED: RowBounds = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
/** What the rows of bucket 0 begin with. */
const FIRST_BUCKET_ROWS = 'i\0\0\0\0';
/** Emptied rows kept for use again: a message to an online user comes and goes at once. */
const SPARE_ROWS = 1_024;

/**
 * Every envelope that waits, by row and position, and how many bytes of each segment they take. Memory: 24 bytes and 8 to 12 for the
 * row’s entry per envelope, about 300 per row; a row without envelopes is forgotten.
 */
export class EnvelopeIndex {
  private readonly slots = new EnvelopeSlots();
  private readonly inboxes: Shelf;
  private readonly outboxes: Shelf;
  private readonly parked: Shelf = { rows: new Map(), bounds: UNBOUNDED, envelopes: 0 };
  private readonly records: Shelf = { rows: new Map(), bounds: UNBOUNDED, envelopes: 0 };
  /** Inboxes and outboxes that hold as much as they may. */
  private readonly full = new Set<string>();
  private readonly spare: Row[] = [];
  private readonly segments = new Map<number, LiveSegment>();
  /** The one that was counted last: mostly the newest. */
  private counted = NO_SEGMENT;
  private bytes = 0;

  constructor(bounds: StoreBounds) {
    this.inboxes = { rows: new Map(), bounds: bounds.inbox, envelopes: 0 };
    this.outboxes = { rows: new Map(), bounds: bounds.outbox, envelopes: 0 };
  }

  get envelopes(): number {
    return this.slots.used;
  }

  get rows(): number {
    return this.inboxes.rows.size + this.outboxes.rows.size + this.parked.rows.size + this.records.rows.size;
  }

  /** Of what memory takes, which is bounded (L8). */
  get share(): number {
    return Math.max(this.envelopes / WAITING_ENVELOPES_MAX, this.rows / WAITING_INBOXES_MAX);
  }

  get isFull(): boolean {
    return this.share >= 1;
  }

  get hasFullRows(): boolean {
    return this.full.size > 0;
  }

  isRowFull(key: string): boolean {
    return this.full.has(key);
  }

  /** Bytes of the log that hold waiting envelopes. */
  get liveBytes(): number {
    return this.bytes;
  }

  liveBytesOf(segment: number): number {
    return this.segments.get(segment)?.bytes ?? 0;
  }

  /** By the group that `groupOf` reads from an outbox’s row. */
  counts(groupOf: (row: string) => string): StoreCounts {
    const outboxes = Object.fromEntries([...this.outboxes.rows].map(([key, row]) => [groupOf(key), envelopesIn(row)]));
    const { inboxes, parked } = this;
    return { inboxes: inboxes.rows.size, inboxEnvelopes: inboxes.envelopes, outboxes, parked: parked.envelopes };
  }

  outboxRows(): string[] {
    return [...this.outboxes.rows.keys()];
  }

  parkedRows(): string[] {
    return [...this.parked.rows.keys()];
  }

  /** Of inboxes with something. */
  inboxRows(): string[] {
    return [...this.inboxes.rows.keys()];
  }

  /** Rows of records that begin with `prefix`. */
  recordRows(prefix: string): string[] {
    return [...this.records.rows.keys()].filter((row) => row.startsWith(prefix));
  }

  /** Users whose bucket 0 holds an envelope below `position`; `undefined` after each SWEEP_ROWS rows. */
  *inboxesBefore(position: number): Generator<Buffer | undefined> {
    let looked = 0;
    for (const [key, { slots, head }] of this.inboxes.rows) {
      if (++looked % SWEEP_ROWS === 0) yield undefined;
      const isFirstBucket = key.startsWith(FIRST_BUCKET_ROWS);
      if (isFirstBucket && this.slots.position(slots[head] as number) < position)
        yield Buffer.from(key.slice(FIRST_BUCKET_ROWS.length), 'latin1');
    }
  }

  /** Adds an envelope, or moves one that is there to another place. */
  put(key: string, position: number, place: EnvelopePlace): void {
    const shelf = this.shelfOf(key);
    this.putAt(this.rowFor(key, shelf), shelf, position, place);
  }

  /** The same for an inbox, bucket 0, which is only looked for when its handle has not found it yet, or it was forgotten meanwhile. */
  putInto(handle: InboxHandle, position: number, place: EnvelopePlace): void {
    let row = handle.found as Row | undefined;
    if (row === undefined || row.handle !== handle) {
      row = this.rowFor(FIRST_BUCKET_ROWS + handle.name, this.inboxes);
      row.handle = handle;
      handle.found = row;
    }
    this.putAt(row, this.inboxes, position, place);
  }

  private rowFor(key: string, { rows }: Shelf): Row {
    const known = rows.get(key);
    if (known !== undefined) return known;
    const row = this.spare.pop() ?? { key, slots: [], head: 0, dead: 0, bytes: 0, handle: undefined };
    row.key = key;
    rows.set(key, row);
    return row;
  }

  private putAt(row: Row, shelf: Shelf, position: number, place: EnvelopePlace): void {
    const { key } = row;
    const { bounds } = shelf;
    row.bytes += place.length;
    this.count(key, place.segment, place.length, 1);
    const at = this.after(row, position - 1);
    const slot = row.slots[at];
    shelf.envelopes++;
    if (slot === undefined) row.slots.push(this.slots.take(position, place));
    else if (this.slots.position(slot) !== position) row.slots.splice(at, 0, this.slots.take(position, place));
    else {
      if (this.slots.isDead(slot)) row.dead--;
      else this.takeOut(key, row, slot);
      this.slots.setPlace(slot, place);
    }
    if (row.bytes >= bounds.bytesMax || envelopesIn(row) >= bounds.envelopesMax) this.full.add(key);
  }

  remove(key: string, position: number): void {
    const row = this.shelfOf(key).rows.get(key);
    if (row === undefined) return;
    const at = this.after(row, position - 1);
    const slot = row.slots[at];
    if (slot === undefined || this.slots.position(slot) !== position || this.slots.isDead(slot)) return;
    this.kill(key, row, slot);
    this.tidy(key, row);
  }

  /** Forgets what is before `position`, and of the envelope there the messages up to `index`. */
  trim(key: string, position: number, index: number): void {
    const row = this.shelfOf(key).rows.get(key);
    if (row === undefined) return;
    const end = this.after(row, position);
    for (let at = row.head; at < end; at++) {
      const slot = row.slots[at] as number;
      if (this.slots.isDead(slot)) continue;
      const isWhole = this.slots.position(slot) < position || index >= this.slots.count(slot) - 1;
      if (isWhole) this.kill(key, row, slot);
      else this.slots.setFirstIndex(slot, index + 1);
    }
    this.tidy(key, row);
  }

  /** Envelopes after `position`, ascending; fewer than the limits only at the end. */
  page(key: string, position: number, limits: PageLimits): FoundEnvelope[] {
    const row = this.shelfOf(key).rows.get(key);
    const found: FoundEnvelope[] = [];
    if (row === undefined) return found;
    let bytes = 0;
    for (let at = this.after(row, position); at < row.slots.length; at++) {
      if (found.length >= limits.envelopesMax || bytes >= limits.bytesMax) break;
      const slot = row.slots[at] as number;
      if (this.slots.isDead(slot)) continue;
      found.push({ position: this.slots.position(slot), place: this.slots.place(slot) });
      bytes += this.slots.length(slot);
    }
    return found;
  }

  /** The envelope at this place, when it still waits there. */
  at(key: string, position: number, segment: number, offset: number): EnvelopePlace | undefined {
    const row = this.shelfOf(key).rows.get(key);
    const slot = row?.slots[this.after(row, position - 1)];
    if (slot === undefined || this.slots.position(slot) !== position || this.slots.isDead(slot)) return undefined;
    return this.slots.isAt(slot, segment, offset) ? this.slots.place(slot) : undefined;
  }

  private shelfOf(key: string): Shelf {
    const kind = key.charCodeAt(0);
    if (kind === INBOX_ROW) return this.inboxes;
    if (kind === OUTBOX_ROW) return this.outboxes;
    return kind === RECORD_ROW ? this.records : this.parked;
  }

  /** Index of the first slot whose position is above `position`; a log is mostly appended to and read at its ends. */
  private after({ slots, head }: Row, position: number): number {
    let [low, high] = [head, slots.length];
    if (high > low && this.slots.position(slots[high - 1] as number) <= position) return high;
    if (high > low && this.slots.position(slots[low] as number) > position) return low;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.slots.position(slots[middle] as number) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private kill(key: string, row: Row, slot: number): void {
    this.takeOut(key, row, slot);
    this.slots.kill(slot);
    row.dead++;
  }

  /** The envelope is no longer counted. */
  private takeOut(key: string, row: Row, slot: number): void {
    const length = this.slots.length(slot);
    this.shelfOf(key).envelopes--;
    row.bytes -= length;
    this.count(key, this.slots.segment(slot), length, -1);
  }

  private tidy(key: string, row: Row): void {
    const { slots } = row;
    if (this.full.size > 0) this.reopen(key, row);
    while (row.head < slots.length && this.slots.isDead(slots[row.head] as number)) {
      this.slots.free(slots[row.head++] as number);
      row.dead--;
    }
    if (row.head === slots.length) this.forget(key, row);
    else if (row.dead > DEAD_MIN && row.dead * 2 > slots.length - row.head) this.sweep(row);
    else if (row.head > DEAD_MIN && row.head * 2 > slots.length) {
      row.slots = slots.slice(row.head);
      row.head = 0;
    }
  }

  private reopen(key: string, row: Row): void {
    const { bounds } = this.shelfOf(key);
    if (row.bytes < bounds.bytesMax && envelopesIn(row) < bounds.envelopesMax) this.full.delete(key);
  }

  private sweep(row: Row): void {
    const kept: number[] = [];
    for (let at = row.head; at < row.slots.length; at++) {
      const slot = row.slots[at] as number;
      if (this.slots.isDead(slot)) this.slots.free(slot);
      else kept.push(slot);
    }
    row.slots = kept;
    row.head = 0;
    row.dead = 0;
  }

  private forget(key: string, row: Row): void {
    this.shelfOf(key).rows.delete(key);
    row.handle = undefined;
    if (row.slots.length > DEAD_MIN) {
      row.slots = [];
      row.head = 0;
    }
    if (this.spare.length < SPARE_ROWS) this.spare.push(row);
  }

  /** Adds (`sign` 1) or takes away (-1) the operation that holds an envelope. */
  private count(key: string, segment: number, length: number, sign: 1 | -1): void {
    const bytes = sign * (OPERATION_HEADER_BYTES + key.length + length);
    this.bytes += bytes;
    if (segment !== this.counted.segment) this.counted = this.segmentOf(segment);
    this.counted.bytes += bytes;
    if (this.counted.bytes > 0) return;
    this.segments.delete(segment);
    this.counted = NO_SEGMENT;
  }

  private segmentOf(segment: number): LiveSegment {
    const known = this.segments.get(segment);
    if (known !== undefined) return known;
    const live = { segment, bytes: 0 };
    this.segments.set(segment, live);
    return live;
  }
}

function envelopesIn({ slots, head, dead }: Row): number {
  return slots.length - head - dead;
}
