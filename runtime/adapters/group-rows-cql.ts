import { IrisError } from '../contract/errors.ts';
import { OUTGOING_CHUNKS_SWEPT_MAX, ROWS_PAGE, ROWS_PAGE_FIRST, ROWS_PARTS, ROWS_PARTS_AT_ONCE } from '../contract/limits-store.ts';
import type {
  BatchId,
  Checkpoint,
  GroupRows,
  InboxMeasure,
  InboxRange,
  InboxSummary,
  MeasuredRange,
  OutgoingSize,
  RowChange,
} from '../ports/group-rows.ts';
import type { PageLimits, RecordKind, StoredEnvelope, StoredMark, StoredParked, StoredRecord, StoreSurvey } from '../ports/inbox-store.ts';
import { holesOf, outgoingChunk, type PartitionWrite, partOf, RowWriter } from './cql-row-changes.ts';
import { inboxPage, measure, outgoingPage } from './cql-row-pages.ts';
import { RowSender } from './cql-row-sender.ts';
import type { CqlRow, CqlSession } from './cql-session.ts';

/**
 * What an epoch adds to the timestamps of its writes: more than the batches that an owner can have under way when it loses the group. Epoch and
 * number together stay far below the microseconds of any clock, and a store may refuse timestamps of the future.
 */
const EPOCH_STEP = 65_536;
const PARTS = Array.from({ length: ROWS_PARTS }, (_, part) => part);

const CHECKPOINT = 'SELECT epoch, number, next_position, log_offset FROM checkpoints WHERE grp = ? LIMIT 1';
const ADD_CHECKPOINT = 'INSERT INTO checkpoints (grp, epoch, number, next_position, log_offset) VALUES (?, ?, ?, ?, ?)';
const DROP_CHECKPOINTS = 'DELETE FROM checkpoints WHERE grp = ? AND epoch < ?';
const SUMMARIES = `SELECT user, bucket, envelopes, bytes, first_position, last_position, first_chunk, last_chunk, last_chunk_bytes, number
  FROM summaries WHERE grp = ? AND part = ?`;
const CHUNKS = 'SELECT to_grp, chunk FROM outgoing_chunks WHERE grp = ?';
const CHUNKS_TO = 'SELECT chunk FROM outgoing_chunks WHERE grp = ? AND to_grp = ? AND chunk >= ?';
const ADD_CHUNK = 'INSERT INTO outgoing_chunks (grp, to_grp, chunk) VALUES (?, ?, ?)';
const DROP_CHUNK = 'DELETE FROM outgoing_chunks WHERE grp = ? AND to_grp = ? AND chunk = ?';
const OUTGOING_SIZES = 'SELECT position, bytes FROM outgoing WHERE grp = ? AND to_grp = ? AND chunk = ?';
const MARKS = 'SELECT key, high, holes FROM marks WHERE grp = ? AND part = ? AND key IN ?';
const ALL_MARKS = 'SELECT key, high, holes, time_ms FROM marks WHERE grp = ? AND part = ?';
const PARKED = 'SELECT parked_ms, key, envelope FROM parked WHERE grp = ? AND part = ?';
const LAST_SEEN = 'SELECT seconds FROM last_seen WHERE grp = ? AND part = ? AND user = ?';
const ALL_LAST_SEEN = 'SELECT user, seconds FROM last_seen WHERE grp = ? AND part = ?';
const RECORD = 'SELECT value FROM records WHERE grp = ? AND kind = ? AND part = ? AND user = ?';
const RECORDS = 'SELECT user, value FROM records WHERE grp = ? AND kind = ? AND part = ?';

export interface CqlRowsParts {
  readonly session: CqlSession;
  readonly group: string;
  /** Milliseconds a message may wait in an inbox, and in an outbox: the store keeps it for a week more at the most. */
  readonly inboxRetentionMs: number;
  readonly outboxRetentionMs: number;
}

/** The rows of a group on a CQL store. The session belongs to the caller, who closes it last. */
export function openCqlRows(parts: CqlRowsParts): GroupRows {
  return new CqlGroupRows(parts);
}

class CqlGroupRows implements GroupRows {
  private readonly session: CqlSession;
  readonly name: string;
  private readonly group: string;
  private readonly writer: RowWriter;
  private readonly sender: RowSender;
  /** Chunks of what goes to other groups that are listed, and those that may have become empty: `<chunk> <group>`. */
  private readonly listedChunks = new Set<string>();
  private readonly emptiedChunks = new Set<string>();
  /** Checkpoints of lower epochs are gone. */
  private droppedBelow = 0;

  constructor({ session, group, inboxRetentionMs, outboxRetentionMs }: CqlRowsParts) {
    this.session = session;
    this.name = `keyspace ${session.settings.keyspace}`;
    this.group = group;
    this.sender = new RowSender(session);
    this.writer = new RowWriter(group, { inboxRetentionMs, outboxRetentionMs });
  }

