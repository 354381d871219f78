import { mkdirSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { KeyBytes } from '../contract/key-table.ts';
import {
  type InboxStore,
  NO_CACHE,
  type PageLimits,
  type RecordKind,
  type StoreBatch,
  type StoreCounts,
  type StoredEnvelope,
  type StoredMark,
  type StoredParked,
  type StoredRecord,
  type StoreSurvey,
  tellInbox,
} from '../ports/inbox-store.ts';
import { Durability } from '../wire/durability.ts';
import { envelopeCount, envelopeRecipient, envelopeSequence } from '../wire/envelope.ts';
import * as keys from './inbox-store-keys.ts';

type Database = ClassicLevel<Buffer, Buffer>;
type Operation = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

const FORMAT = 1;
const ENCODING = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

/**
 * Opens the embedded store in `directory`, which is made when it is missing.
 * @throws IrisError STATE_IN_USE when another process holds it, STORE_FAILED when it cannot be opened or is of another format.
 */
export async function openLevelStore(directory: string): Promise<InboxStore> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database: Database = new ClassicLevel(directory, { ...ENCODING, compression: false, writeBufferSize: 32 * 1_048_576 });
  try {
    await database.open();
  } catch (cause) {
    const isLocked = cause instanceof Error && (cause.cause as { code?: string } | undefined)?.code === 'LEVEL_LOCKED';
    if (isLocked) throw new IrisError('STATE_IN_USE', `the store ${directory} is held by another process; stop it first`);
    throw new IrisError('STORE_FAILED', `the store ${directory} cannot be opened`, { cause });
  }
  const format = await database.get(keys.metaKey('format'));
  if (format !== undefined && keys.readNumber(format, 0) !== FORMAT) {
    throw new IrisError('STORE_FAILED', `the store ${directory} has format ${keys.readNumber(format, 0)}, this release knows ${FORMAT}`);
  }
  const reserved = await database.get(keys.metaKey('reserved'));
  if (format === undefined) await database.put(keys.metaKey('format'), keys.numberValue(FORMAT), { sync: true });
  return new LevelStore(database, reserved === undefined ? 1 : keys.readNumber(reserved, 0));
}

class LevelStore implements InboxStore {
  readonly durability = Durability.D2;
  readonly firstPosition: number;
  /** It keeps no sizes, since no node runs on it: it is here to be measured against. */
  readonly isFull = false;
  readonly usage = { waitingShare: 0, behindShare: Number.NaN, cache: NO_CACHE };
  readonly hasFullRows = false;
  private readonly database: Database;
  private reserved: number | undefined;
  /** The commit called last: the next one waits for it, since a trim reads before it writes. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(database: Database, firstPosition: number) {
    this.database = database;
    this.firstPosition = firstPosition;
  }

  isInboxFull(): boolean {
    return false;
  }

  /** Nothing expires here, for the same reason. */
  inboxesBefore(): Iterable<Buffer | undefined> {
    return [];
  }

  isOutboxFull(): boolean {
    return false;
  }

  reservePositions(position: number): void {
    this.reserved = position;
  }

  batch(): StoreBatch {
    return new LevelBatch();
  }

  commit(batch: StoreBatch, options: { sync: boolean }): Promise<void> {
    const commit = this.last.then(() => this.write(batch, options));
    // Its caller hears of a failure; the commits behind it go on.
    this.last = commit.catch(() => undefined);
    return commit;
  }

  private async write(batch: StoreBatch, { sync }: { sync: boolean }): Promise<void> {
    const { operations, trims } = batch as LevelBatch;
    const reserved = this.reserved;
    if (reserved !== undefined) operations.push({ type: 'put', key: keys.metaKey('reserved'), value: keys.numberValue(reserved) });
    if (batch.isEmpty && !sync) return;
    try {
      for (const trim of trims) await this.expandTrim(operations, trim);
      await this.database.batch(operations, { sync });
      if (this.reserved === reserved) this.reserved = undefined;
    } catch (cause) {
      throw new IrisError('STORE_FAILED', 'the store did not take the batch', { cause });
    }
  }

  readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    const range = { gt: keys.inboxKey(user, bucket, position), lt: keys.inboxKey(user, bucket, keys.POSITION_END) };
    return reading(() => this.page(range, limits, (at) => this.firstIndex(keys.partialKey(user, bucket, at))));
  }

  readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    const range = { gt: keys.outboxKey(group, position), lt: keys.outboxKey(group, keys.POSITION_END) };
    return reading(() => this.page(range, limits, async () => 0));
  }

  async counts(): Promise<StoreCounts> {
    const outboxes: Record<string, number> = {};
    for await (const key of this.database.keys(keys.outboxRange)) outboxes[keys.groupOf(key)] = (outboxes[keys.groupOf(key)] ?? 0) + 1;
    let inboxEnvelopes = 0;
    let inboxes = 0;
    let last: Buffer = Buffer.alloc(0);
    for await (const key of this.database.keys(keys.inboxRange)) {
      const inbox = key.subarray(0, -keys.POSITION_BYTES);
      if (!inbox.equals(last)) inboxes++;
      last = inbox;
      inboxEnvelopes++;
    }
    return { inboxes, inboxEnvelopes, outboxes, parked: (await this.readParked()).length };
  }

  outboxGroups(): Promise<string[]> {
    return reading(async () => {
      const groups: string[] = [];
      for (let gte: Buffer = keys.outboxRange.gte; ; ) {
        const [key] = await this.database.keys({ gte, lt: keys.outboxRange.lt, limit: 1 }).all();
        if (key === undefined) return groups;
        const group = keys.groupOf(key);
        groups.push(group);
        gte = keys.outboxKey(group, keys.POSITION_END);
      }
    });
  }

  async readMarks(names: readonly string[]): Promise<(StoredMark | undefined)[]> {
    const values = await reading(() => this.database.getMany(names.map(keys.markKey)));
    return values.map((value) => (value === undefined ? undefined : markOf(value)));
  }

  async readParked(): Promise<StoredParked[]> {
    const rows = await reading(() => this.database.iterator(keys.parkedRange).all());
    return rows.map(([key, envelope]) => ({ ...keys.parkedPartsOf(key), envelope }));
  }

  async readLastSeen(user: Buffer): Promise<number | undefined> {
    const value = await reading(() => this.database.get(keys.lastSeenKey(user)));
    return value === undefined ? undefined : keys.readNumber(value, 0);
  }

  readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined> {
    return reading(() => this.database.get(keys.recordKey(kind, user)));
  }

  async readRecords(kind: RecordKind): Promise<StoredRecord[]> {
    const rows = await reading(() => this.database.iterator(keys.recordRange(kind)).all());
    return rows.map(([key, value]) => ({ user: keys.userOfRecord(key), value }));
  }

  survey(survey: StoreSurvey): Promise<void> {
    return reading(async () => {
      let last: { user: string; bucket: number } | undefined;
      for await (const key of this.database.keys(keys.inboxRange)) {
        const { user, bucket } = keys.inboxPartsOf(key);
        if (user !== last?.user || bucket !== last.bucket) tellInbox(survey, user, bucket);
        last = { user, bucket };
      }
      if (survey.mark === undefined && survey.seen === undefined) return;
      for await (const [key, value] of this.database.iterator(keys.markRange)) {
        const mark = markOf(value);
        if (mark.high > 0) survey.mark?.(key.toString('latin1', 1), mark, keys.readNumber(value, 8));
        await survey.rest?.();
      }
      for await (const [key, value] of this.database.iterator(keys.lastSeenRange)) {
        const seconds = keys.readNumber(value, 0);
        if (seconds > 0) survey.seen?.(key.toString('latin1', 1), seconds);
        await survey.rest?.();
      }
    });
  }

  async expireMarks(beforeMs: number): Promise<number> {
    const expired: Operation[] = [];
    for await (const [key, value] of this.database.iterator(keys.markRange)) {
      if (keys.readNumber(value, 8) < beforeMs) expired.push({ type: 'del', key });
    }
    await this.database.batch(expired);
    return expired.length;
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  /** The first page is small: most readers are at the tail, and an empty read should cost little. */
  private async page(
    range: { gt: Buffer; lt: Buffer },
    limits: PageLimits,
    firstIndexAt: (position: number) => Promise<number>,
  ): Promise<StoredEnvelope[]> {
    const iterator = this.database.iterator({ ...range, highWaterMarkBytes: 65_536 });
    const page: StoredEnvelope[] = [];
    let bytes = 0;
    try {
      while (page.length < limits.envelopesMax && bytes < limits.bytesMax) {
        const rows = await iterator.nextv(limits.envelopesMax - page.length);
        if (rows.length === 0) break;
        for (const [key, envelope] of rows) {
          const position = keys.positionOf(key);
          const firstIndex = page.length === 0 ? await firstIndexAt(position) : 0;
          page.push({ position, envelope, firstIndex });
          bytes += envelope.length;
        }
      }
      return page;
    } finally {
      await iterator.close();
    }
  }

  /** Only an inbox’s oldest envelope can be acknowledged in part. */
  private async firstIndex(key: Buffer): Promise<number> {
    const value = await this.database.get(key);
    return value === undefined ? 0 : value.readUInt16BE(0) + 1;
  }

  /** Turns a cursor into the rows it covers. */
  private async expandTrim(operations: Operation[], { user, bucket, position, index }: Trim): Promise<void> {
    const lte = keys.inboxKey(user, bucket, position);
    for await (const [key, envelope] of this.database.iterator({ gte: keys.inboxKey(user, bucket, 0), lte })) {
      const at = keys.positionOf(key);
      const isWhole = at < position || index >= envelopeCount(envelope) - 1;
      if (isWhole) operations.push({ type: 'del', key }, { type: 'del', key: keys.partialKey(user, bucket, at) });
      else operations.push({ type: 'put', key: keys.partialKey(user, bucket, at), value: indexValue(index) });
    }
  }
}

