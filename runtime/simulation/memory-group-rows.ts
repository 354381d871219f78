import { IrisError } from '../contract/errors.ts';
import type {
  BatchId,
  Checkpoint,
  GroupRows,
  InboxKey,
  InboxMeasure,
  InboxRange,
  InboxSummary,
  MeasuredRange,
  OutgoingSize,
  RowChange,
} from '../ports/group-rows.ts';
import type { PageLimits, RecordKind, StoredEnvelope, StoredMark, StoredParked, StoredRecord, StoreSurvey } from '../ports/inbox-store.ts';
import { envelopeSequence } from '../wire/envelope.ts';
import { isLater, RowCells } from './row-cells.ts';

/** What may go wrong between a core and its rows. */
export interface RowFaults {
  /** Before a call is done: takes time, or rejects because the engine is away. */
  before?(call: string): Promise<void>;
  /** Before each change of an `apply`: true ends the call there, half done. */
  endsHere?(): boolean;
  /** When it is done: takes time, or rejects because the answer was lost. */
  after?(call: string): Promise<void>;
}

interface OutgoingRow {
  readonly position: number;
  readonly envelope: Buffer;
}

interface EnvelopeRow extends OutgoingRow {
  readonly chunk: number;
  readonly messages: number;
}

type TrimChange = Extract<RowChange, { kind: 'trim' }>;

class InboxCells {
  readonly envelopes = new RowCells<EnvelopeRow>();
  /** Index of the first message that is not read, by place. */
  readonly firstIndexes = new RowCells<number>();
  trims: { readonly trim: TrimChange; readonly last: BatchId }[] = [];
}

interface MarkRow {
  readonly key: string;
  readonly mark: StoredMark;
  readonly timeMs: number;
}
interface RecordRow extends StoredRecord {
  readonly record: RecordKind;
}

/** What one group’s rows are on their engine: it outlives the processes that open it. */
export class MemoryRowStorage {
  readonly inboxes = new Map<string, InboxCells>();
  readonly summaries = new RowCells<InboxSummary>();
  readonly outgoing = new Map<string, RowCells<OutgoingRow>>();
  readonly marks = new RowCells<MarkRow>();
  readonly parked = new RowCells<StoredParked>();
  readonly seen = new RowCells<{ readonly user: Buffer; readonly seconds: number }>();
  readonly records = new RowCells<RecordRow>();
  checkpoint: Checkpoint | undefined;

  open(faults: RowFaults = {}): MemoryGroupRows {
    return new MemoryGroupRows(this, faults);
  }
}

/** The rows of one group in memory, for simulation and as the model of the contract. */
export class MemoryGroupRows implements GroupRows {
  readonly name = 'rows in memory';
  private readonly storage: MemoryRowStorage;
  private readonly faults: RowFaults;

  constructor(storage: MemoryRowStorage, faults: RowFaults) {
    this.storage = storage;
    this.faults = faults;
  }

  readCheckpoint(): Promise<Checkpoint | undefined> {
    return this.call('readCheckpoint', () => this.storage.checkpoint);
  }

  writeCheckpoint(checkpoint: Checkpoint): Promise<void> {
    return this.call('writeCheckpoint', () => {
      const stored = this.storage.checkpoint;
      if (stored !== undefined && stored.epoch > checkpoint.epoch)
        throw new IrisError('OWNERSHIP_LOST', `the rows have a checkpoint of epoch ${stored.epoch}, this owner’s is ${checkpoint.epoch}`);
      if (stored === undefined || stored.epoch < checkpoint.epoch || stored.number <= checkpoint.number)
        this.storage.checkpoint = checkpoint;
    });
  }

  apply(changes: readonly RowChange[], last: BatchId): Promise<void> {
    return this.call('apply', () => {
      for (const change of changes) {
        if (this.faults.endsHere?.() === true) throw new IrisError('ENGINE_UNAVAILABLE', 'the rows were applied in part');
        this.change(change, last);
      }
    });
  }