  async readCheckpoint(): Promise<Checkpoint | undefined> {
    const row = await this.session.readOne(CHECKPOINT, [this.group]);
    if (row === undefined) return undefined;
    const [epoch, number] = [numberOf(row, 'epoch'), numberOf(row, 'number')];
    return { epoch, number, nextPosition: numberOf(row, 'next_position'), offset: numberOf(row, 'log_offset') };
  }

  /** A row for each epoch, of which the highest counts: one that comes late from a former owner lies below it. */
  async writeCheckpoint(checkpoint: Checkpoint): Promise<void> {
    const { epoch, number, nextPosition, offset } = checkpoint;
    const stored = await this.readCheckpoint();
    if (stored !== undefined && stored.epoch > epoch) {
      throw new IrisError('OWNERSHIP_LOST', `the rows have a checkpoint of epoch ${stored.epoch}, this owner’s is ${epoch}`);
    }
    const statements = [{ query: ADD_CHECKPOINT, params: [this.group, epoch, number, nextPosition, offset] }];
    if (epoch > this.droppedBelow) statements.push({ query: DROP_CHECKPOINTS, params: [this.group, epoch] });
    await this.session.write(statements, timestampOf(checkpoint));
    this.droppedBelow = epoch;
    await this.sweepChunks(checkpoint);
  }

  async apply(changes: readonly RowChange[], last: BatchId): Promise<void> {
    const timestamp = timestampOf(last);
    // The list first: what is not listed is not found.
    await this.listChunks(changes, timestamp);
    await this.sender.send(this.writer.writes(changes), timestamp);
    for (const change of changes) {
      if (change.kind === 'no-outgoing') this.emptiedChunks.add(`${outgoingChunk(change.position)} ${change.group}`);
    }
  }

  async *readSummaries(): AsyncIterable<readonly InboxSummary[]> {
    for (const parts of portions(PARTS, ROWS_PARTS_AT_ONCE)) {
      const rows = await Promise.all(parts.map((part) => this.all(SUMMARIES, [this.group, part])));
      yield rows.flat().map(summaryOf);
    }
  }

  readInbox({ inbox, firstChunk, lastChunk, position }: InboxRange, limits: PageLimits): Promise<StoredEnvelope[]> {
    return inboxPage(this.session, { group: this.group, inbox, firstChunk, lastChunk, position, limits, firstRows: ROWS_PAGE_FIRST });
  }

  measureInbox(range: MeasuredRange): Promise<InboxMeasure> {
    return measure(this.session, this.group, range);
  }

  async readOutgoing(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    const rows = await this.all(CHUNKS_TO, [this.group, group, outgoingChunk(position + 1)]);
    const chunks = rows.map((row) => numberOf(row, 'chunk'));
    return await outgoingPage(this.session, { group: this.group, toGroup: group, chunks, position, limits, firstRows: ROWS_PAGE_FIRST });
  }

  async *readOutgoingSizes(): AsyncIterable<readonly OutgoingSize[]> {
    for (const row of await this.all(CHUNKS, [this.group])) {
      const [group, chunk] = [String(row['to_grp']), numberOf(row, 'chunk')];
      this.listedChunks.add(`${chunk} ${group}`);
      let isEmpty = true;
      for await (const rows of this.session.readAll(OUTGOING_SIZES, [this.group, group, chunk], ROWS_PAGE)) {
        isEmpty = false;
        yield rows.map((size) => ({ group, position: numberOf(size, 'position'), bytes: numberOf(size, 'bytes') }));
      }
      if (isEmpty) this.emptiedChunks.add(`${chunk} ${group}`);
    }
  }