/** @throws IrisError STORE_FAILED for whatever the database says. */
async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new IrisError('STORE_FAILED', `the store cannot be read: ${errorLine(cause)}`);
  }
}

interface Trim {
  readonly user: Buffer;
  readonly bucket: number;
  readonly position: number;
  readonly index: number;
}

class LevelBatch implements StoreBatch {
  readonly operations: Operation[] = [];
  readonly trims: Trim[] = [];

  get isEmpty(): boolean {
    return this.operations.length === 0 && this.trims.length === 0;
  }

  appendInbox(user: Buffer, bucket: number, position: number, envelope: Buffer): void {
    this.operations.push({ type: 'put', key: keys.inboxKey(user, bucket, position), value: envelope });
  }

  appendToRecipient(position: number, envelope: Buffer): void {
    this.appendInbox(envelopeRecipient(envelope), 0, position, envelope);
  }

  appendOutbox(group: string, position: number, envelope: Buffer): void {
    this.operations.push({ type: 'put', key: keys.outboxKey(group, position), value: envelope });
  }

  markRow({ bytes, start, end }: KeyBytes, high: number, holes: StoredMark['holes'], nowMs: number): void {
    this.mark(bytes.toString('latin1', start, end), { high, holes }, nowMs);
  }

  mark(key: string, mark: StoredMark, nowMs: number): void {
    const holes = mark.holes.flatMap(({ from, to }) => [from, to]);
    this.operations.push({ type: 'put', key: keys.markKey(key), value: keys.numberValue(mark.high, nowMs, ...holes) });
  }

  park({ markKey, envelope, parkedAtMs }: StoredParked): void {
    this.operations.push({ type: 'put', key: keys.parkedKey(parkedAtMs, envelopeSequence(envelope), markKey), value: envelope });
  }

  unpark({ markKey, envelope, parkedAtMs }: StoredParked): void {
    this.operations.push({ type: 'del', key: keys.parkedKey(parkedAtMs, envelopeSequence(envelope), markKey) });
  }

  removeInbox(user: Buffer, bucket: number, position: number): void {
    this.operations.push({ type: 'del', key: keys.inboxKey(user, bucket, position) });
  }

  trimInbox(user: Buffer, bucket: number, cursor: { position: number; index: number }): void {
    this.trims.push({ user, bucket, position: cursor.position, index: cursor.index });
  }

  removeOutbox(group: string, position: number): void {
    this.operations.push({ type: 'del', key: keys.outboxKey(group, position) });
  }

  setLastSeen(user: Buffer, seconds: number): void {
    this.operations.push({ type: 'put', key: keys.lastSeenKey(user), value: keys.numberValue(seconds) });
  }

  setRecord(kind: RecordKind, user: Buffer, value: Buffer): void {
    this.operations.push({ type: 'put', key: keys.recordKey(kind, user), value });
  }

  removeRecord(kind: RecordKind, user: Buffer): void {
    this.operations.push({ type: 'del', key: keys.recordKey(kind, user) });
  }
}

function markOf(value: Buffer): StoredMark {
  const holes = Array.from({ length: value.length / 16 - 1 }, (_, i) => ({
    from: keys.readNumber(value, 16 * i + 16),
    to: keys.readNumber(value, 16 * i + 24),
  }));
  return { high: keys.readNumber(value, 0), holes };
}

function indexValue(index: number): Buffer {
  const value = Buffer.allocUnsafe(2);
  value.writeUInt16BE(index);
  return value;
}
