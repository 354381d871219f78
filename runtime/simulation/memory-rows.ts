import type { KeyBytes } from '../contract/key-table.ts';
import {
  type PageLimits,
  type RecordKind,
  type RowBounds,
  type StoreBatch,
  type StoreBounds,
  type StoreCounts,
  type StoredEnvelope,
  type StoredMark,
  type StoredParked,
  type StoredRecord,
  type StoreSurvey,
  tellInbox,
} from '../ports/inbox-store.ts';
import { envelopeCount, envelopeRecipient, envelopeSequence } from '../wire/envelope.ts';

/** One inbox or outbox, which knows its size. */
class Rows extends Map<number, Buffer> {
  bytes = 0;

  override set(position: number, envelope: Buffer): this {
    this.bytes += envelope.length - (this.get(position)?.length ?? 0);
    return super.set(position, envelope);
  }

  override delete(position: number): boolean {
    this.bytes -= this.get(position)?.length ?? 0;
    return super.delete(position);
  }

  copy(): Rows {
    const copy = new Rows();
    for (const [position, envelope] of this) copy.set(position, envelope);
    return copy;
  }
}

const UNBOUNDED: RowBounds = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };

/** All rows of an inbox store, in memory. */
export class MemoryRows {
  readonly inboxes = new Map<string, Rows>();
  readonly partials = new Map<string, number>();
  readonly outboxes = new Map<string, Rows>();
  readonly marks = new Map<string, { mark: StoredMark; timeMs: number }>();
  readonly parked = new Map<string, StoredParked>();
  readonly lastSeen = new Map<string, number>();
  readonly records = new Map<string, StoredRecord & { readonly kind: RecordKind }>();
  reserved = 1;
  bounds: StoreBounds = { inbox: UNBOUNDED, outbox: UNBOUNDED };

  batch(): MemoryBatch {
    return new MemoryBatch();
  }

  /** Envelopes are never changed, so they are shared. */
  copy(): MemoryRows {
    const copy = new MemoryRows();
    for (const [key, rows] of this.inboxes) copy.inboxes.set(key, rows.copy());
    for (const [key, rows] of this.outboxes) copy.outboxes.set(key, rows.copy());
    for (const [key, value] of this.partials) copy.partials.set(key, value);
    for (const [key, value] of this.marks) copy.marks.set(key, value);
    for (const [key, value] of this.parked) copy.parked.set(key, value);
    for (const [key, value] of this.lastSeen) copy.lastSeen.set(key, value);
    for (const [key, value] of this.records) copy.records.set(key, value);
    copy.reserved = this.reserved;
    copy.bounds = this.bounds;
    return copy;
  }

  inboxPage(user: Buffer, bucket: number, position: number, limits: PageLimits): StoredEnvelope[] {
    const inbox = inboxKey(user, bucket);
    const entries = page(this.inboxes.get(inbox), position, limits);
    return entries.map((entry) => ({ ...entry, firstIndex: (this.partials.get(`${inbox} ${entry.position}`) ?? -1) + 1 }));
  }

  outboxPage(group: string, position: number, limits: PageLimits): StoredEnvelope[] {
    return page(this.outboxes.get(group), position, limits);
  }

  counts(): StoreCounts {
    const inboxes = [...this.inboxes.values()].filter((rows) => rows.size > 0);
    return {
      inboxes: inboxes.length,
      inboxEnvelopes: inboxes.reduce((sum, rows) => sum + rows.size, 0),
      outboxes: Object.fromEntries([...this.outboxes].flatMap(([group, rows]) => (rows.size > 0 ? [[group, rows.size]] : []))),
      parked: this.parked.size,
    };
  }

  outboxGroups(): string[] {
    return [...this.outboxes].flatMap(([group, rows]) => (rows.size > 0 ? [group] : []));
  }

  record(kind: RecordKind, user: Buffer): Buffer | undefined {
    return this.records.get(recordKey(kind, user))?.value;
  }

  recordsOf(kind: RecordKind): StoredRecord[] {
    return [...this.records.values()].flatMap((record) => (record.kind === kind ? [{ user: record.user, value: record.value }] : []));
  }

  isInboxFull(user: Buffer, bucket: number): boolean {
    return isFull(this.inboxes.get(inboxKey(user, bucket)), this.bounds.inbox);
  }

  isOutboxFull(group: string): boolean {
    return isFull(this.outboxes.get(group), this.bounds.outbox);
  }

  inboxesBefore(position: number): Buffer[] {
    return [...this.inboxes].flatMap(([key, rows]) => {
      const [user, bucket] = key.split(' ') as [string, string];
      const isOld = bucket === '0' && [...rows.keys()].some((at) => at < position);
      return isOld ? [Buffer.from(user, 'hex')] : [];
    });
  }

  survey(survey: StoreSurvey): void {
    for (const [key, rows] of this.inboxes) {
      const [user, bucket] = key.split(' ') as [string, string];
      if (rows.size > 0) tellInbox(survey, Buffer.from(user, 'hex').toString('latin1'), Number(bucket));
    }
    for (const [key, { mark, timeMs }] of this.marks) if (mark.high > 0) survey.mark?.(key, mark, timeMs);
    for (const [user, seconds] of this.lastSeen) if (seconds > 0) survey.seen?.(user, seconds);
  }