  async *readSummaries(): AsyncIterable<readonly InboxSummary[]> {
    yield await this.call('readSummaries', () => [...this.storage.summaries.values()]);
  }

  readInbox(range: InboxRange, limits: PageLimits): Promise<StoredEnvelope[]> {
    return this.call('readInbox', () => {
      const cells = this.storage.inboxes.get(inboxId(range.inbox));
      if (cells === undefined) return [];
      const isWithin = ({ chunk, position }: EnvelopeRow) =>
        chunk >= range.firstChunk && chunk <= range.lastChunk && position > range.position;
      const rows = [...cells.envelopes.values()].filter(isWithin);
      return page(rows, limits, (row) => cells.firstIndexes.get(placeOf(row)) ?? 0);
    });
  }

  measureInbox({ inbox, firstChunk, lastChunk, position, firstPosition }: MeasuredRange): Promise<InboxMeasure> {
    return this.call('measureInbox', () => {
      const cells = this.storage.inboxes.get(inboxId(inbox));
      const rows = [...(cells?.envelopes.values() ?? [])].filter(({ chunk }) => chunk >= firstChunk && chunk <= lastChunk);
      // Like a store that does not look before it: a wrong one shows.
      const before = rows.filter((row) => row.position >= firstPosition && row.position < position);
      const next = rows.filter((row) => row.position >= Math.max(position, firstPosition)).toSorted((a, b) => a.position - b.position)[0];
      return {
        envelopes: before.length,
        bytes: before.reduce((sum, { envelope }) => sum + envelope.length, 0),
        next: next && { position: next.position, chunk: next.chunk, bytes: next.envelope.length, messages: next.messages },
      };
    });
  }

  readOutgoing(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    return this.call('readOutgoing', () => {
      const rows = [...(this.storage.outgoing.get(group)?.values() ?? [])].filter((row) => row.position > position);
      return page(rows, limits, () => 0);
    });
  }

  async *readOutgoingSizes(): AsyncIterable<readonly OutgoingSize[]> {
    yield await this.call('readOutgoingSizes', () =>
      [...this.storage.outgoing].flatMap(([group, cells]) =>
        [...cells.values()].map(({ position, envelope }) => ({ group, position, bytes: envelope.length })),
      ),
    );
  }

  readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]> {
    return this.call('readMarks', () => keys.map((key) => this.storage.marks.get(key)?.mark));
  }

  readParked(): Promise<StoredParked[]> {
    return this.call('readParked', () => [...this.storage.parked.values()]);
  }

  readLastSeen(user: Buffer): Promise<number | undefined> {
    return this.call('readLastSeen', () => this.storage.seen.get(user.toString('latin1'))?.seconds);
  }

  readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined> {
    return this.call('readRecord', () => this.storage.records.get(recordId(kind, user))?.value);
  }

  readRecords(kind: RecordKind): Promise<StoredRecord[]> {
    return this.call('readRecords', () =>
      [...this.storage.records.values()].flatMap(({ record, user, value }) => (record === kind ? [{ user, value }] : [])),
    );
  }

  survey(survey: Pick<StoreSurvey, 'mark' | 'seen' | 'rest'>): Promise<void> {
    return this.call('survey', () => {
      for (const { key, mark, timeMs } of this.storage.marks.values()) if (mark.high > 0) survey.mark?.(key, mark, timeMs);
      for (const { user, seconds } of this.storage.seen.values()) if (seconds > 0) survey.seen?.(user.toString('latin1'), seconds);
    });
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  private async call<T>(name: string, work: () => T): Promise<T> {
    await this.faults.before?.(name);
    const result = work();
    await this.faults.after?.(name);
    return result;
  }

  private change(change: RowChange, last: BatchId): void {
    const { summaries, marks, parked, seen, records } = this.storage;
    switch (change.kind) {
      case 'envelope':
        addEnvelope(this.inbox(change.inbox), change, last);
        break;
      case 'no-envelope':
        this.inbox(change.inbox).envelopes.remove(placeOf(change), last);
        break;
      case 'trim':
        trimInbox(this.inbox(change.inbox), change, last);
        break;
      case 'read':
        this.inbox(change.inbox).firstIndexes.set(placeOf(change), change.index + 1, last);
        break;
      case 'summary': {
        const { summary } = change;
        summaries.set(inboxId(summary), summary.envelopes === 0 ? undefined : summary, last);
        break;
      }
      case 'outgoing':
        this.outgoing(change.group).set(`${change.position}`, { ...change, envelope: Buffer.from(change.envelope) }, last);
        break;
      case 'no-outgoing':
        this.outgoing(change.group).remove(`${change.position}`, last);
        break;
      case 'mark':
        marks.set(change.key, change, last);
        break;
      case 'parked':
        parked.set(parkedId(change.parked), { ...change.parked, envelope: Buffer.from(change.parked.envelope) }, last);
        break;
      case 'not-parked':
        parked.remove(parkedId(change.parked), last);
        break;
      case 'seen':
        seen.set(change.user.toString('latin1'), change, last);
        break;
      case 'record': {
        const row = { record: change.record, user: Buffer.from(change.user), value: Buffer.from(change.value) };
        records.set(recordId(change.record, change.user), row, last);
        break;
      }
      case 'no-record':
        records.remove(recordId(change.record, change.user), last);
        break;
    }
  }

  private inbox(key: InboxKey): InboxCells {
    const id = inboxId(key);
    const cells = this.storage.inboxes.get(id) ?? new InboxCells();
    this.storage.inboxes.set(id, cells);
    return cells;
  }

  private outgoing(group: string): RowCells<OutgoingRow> {
    const cells = this.storage.outgoing.get(group) ?? new RowCells<OutgoingRow>();
    this.storage.outgoing.set(group, cells);
    return cells;
  }
}

