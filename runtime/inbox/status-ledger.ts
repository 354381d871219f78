import { userTextOfInbox } from '../contract/bucket-name.ts';
import { STATUS_ROWS_MEMORY_MAX } from '../contract/limits.ts';
import { isSameSet, type SequenceSet, unite } from '../contract/sequence-set.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore, StoreBatch, StoredMark } from '../ports/inbox-store.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { inboxOfMarkKey, markKeyOfInbox, partiesOfMark } from '../wire/envelope.ts';
import { encodeStatusEnvelope } from '../wire/status-envelope.ts';
import { type Destination, Placed } from './destination.ts';

/** What became of one device’s messages to one recipient; `markKey` names the three. */
export interface StatusNote {
  readonly markKey: string;
  readonly delivered: SequenceSet;
  readonly read: SequenceSet;
  /** Out of a row: what a reader said of it was held against the inbox when it was written, which may be elsewhere by now. */
  readonly isOfRow?: boolean;
}

export type StatusRow = Pick<StatusNote, 'delivered' | 'read'>;

export interface StatusLedgerParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  takePosition(): number;
  /** Where the user’s statuses are kept: here, or by the group behind an outbox. */
  destinationOf(user: Buffer): Destination;
}

const NOTHING_KNOWN: StatusRow = { delivered: [], read: [] };

/**
 * What became of messages (L6). Rows of senders at home here are kept in the store, beside the sequence marks and as long; what concerns
 * other senders goes to their owners through the outbox, one envelope for all that a commit says of a row. Rows only grow, so news
 * may come twice and in any order.
 */
export class StatusLedger {
  private readonly parts: StatusLedgerParts;
  private readonly counters;
  /** Two generations: a full young one replaces the old. */
  private young = new Map<string, StatusRow>();
  private old = new Map<string, StatusRow>();
  private batch: StoreBatch | undefined;
  /** One answer for the whole of a batch, though a new slot map may come meanwhile. */
  private destinations = new Map<string, Destination>();
  /** As they stand before the batch. */
  private rows = new Map<string, StatusRow>();
  private noted = new Map<string, StatusRow>();

  constructor(parts: StatusLedgerParts) {
    this.parts = parts;
    this.counters = {
      grown: parts.telemetry.counter('iris_statuses_grown_total', 'Rows of message statuses that grew'),
      shed: parts.telemetry.counter('iris_statuses_shed_total', 'Statuses not sent on because store or outbox was full'),
    };
  }

  /** What is known of a row whose sender is at home here. */
  async read(markKey: string): Promise<StatusRow> {
    return (await this.load([markKey])).get(markKey) ?? NOTHING_KNOWN;
  }

  /** Says where the rows of the next batch are kept, and looks up those that are kept here. */
  async prepare(keys: readonly string[]): Promise<void> {
    const markKeys = keys.map(rowOfUser);
    this.destinations = new Map(markKeys.map((key) => [key, this.parts.destinationOf(partiesOfMark(key).sender)]));
    this.rows = await this.load(markKeys.filter((key) => this.destinations.get(key)?.kind === 'inbox'));
  }

  begin(batch: StoreBatch): void {
    this.batch = batch;
    this.noted = new Map();
  }

  note({ markKey: key, delivered, read }: StatusNote): void {
    const markKey = rowOfUser(key);
    const row = this.noted.get(markKey) ?? NOTHING_KNOWN;
    this.noted.set(markKey, { delivered: unite(row.delivered, delivered), read: unite(row.read, read) });
  }

  /** Writes what was noted: rows that grew, and what entered outboxes. Both count once the batch is committed. */
  finish(): { grown: readonly StatusNote[]; placed: readonly Placed[] } {
    const [grown, entered]: [StatusNote[], Placed[]] = [[], []];
    const nowMs = this.parts.clock.nowMs();
    for (const [markKey, news] of this.noted) {
      const destination = this.destinations.get(markKey);
      if (destination === undefined || isEmpty(news)) continue;
      if (destination.kind === 'outbox') {
        // An acknowledgement makes room, so it must not fail for the lack of it: statuses give way to messages (X21).
        if (this.parts.store.isFull || this.parts.store.isOutboxFull(destination.group)) this.counters.shed.value++;
        else entered.push(this.placeNews(markKey, news, destination));
        continue;
      }
      const row = this.rows.get(markKey) ?? NOTHING_KNOWN;
      const delivered = unite(row.delivered, news.delivered);
      const read = unite(row.read, news.read);
      const [isDeliveredSame, isReadSame] = [isSameSet(row.delivered, delivered), isSameSet(row.read, read)];
      if (isDeliveredSame && isReadSame) continue;
      if (!isDeliveredSame) this.batch?.mark(deliveredKey(markKey), markOf(delivered), nowMs);
      if (!isReadSame) this.batch?.mark(readKey(markKey), markOf(read), nowMs);
      grown.push({ markKey, delivered, read });
    }
    return { grown, placed: entered };
  }