  expireMarks(beforeMs: number): number {
    const expired = [...this.marks].filter(([, { timeMs }]) => timeMs < beforeMs);
    for (const [key] of expired) this.marks.delete(key);
    return expired.length;
  }
}

/** Steps that apply together, to as many copies of the rows as need them. */
export class MemoryBatch implements StoreBatch {
  readonly steps: ((rows: MemoryRows) => void)[] = [];
  hasAppends = false;

  applyTo(rows: MemoryRows): void {
    for (const step of this.steps) step(rows);
  }

  reserve(position: number): void {
    this.steps.push((rows) => {
      rows.reserved = position;
    });
  }

  get isEmpty(): boolean {
    return this.steps.length === 0;
  }

  appendInbox(user: Buffer, bucket: number, position: number, envelope: Buffer): void {
    this.hasAppends = true;
    const [inbox, copy] = [inboxKey(user, bucket), Buffer.from(envelope)];
    this.steps.push((rows) => rowsOf(rows.inboxes, inbox).set(position, copy));
  }

  appendToRecipient(position: number, envelope: Buffer): void {
    this.appendInbox(envelopeRecipient(envelope), 0, position, envelope);
  }

  appendOutbox(group: string, position: number, envelope: Buffer): void {
    this.hasAppends = true;
    const copy = Buffer.from(envelope);
    this.steps.push((rows) => rowsOf(rows.outboxes, group).set(position, copy));
  }

  markRow({ bytes, start, end }: KeyBytes, high: number, holes: StoredMark['holes'], nowMs: number): void {
    this.mark(bytes.toString('latin1', start, end), { high, holes }, nowMs);
  }

  mark(key: string, mark: StoredMark, nowMs: number): void {
    this.steps.push((rows) => rows.marks.set(key, { mark, timeMs: nowMs }));
  }

  park(parked: StoredParked): void {
    const copy = { ...parked, envelope: Buffer.from(parked.envelope) };
    this.steps.push((rows) => rows.parked.set(parkedKey(parked), copy));
  }

  unpark(parked: StoredParked): void {
    this.steps.push((rows) => rows.parked.delete(parkedKey(parked)));
  }

  removeInbox(user: Buffer, bucket: number, position: number): void {
    const inbox = inboxKey(user, bucket);
    this.steps.push((rows) => void rowsOf(rows.inboxes, inbox).delete(position));
  }

  trimInbox(user: Buffer, bucket: number, cursor: { position: number; index: number }): void {
    const inbox = inboxKey(user, bucket);
    this.steps.push((rows) => {
      const inboxRows = rowsOf(rows.inboxes, inbox);
      for (const [position, envelope] of inboxRows) {
        if (position > cursor.position) continue;
        const partial = `${inbox} ${position}`;
        if (position === cursor.position && cursor.index < envelopeCount(envelope) - 1) {
          rows.partials.set(partial, cursor.index);
          continue;
        }
        inboxRows.delete(position);
        rows.partials.delete(partial);
      }
    });
  }

  removeOutbox(group: string, position: number): void {
    this.steps.push((rows) => rowsOf(rows.outboxes, group).delete(position));
  }

  setLastSeen(user: Buffer, seconds: number): void {
    const key = user.toString('latin1');
    this.steps.push((rows) => rows.lastSeen.set(key, seconds));
  }

  setRecord(kind: RecordKind, user: Buffer, value: Buffer): void {
    const record = { kind, user: Buffer.from(user), value: Buffer.from(value) };
    this.steps.push((rows) => rows.records.set(recordKey(kind, user), record));
  }

  removeRecord(kind: RecordKind, user: Buffer): void {
    const key = recordKey(kind, user);
    this.steps.push((rows) => rows.records.delete(key));
  }
}

function inboxKey(user: Buffer, bucket: number): string {
  return `${user.toString('hex')} ${bucket}`;
}

function recordKey(kind: RecordKind, user: Buffer): string {
  return `${kind} ${user.toString('latin1')}`;
}

function parkedKey({ markKey, envelope, parkedAtMs }: StoredParked): string {
  return `${parkedAtMs} ${envelopeSequence(envelope)} ${markKey}`;
}

function rowsOf(all: Map<string, Rows>, key: string): Rows {
  const rows = all.get(key) ?? new Rows();
  all.set(key, rows);
  return rows;
}

function page(rows: Rows | undefined, after: number, { envelopesMax, bytesMax }: PageLimits): StoredEnvelope[] {
  const positions = [...(rows?.keys() ?? [])].filter((position) => position > after).sort((a, b) => a - b);
  const found: StoredEnvelope[] = [];
  let bytes = 0;
  for (const position of positions) {
    if (found.length >= envelopesMax || bytes >= bytesMax) break;
    const envelope = rows?.get(position) as Buffer;
    bytes += envelope.length;
    found.push({ position, envelope, firstIndex: 0 });
  }
  return found;
}

function isFull(rows: Rows | undefined, { envelopesMax, bytesMax }: RowBounds): boolean {
  return rows !== undefined && (rows.size >= envelopesMax || rows.bytes >= bytesMax);
}