/** Not when a later batch has taken it out, whether it was there then or not. */
function addEnvelope(cells: InboxCells, row: EnvelopeRow, by: BatchId): void {
  if (cells.trims.some(({ trim, last }) => takesOut(trim, row) && isLater(last, by))) return;
  const { chunk, position, envelope, messages } = row;
  cells.envelopes.set(placeOf(row), { chunk, position, envelope: Buffer.from(envelope), messages }, by);
}

function trimInbox(cells: InboxCells, trim: TrimChange, last: BatchId): void {
  cells.trims = [...cells.trims.filter((earlier) => isLater(earlier.last, last) || !isWithin(earlier.trim, trim)), { trim, last }];
  for (const row of cells.envelopes.values()) if (takesOut(trim, row)) cells.envelopes.forget(placeOf(row), last);
}

function takesOut(trim: TrimChange, { chunk, position }: { chunk: number; position: number }): boolean {
  return position < trim.position && chunk >= trim.firstChunk && chunk <= trim.chunk;
}

function isWithin(inner: TrimChange, outer: TrimChange): boolean {
  return inner.position <= outer.position && inner.firstChunk >= outer.firstChunk && inner.chunk <= outer.chunk;
}

function page<Row extends { position: number; envelope: Buffer }>(
  rows: readonly Row[],
  { envelopesMax, bytesMax }: PageLimits,
  firstIndex: (row: Row) => number,
): StoredEnvelope[] {
  const found: StoredEnvelope[] = [];
  let bytes = 0;
  for (const row of rows.toSorted((a, b) => a.position - b.position)) {
    if (found.length >= envelopesMax || bytes >= bytesMax) break;
    bytes += row.envelope.length;
    found.push({ position: row.position, envelope: row.envelope, firstIndex: firstIndex(row) });
  }
  return found;
}

function inboxId({ user, bucket }: InboxKey): string {
  return `${bucket} ${user.toString('latin1')}`;
}

function placeOf({ chunk, position }: { chunk: number; position: number }): string {
  return `${chunk} ${position}`;
}

function recordId(kind: RecordKind, user: Buffer): string {
  return `${kind} ${user.toString('latin1')}`;
}

function parkedId({ markKey, envelope, parkedAtMs }: StoredParked): string {
  return `${parkedAtMs} ${envelopeSequence(envelope)} ${markKey}`;
}
