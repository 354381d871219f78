import { IrisError } from '../contract/errors.ts';
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
} from '../ports/inbox-store.ts';
import { Durability } from '../wire/durability.ts';
import { type MemoryBatch, MemoryRows } from './memory-rows.ts';
import type { NodeStorage, StoreAccess, StoreUser } from './node-storage.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { ProcessClock } from './virtual-time.ts';

/** A model of a store, in memory: what the system has (survives kill -9) and what the disk has (survives power loss). Many times as fast as the real one. */
export class MemoryStorage implements NodeStorage {
  system = new MemoryRows();
  private disk = new MemoryRows();
  private unsynced: MemoryBatch[] = [];
  fullUntilMs = 0;
  slowUntilMs = 0;
  /** Commits under way. */
  committing = 0;
  reading = 0;

  private epoch = 0;
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** Its lease is free whenever it is asked for, so it is for one process a group. */
  access({ clock }: StoreUser): StoreAccess {
    return {
      ownership: () => ({
        acquire: async () => ({ kind: 'held', lease: { epoch: ++this.epoch, isHeld: true, release: async () => undefined } }),
      }),
      openStore: async () => new MemoryStore(this, clock, this.random),
    };
  }

  isCommitting(): boolean {
    return this.committing > 0;
  }

  isReading(): boolean {
    return this.reading > 0;
  }

  fillUntil(atMs: number): void {
    this.fullUntilMs = atMs;
  }

  slowUntil(atMs: number): void {
    this.slowUntilMs = atMs;
  }

  /** It is a model: its disk refuses whole commits, when it is full. */
  failSome(): boolean {
    return false;
  }

  calm(): void {
    // It has no faults of its own.
  }

  /** It is a model: it has no bits. */
  flip(): undefined {
    return undefined;
  }

  take(batch: MemoryBatch, sync: boolean): void {
    batch.applyTo(this.system);
    this.unsynced.push(batch);
    if (!sync) return;
    for (const one of this.unsynced) one.applyTo(this.disk);
    this.unsynced = [];
  }

  /** Nobody waits for it any more. */
  processEnded(): void {
    this.committing = 0;
    this.reading = 0;
  }

  /** The power goes: what was not synced is gone, but for a beginning of it that may have reached the disk. */
  losePower(): void {
    this.processEnded();
    const kept = this.unsynced.slice(0, this.random.below(this.unsynced.length + 1));
    for (const batch of kept) batch.applyTo(this.disk);
    this.unsynced = [];
    this.system = this.disk.copy();
  }
}

/** The InboxStore of a simulated core. Commits and reads take time; a process that dies in between leaves them done or not. */
class MemoryStore implements InboxStore {
  readonly durability = Durability.D2;
  readonly firstPosition: number;
  readonly isFull = false;
  readonly usage = { waitingShare: 0, behindShare: Number.NaN, cache: NO_CACHE };
  readonly hasFullRows = true;
  private readonly disk: MemoryStorage;
  private readonly clock: ProcessClock;
  private readonly random: SeededRandom;
  private reserved: number | undefined;
  private queue: Promise<void> = Promise.resolve();

  constructor(disk: MemoryStorage, clock: ProcessClock, random: SeededRandom) {
    this.disk = disk;
    this.clock = clock;
    this.random = random;
    this.firstPosition = disk.system.reserved;
  }

  isInboxFull(user: Buffer, bucket: number): boolean {
    return this.disk.system.isInboxFull(user, bucket);
  }

  isOutboxFull(group: string): boolean {
    return this.disk.system.isOutboxFull(group);
  }

  reservePositions(position: number): void {
    this.reserved = position;
  }

  batch(): StoreBatch {
    return this.disk.system.batch();
  }

  commit(batch: StoreBatch, { sync }: { sync: boolean }): Promise<void> {
    const rows = batch as MemoryBatch;
    const { reserved } = this;
    if (reserved !== undefined) rows.reserve(reserved);
    this.disk.committing++;
    const done = this.queue
      .then(() => this.commitNow(rows, sync))
      .then(() => {
        if (this.reserved === reserved) this.reserved = undefined;
      })
      .finally(() => this.disk.committing--);
    this.queue = done.catch(() => undefined);
    return done;
  }

  async readInbox(user: Buffer, bucket: number, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    await this.read();
    return this.disk.system.inboxPage(user, bucket, position, limits);
  }

  async readOutbox(group: string, position: number, limits: PageLimits): Promise<StoredEnvelope[]> {
    await this.read();
    return this.disk.system.outboxPage(group, position, limits);
  }

  inboxesBefore(position: number): Iterable<Buffer | undefined> {
    return this.disk.system.inboxesBefore(position);
  }

  async counts(): Promise<StoreCounts> {
    return this.disk.system.counts();
  }

  async outboxGroups(): Promise<string[]> {
    return this.disk.system.outboxGroups();
  }

  async readMarks(keys: readonly string[]): Promise<(StoredMark | undefined)[]> {
    await this.read();
    return keys.map((key) => this.disk.system.marks.get(key)?.mark);
  }

  async readParked(): Promise<StoredParked[]> {
    return [...this.disk.system.parked.values()];
  }

  async readLastSeen(user: Buffer): Promise<number | undefined> {
    return this.disk.system.lastSeen.get(user.toString('latin1'));
  }

  async readRecord(kind: RecordKind, user: Buffer): Promise<Buffer | undefined> {
    return this.disk.system.record(kind, user);
  }

  async readRecords(kind: RecordKind): Promise<StoredRecord[]> {
    return this.disk.system.recordsOf(kind);
  }

  async survey(survey: StoreSurvey): Promise<void> {
    await this.pause(0.05, 5);
    this.disk.system.survey(survey);
  }

  async expireMarks(beforeMs: number): Promise<number> {
    return this.disk.system.expireMarks(beforeMs);
  }

  async close(): Promise<void> {
    await this.queue;
  }

  private async commitNow(rows: MemoryBatch, sync: boolean): Promise<void> {
    const isSlow = this.clock.monotonicMs() < this.disk.slowUntilMs;
    await this.pause(0.05, (sync ? 4 : 0.5) * (isSlow ? 500 : 1));
    if (this.clock.monotonicMs() < this.disk.fullUntilMs) throw new IrisError('STORE_FAILED', 'no space left on the simulated disk');
    this.disk.take(rows, sync);
    // The bytes are where they are; the process that would hear of it may be gone before it does.
    await this.pause(0, 0.5);
  }

  private async read(): Promise<void> {
    this.disk.reading++;
    await this.pause(0.05, 1);
    this.disk.reading--;
  }

  private pause(fromMs: number, toMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(this.random.between(fromMs, toMs), resolve);
    });
  }
}
