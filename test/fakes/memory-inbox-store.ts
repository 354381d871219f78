import { IrisError } from '../../runtime/contract/errors.ts';
import type { InboxStore, PageLimits, StoreBatch, StoredEnvelope, StoredMark, StoredParked } from '../../runtime/ports/inbox-store.ts';
import { envelopeCount, envelopeSequence } from '../../runtime/wire/envelope.ts';

type Rows = Map<number, Buffer>;

/** What a store leaves behind when its process ends: a test opens it again and counts its rows. */
export class MemoryDisk {
  readonly inboxes = new Map<string, Rows>();
  readonly partials = new Map<string, number>();
  readonly outboxes = new Map<string, Rows>();
  readonly marks = new Map<string, { mark: StoredMark; timeMs: number }>();
  readonly parked = new Map<string, StoredParked>();
  readonly lastSeen = new Map<string, number>();
  reserved = 1;
  holder: MemoryInboxStore | undefined;
  /** How many of the next commits and reads fail. */
  readonly failing = { commits: 0, reads: 0 };
  commits = 0;
  syncedCommits = 0;

  get inboxRows(): number {
    return [...this.inboxes.values()].reduce((sum, rows) => sum + rows.size, 0);
  }
}

/** @throws IrisError STATE_IN_USE while another store is open on the disk. */
export function openMemoryStore(disk = new MemoryDisk()): MemoryInboxStore {
  if (disk.holder !== undefined) throw new IrisError('STATE_IN_USE', 'the memory disk is held by another store; close it first');
  disk.holder = new MemoryInboxStore(disk);
  return disk.holder;
}

/** The whole port in memory: the model that the real adapters are held against. */
export class MemoryInboxStore implements InboxStore {
  readonly disk: MemoryDisk;
  readonly firstPosition: number;
  private reserved: number | undefined;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
    this.firstPosition = disk.reserved;
  }

  reservePositions(position: number): void {
    this.reserved = position;
  }

  batch(): StoreBatch {
    return new MemoryBatch();
  }

  async commit(batch: StoreBatch, { sync }: { sync: boolean }): Promise<void> {
    this.use('commits', 'the store did not take the batch');
    this.disk.commits++;
    if (sync) this.disk.syncedCommits++;
    if (this.reserved !== undefined) this.disk.reserved = this.reserved;
    this.reserved = undefined;
    for (const step of (batch as MemoryBatch).steps) step(this.disk);
  }

  async readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    this.use('reads', 'the store cannot be read');
    const inbox = inboxKey(user, bucket);
    const entries = page(this.disk.inboxes.get(inbox), position, limits);
    return entries.map((entry) => ({ ...entry, firstIndex: (this.disk.partials.get(`${inbox} ${entry.position}`) ?? -1) + 1 }));
  }

  async readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    this.use('reads', 'the store cannot be read');
    return page(this.disk.outboxes.get(group), position, limits);
  }

  async outboxGroups(): Promise<string[]> {
    return [...this.disk.outboxes].flatMap(([group, rows]) => (rows.size > 0 ? [group] : []));
  }

  async readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]> {
    this.use('reads', 'the store cannot be read');
    return keys.map((key) => this.disk.marks.get(key)?.mark);
  }

  async readParked(): Promise<StoredParked[]> {
    return [...this.disk.parked.values()];
  }

  async readLastSeen(user: Buffer): Promise<number | undefined> {
    this.use('reads', 'the store cannot be read');
    return this.disk.lastSeen.get(user.toString('latin1'));
  }

  async expireMarks(beforeMs: number): Promise<number> {
    const expired = [...this.disk.marks].filter(([, { timeMs }]) => timeMs < beforeMs);
    for (const [key] of expired) this.disk.marks.delete(key);
    return expired.length;
  }

  async close(): Promise<void> {
    if (this.disk.holder === this) this.disk.holder = undefined;
  }

  private use(kind: 'commits' | 'reads', message: string): void {
    if (this.disk.holder !== this) throw new IrisError('STORE_FAILED', `${message}: it is closed`);
    if (this.disk.failing[kind] <= 0) return;
    this.disk.failing[kind]--;
    throw new IrisError('STORE_FAILED', `${message}: failure injected`);
  }
}

class MemoryBatch implements StoreBatch {
  readonly steps: ((disk: MemoryDisk) => void)[] = [];

  get isEmpty(): boolean {
    return this.steps.length === 0;
  }

  appendInbox(user: Buffer, bucket: number, position: number, envelope: Buffer): void {
    const [inbox, copy] = [inboxKey(user, bucket), Buffer.from(envelope)];
    this.steps.push((disk) => rowsOf(disk.inboxes, inbox).set(position, copy));
  }

  appendOutbox(group: string, position: number, envelope: Buffer): void {
    const copy = Buffer.from(envelope);
    this.steps.push((disk) => rowsOf(disk.outboxes, group).set(position, copy));
  }

  mark(key: string, mark: StoredMark, nowMs: number): void {
    this.steps.push((disk) => disk.marks.set(key, { mark, timeMs: nowMs }));
  }

  park(parked: StoredParked): void {
    const copy = { ...parked, envelope: Buffer.from(parked.envelope) };
    this.steps.push((disk) => disk.parked.set(parkedKey(parked), copy));
  }

  unpark(parked: StoredParked): void {
    this.steps.push((disk) => disk.parked.delete(parkedKey(parked)));
  }

  removeInbox(user: Buffer, bucket: number, position: number): void {
    const inbox = inboxKey(user, bucket);
    this.steps.push((disk) => rowsOf(disk.inboxes, inbox).delete(position));
  }

  trimInbox(user: Buffer, bucket: number, cursor: { position: number; index: number }): void {
    const inbox = inboxKey(user, bucket);
    this.steps.push((disk) => {
      const rows = rowsOf(disk.inboxes, inbox);
      for (const [position, envelope] of rows) {
        if (position > cursor.position) continue;
        const partial = `${inbox} ${position}`;
        if (position === cursor.position && cursor.index < envelopeCount(envelope) - 1) {
          disk.partials.set(partial, cursor.index);
          continue;
        }
        rows.delete(position);
        disk.partials.delete(partial);
      }
    });
  }

  removeOutbox(group: string, position: number): void {
    this.steps.push((disk) => rowsOf(disk.outboxes, group).delete(position));
  }

  setLastSeen(user: Buffer, seconds: number): void {
    const key = user.toString('latin1');
    this.steps.push((disk) => disk.lastSeen.set(key, seconds));
  }
}

function inboxKey(user: Buffer, bucket: number): string {
  return `${user.toString('hex')} ${bucket}`;
}

function parkedKey({ markKey, envelope, parkedAtMs }: StoredParked): string {
  return `${parkedAtMs} ${envelopeSequence(envelope)} ${markKey}`;
}

function rowsOf(all: Map<string, Rows>, key: string): Rows {
  const rows = all.get(key) ?? new Map<number, Buffer>();
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
