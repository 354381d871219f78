import { ClassicLevel } from 'classic-level';
import { errorLine, IrisError } from '../../contract/errors.ts';
import type { StoredMark } from '../../ports/inbox-store.ts';
import * as keys from '../inbox-store-keys.ts';

type Database = ClassicLevel<Buffer, Buffer>;

interface Row {
  readonly type: 'put';
  readonly key: Buffer;
  readonly value: Buffer;
}

interface MarkRow {
  high: number;
  timeMs: number;
  holes: StoredMark['holes'];
}

/** What the log says and the table on the disk does not yet. */
interface Pending {
  readonly marks: Map<string, MarkRow>;
  readonly seen: Map<string, number>;
}

/** Rows that may wait in memory to be written to the table; then a flush begins, and above it commits wait for the flush. */
const PENDING_MAX = 65_536;
/** Rows written at a time: about a millisecond of the event loop. */
const FLUSH_ROWS = 256;
const ENCODING = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

/**
 * Sequence marks and last-seen times: many, small, kept for days, and written far more often than read. The log makes them durable;
 * this table, sorted on the disk, takes them later, many changes of one row as one, so that memory holds only what is fresh.
 */
export class MarkTable {
  /** Sequence of the last record whose marks are in the table: the log before it is not needed for them. */
  flushedThrough: number;
  private readonly database: Database;
  private pending: Pending = { marks: new Map(), seen: new Map() };
  private flushing: Pending = { marks: new Map(), seen: new Map() };
  /** A flush or an expiry under way. */
  private work: Promise<void> | undefined;

  private constructor(database: Database, flushedThrough: number) {
    this.database = database;
    this.flushedThrough = flushedThrough;
  }

  /**
   * Its database’s lock is the store’s: the system takes it back when the process ends, however it ends.
   * @throws IrisError STATE_IN_USE, STORE_FAILED
   */
  static async open(directory: string): Promise<MarkTable> {
    const database: Database = new ClassicLevel(directory, { ...ENCODING, compression: false });
    try {
      await database.open();
    } catch (cause) {
      const isLocked = cause instanceof Error && (cause.cause as { code?: string } | undefined)?.code === 'LEVEL_LOCKED';
      if (isLocked) throw new IrisError('STATE_IN_USE', `the store ${directory} is held by another process; stop it first`);
      throw new IrisError('STORE_FAILED', `the store ${directory} cannot be opened`, { cause });
    }
    const flushed = await database.get(keys.metaKey('flushed'));
    return new MarkTable(database, flushed === undefined ? 0 : keys.readNumber(flushed, 0));
  }

  get isFull(): boolean {
    return this.pending.marks.size + this.pending.seen.size >= PENDING_MAX;
  }

  get isBusy(): boolean {
    return this.work !== undefined;
  }

  setMark(key: string, high: number, timeMs: number, holes: StoredMark['holes']): void {
    const row = this.pending.marks.get(key);
    if (row === undefined) {
      this.pending.marks.set(key, { high, timeMs, holes });
      return;
    }
    row.high = high;
    row.timeMs = timeMs;
    row.holes = holes;
  }

  setSeen(user: string, seconds: number): void {
    this.pending.seen.set(user, seconds);
  }

  async readMarks(names: readonly string[]): Promise<(StoredMark | undefined)[]> {
    const fresh = names.map((name) => this.pending.marks.get(name) ?? this.flushing.marks.get(name));
    const missing = names.filter((_, i) => fresh[i] === undefined);
    const stored = missing.length === 0 ? [] : await this.database.getMany(missing.map(keys.markKey));
    const rows = fresh.map((row) => row ?? rowOf(stored.shift()));
    return rows.map((row) => (row === undefined ? undefined : { high: row.high, holes: row.holes }));
  }

  async readSeen(user: string): Promise<number | undefined> {
    const fresh = this.pending.seen.get(user) ?? this.flushing.seen.get(user);
    if (fresh !== undefined) return fresh;
    const value = await this.database.get(keys.lastSeenKey(Buffer.from(user, 'latin1')));
    return value === undefined ? undefined : keys.readNumber(value, 0);
  }

  /** Resolves when everything of the log through record `sequence`, the last one applied, is in the table on the disk. */
  async flushThrough(sequence: number): Promise<void> {
    while (this.work !== undefined) await this.work.catch(() => undefined);
    if (this.flushedThrough >= sequence) return;
    this.flushing = this.pending;
    this.pending = { marks: new Map(), seen: new Map() };
    try {
      await this.exclusively(() => this.write(this.flushing, sequence));
      this.flushedThrough = sequence;
    } catch (cause) {
      this.takeBack(this.flushing);
      throw new IrisError('STORE_FAILED', `the table of marks did not take its rows: ${errorLine(cause)}`, { cause });
    } finally {
      this.flushing = { marks: new Map(), seen: new Map() };
    }
  }

  /** Deletes marks older than `beforeMs` from the table; resolves to how many. Never beside a flush, which might just be renewing one. */
  async expire(beforeMs: number): Promise<number> {
    while (this.work !== undefined) await this.work.catch(() => undefined);
    let count = 0;
    await this.exclusively(async () => {
      let expired: { type: 'del'; key: Buffer }[] = [];
      for await (const [key, value] of this.database.iterator(keys.markRange)) {
        if (keys.readNumber(value, 8) >= beforeMs) continue;
        expired.push({ type: 'del', key });
        count++;
        if (expired.length < FLUSH_ROWS) continue;
        await this.database.batch(expired);
        expired = [];
      }
      await this.database.batch(expired);
    });
    return count;
  }

  async close(): Promise<void> {
    await this.work?.catch(() => undefined);
    await this.database.close();
  }

  private async exclusively(work: () => Promise<void>): Promise<void> {
    this.work = work();
    try {
      await this.work;
    } finally {
      this.work = undefined;
    }
  }

  private async write(pending: Pending, sequence: number): Promise<void> {
    let rows: Row[] = [];
    for (const row of rowsOf(pending)) {
      rows.push(row);
      if (rows.length < FLUSH_ROWS) continue;
      await this.database.batch(rows);
      rows = [];
    }
    rows.push({ type: 'put', key: keys.metaKey('flushed'), value: keys.numberValue(sequence) });
    await this.database.batch(rows, { sync: true });
  }

  /** A flush failed: its rows wait again, under what came since. */
  private takeBack({ marks, seen }: Pending): void {
    for (const [key, row] of marks) if (!this.pending.marks.has(key)) this.pending.marks.set(key, row);
    for (const [user, seconds] of seen) if (!this.pending.seen.has(user)) this.pending.seen.set(user, seconds);
  }
}

function* rowsOf({ marks, seen }: Pending): Generator<Row> {
  for (const [key, { high, timeMs, holes }] of marks) {
    const numbers = holes.flatMap(({ from, to }) => [from, to]);
    yield { type: 'put', key: keys.markKey(key), value: keys.numberValue(high, timeMs, ...numbers) };
  }
  for (const [user, seconds] of seen) {
    yield { type: 'put', key: keys.lastSeenKey(Buffer.from(user, 'latin1')), value: keys.numberValue(seconds) };
  }
}

function rowOf(value: Buffer | undefined): (MarkRow & StoredMark) | undefined {
  if (value === undefined) return undefined;
  const holes = Array.from({ length: value.length / 16 - 1 }, (_, i) => ({
    from: keys.readNumber(value, 16 * i + 16),
    to: keys.readNumber(value, 16 * i + 24),
  }));
  return { high: keys.readNumber(value, 0), timeMs: keys.readNumber(value, 8), holes };
}
