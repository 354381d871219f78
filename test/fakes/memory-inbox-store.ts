import { IrisError } from '../../runtime/contract/errors.ts';
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
} from '../../runtime/ports/inbox-store.ts';
import { type MemoryBatch, MemoryRows } from '../../runtime/simulation/memory-rows.ts';
import { Durability } from '../../runtime/wire/durability.ts';

/** What a store leaves behind when its process ends: a test opens it again and counts its rows. */
export class MemoryDisk extends MemoryRows {
  holder: MemoryInboxStore | undefined;
  /** How many of the next commits and reads fail. */
  readonly failing = { commits: 0, reads: 0 };
  /** Class of a synced commit. */
  durability: number = Durability.D2;
  /** Commits that add an envelope fail, as on a full disk. */
  refusesAppends = false;
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
  readonly durability: number;
  readonly firstPosition: number;
  readonly isFull = false;
  readonly usage = { waitingShare: 0, behindShare: Number.NaN, cache: NO_CACHE };
  readonly hasFullRows = true;
  private reserved: number | undefined;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
    this.durability = disk.durability;
    this.firstPosition = disk.reserved;
  }

  isInboxFull(user: Buffer, bucket: number): boolean {
    return this.disk.isInboxFull(user, bucket);
  }

  isOutboxFull(group: string): boolean {
    return this.disk.isOutboxFull(group);
  }

  reservePositions(position: number): void {
    this.reserved = position;
  }

  batch(): StoreBatch {
    return this.disk.batch();
  }

  async commit(batch: StoreBatch, { sync }: { sync: boolean }): Promise<void> {
    this.use('commits', 'the store did not take the batch');
    if (this.disk.refusesAppends && (batch as MemoryBatch).hasAppends) throw new IrisError('STORE_FAILED', 'no room for more');
    this.disk.commits++;
    if (sync) this.disk.syncedCommits++;
    if (this.reserved !== undefined) this.disk.reserved = this.reserved;
    this.reserved = undefined;
    (batch as MemoryBatch).applyTo(this.disk);
  }

  async readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    this.use('reads', 'the store cannot be read');
    return this.disk.inboxPage(user, bucket, position, limits);
  }

  async readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    this.use('reads', 'the store cannot be read');
    return this.disk.outboxPage(group, position, limits);
  }

  inboxesBefore(position: number): Iterable<Buffer | undefined> {
    return this.disk.inboxesBefore(position);
  }

  async counts(): Promise<StoreCounts> {
    return this.disk.counts();
  }

  async outboxGroups(): Promise<string[]> {
    return this.disk.outboxGroups();
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

  async readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined> {
    this.use('reads', 'the store cannot be read');
    return this.disk.record(kind, user);
  }

  async readRecords(kind: RecordKind): Promise<StoredRecord[]> {
    return this.disk.recordsOf(kind);
  }

  async survey(survey: StoreSurvey): Promise<void> {
    this.use('reads', 'the store cannot be read');
    this.disk.survey(survey);
  }

  async expireMarks(beforeMs: number): Promise<number> {
    return this.disk.expireMarks(beforeMs);
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