  /** The batch is committed. */
  committed(grown: readonly StatusNote[]): void {
    this.counters.grown.value += grown.length;
    for (const { markKey, delivered, read } of grown) this.remember(markKey, { delivered, read });
  }

  private async load(markKeys: readonly string[]): Promise<Map<string, StatusRow>> {
    const missing = markKeys.filter((key) => this.known(key) === undefined);
    if (missing.length === 0) return new Map(markKeys.map((key) => [key, this.known(key) as StatusRow]));
    const marks = await this.parts.store.readMarks(missing.flatMap((key) => [deliveredKey(key), readKey(key)]));
    const stored = new Map(missing.map((key, i) => [key, { delivered: setOf(marks[2 * i]), read: setOf(marks[2 * i + 1]) }]));
    // A commit may have gone further while the store was read: what memory knows by now is newer.
    const rows = new Map(markKeys.map((key) => [key, this.known(key) ?? stored.get(key) ?? NOTHING_KNOWN]));
    for (const key of missing) this.remember(key, rows.get(key) as StatusRow);
    return rows;
  }

  private placeNews(markKey: string, news: StatusRow, destination: Destination & { kind: 'outbox' }): Placed {
    const parties = partiesOfMark(markKey);
    const envelope = encodeStatusEnvelope({ ...parties, ...news });
    const placed = new Placed(destination, parties.sender.toString('latin1'), this.parts.takePosition(), envelope);
    this.batch?.appendOutbox(destination.group, placed.position, envelope);
    return placed;
  }

  private known(markKey: string): StatusRow | undefined {
    return this.young.get(markKey) ?? this.old.get(markKey);
  }

  private remember(markKey: string, row: StatusRow): void {
    this.young.set(markKey, row);
    if (this.young.size * 2 <= STATUS_ROWS_MEMORY_MAX) return;
    this.old = this.young;
    this.young = new Map();
  }
}

/** A sender knows the user, not its buckets: what they say of its messages is one row. */
function rowOfUser(markKey: string): string {
  const inbox = inboxOfMarkKey(markKey);
  const user = userTextOfInbox(inbox);
  return user.length === inbox.length ? markKey : markKeyOfInbox(markKey, Buffer.from(user, 'latin1'));
}

/**
 * Statuses are kept as marks: a mark’s key says how long it is, so that one byte more is never another’s. They belong to the sender, a
 * bare mark to the recipient.
 */
export function deliveredKey(markKey: string): string {
  return `${markKey}d`;
}

export function readKey(markKey: string): string {
  return `${markKey}r`;
}

/** What a stored row of statuses says, as a note. */
export function statusNoteOf(key: string, mark: StoredMark): StatusNote {
  const markKey = key.slice(0, -1);
  const set = setOf(mark);
  const row = key === readKey(markKey) ? { delivered: [], read: set } : { delivered: set, read: [] };
  return { markKey, ...row, isOfRow: true };
}

function isEmpty({ delivered, read }: StatusRow): boolean {
  return delivered.length === 0 && read.length === 0;
}

function setOf(mark: StoredMark | undefined): SequenceSet {
  if (mark === undefined) return [];
  const ends = [...mark.holes.map(({ from, to }) => ({ through: from, next: to })), { through: mark.high, next: mark.high }];
  let after = 0;
  const ranges = ends.map(({ through, next }) => {
    const range = { after, through };
    after = next;
    return range;
  });
  return unite([], ranges);
}

function markOf(set: SequenceSet): StoredMark {
  let from = 0;
  const holes = set.map(({ after, through }) => {
    const hole = { from, to: after };
    from = through;
    return hole;
  });
  return { high: from, holes: holes.filter((hole) => hole.to > hole.from) };
}