  async readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]> {
    const byPart = Map.groupBy(new Set(keys), (key) => partOf(Buffer.from(key, 'latin1')));
    const found = new Map<string, StoredMark>();
    for (const parts of portions([...byPart], ROWS_PARTS_AT_ONCE)) {
      const rows = await Promise.all(
        parts.map(([part, asked]) => this.all(MARKS, [this.group, part, asked.map((key) => Buffer.from(key, 'latin1'))])),
      );
      for (const row of rows.flat()) found.set((row['key'] as Buffer).toString('latin1'), markOf(row));
    }
    return keys.map((key) => found.get(key));
  }

  async readParked(): Promise<StoredParked[]> {
    const found: StoredParked[] = [];
    await this.eachPart(
      (part) => [PARKED, [this.group, part]],
      (row) => {
        const markKey = (row['key'] as Buffer).toString('latin1');
        found.push({ markKey, envelope: row['envelope'] as Buffer, parkedAtMs: numberOf(row, 'parked_ms') });
      },
    );
    return found;
  }

  async readLastSeen(user: Buffer): Promise<number | undefined> {
    const row = await this.session.readOne(LAST_SEEN, [this.group, partOf(user), user]);
    return row === undefined ? undefined : numberOf(row, 'seconds');
  }

  async readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined> {
    const row = await this.session.readOne(RECORD, [this.group, kind, partOf(user), user]);
    return row === undefined ? undefined : (row['value'] as Buffer);
  }

  async readRecords(kind: RecordKind): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    await this.eachPart(
      (part) => [RECORDS, [this.group, kind, part]],
      (row) => {
        found.push({ user: row['user'] as Buffer, value: row['value'] as Buffer });
      },
    );
    return found;
  }

  async survey(survey: Pick<StoreSurvey, 'mark' | 'seen' | 'rest'>): Promise<void> {
    const rest = () => survey.rest?.();
    await this.eachPart(
      (part) => [ALL_MARKS, [this.group, part]],
      (row) => {
        const mark = markOf(row);
        if (mark.high > 0) survey.mark?.((row['key'] as Buffer).toString('latin1'), mark, numberOf(row, 'time_ms'));
      },
      rest,
    );
    await this.eachPart(
      (part) => [ALL_LAST_SEEN, [this.group, part]],
      (row) => {
        const seconds = numberOf(row, 'seconds');
        if (seconds > 0) survey.seen?.((row['user'] as Buffer).toString('latin1'), seconds);
      },
      rest,
    );
  }

  async close(): Promise<void> {
    // The session is the caller’s; nothing else is held open.
  }

  private async listChunks(changes: readonly RowChange[], timestamp: number): Promise<void> {
    const missing = new Map<string, PartitionWrite>();
    for (const change of changes) {
      if (change.kind !== 'outgoing') continue;
      const chunk = outgoingChunk(change.position);
      const id = `${chunk} ${change.group}`;
      if (!this.listedChunks.has(id)) {
        missing.set(id, { statements: [{ query: ADD_CHUNK, params: [this.group, change.group, chunk] }], bytes: 0 });
      }
    }
    await this.sender.send([...missing.values()], timestamp);
    for (const id of missing.keys()) this.listedChunks.add(id);
  }

  /** Takes emptied chunks off the list. Only below what the checkpoint says: nothing more comes to those. */
  private async sweepChunks(checkpoint: Checkpoint): Promise<void> {
    let looks = 0;
    for (const id of this.emptiedChunks) {
      const [chunk, group] = [Number.parseInt(id, 10), id.slice(id.indexOf(' ') + 1)];
      if (chunk >= outgoingChunk(checkpoint.nextPosition) || looks++ >= OUTGOING_CHUNKS_SWEPT_MAX) continue;
      this.emptiedChunks.delete(id);
      if ((await this.session.readOne(OUTGOING_SIZES, [this.group, group, chunk])) !== undefined) continue;
      await this.session.write([{ query: DROP_CHUNK, params: [this.group, group, chunk] }], timestampOf(checkpoint));
      this.listedChunks.delete(id);
    }
  }

  private async all(query: string, params: unknown[]): Promise<CqlRow[]> {
    const found: CqlRow[] = [];
    for await (const rows of this.session.readAll(query, params, ROWS_PAGE)) for (const row of rows) found.push(row);
    return found;
  }

  /** `rest` is awaited after each page. */
  private async eachPart(
    ask: (part: number) => [query: string, params: unknown[]],
    hear: (row: CqlRow) => void,
    rest: () => Promise<void> | undefined = () => undefined,
  ): Promise<void> {
    for (const parts of portions(PARTS, ROWS_PARTS_AT_ONCE)) {
      await Promise.all(
        parts.map(async (part) => {
          for await (const rows of this.session.readAll(...ask(part), ROWS_PAGE)) {
            for (const row of rows) hear(row);
            await rest();
          }
        }),
      );
    }
  }
}

function timestampOf({ epoch, number }: BatchId): number {
  return epoch * EPOCH_STEP + number;
}

function summaryOf(row: CqlRow): InboxSummary {
  return {
    user: row['user'] as Buffer,
    bucket: row['bucket'] as number,
    envelopes: numberOf(row, 'envelopes'),
    bytes: numberOf(row, 'bytes'),
    firstPosition: numberOf(row, 'first_position'),
    lastPosition: numberOf(row, 'last_position'),
    firstChunk: row['first_chunk'] as number,
    lastChunk: row['last_chunk'] as number,
    lastChunkBytes: numberOf(row, 'last_chunk_bytes'),
    number: numberOf(row, 'number'),
  };
}

function markOf(row: CqlRow): StoredMark {
  return { high: numberOf(row, 'high'), holes: holesOf(row['holes'] as Buffer) };
}

/** A bigint column: no number here passes 2^53. */
function numberOf(row: CqlRow, column: string): number {
  return Number(row[column]);
}

function* portions<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
