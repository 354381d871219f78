import { isDeepStrictEqual } from 'node:util';
import { IrisError } from '../contract/errors.ts';
import { COPY_BATCH_BYTES, PAGE_BYTES_MAX, PAGE_ENVELOPES_MAX } from '../contract/limits.ts';
import { type InboxStore, type PageLimits, RecordKind, type StoreBatch, type StoredEnvelope } from '../ports/inbox-store.ts';

const PAGE: PageLimits = { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax: PAGE_BYTES_MAX };
/** Bytes that a change takes beside what it carries, about. */
const CHANGE_BYTES = 64;

/** What has been copied, or was there from a copy before. */
export interface CopyProgress {
  inboxes: number;
  /** In inboxes, outboxes and parked. */
  envelopes: number;
  /** Of those envelopes. */
  bytes: number;
  /** Sequence marks of senders. */
  marks: number;
}

export interface StoreCopyParts {
  readonly source: InboxStore;
  readonly target: InboxStore;
  /** Ends the copy between two batches. */
  readonly signal: AbortSignal;
  /** Hears of each batch. */
  readonly told: (progress: Readonly<CopyProgress>) => void;
  /** Bytes of one commit. @default COPY_BATCH_BYTES */
  readonly batchBytes?: number;
}

/**
 * Puts everything that `source` keeps into `target` at the same positions. Nothing else may change either meanwhile. The target holds nothing, or what
 * an earlier copy of the same source had come to when it ended: inboxes and outboxes are copied from their beginning, so that what is there is passed over,
 * and everything else is the same when it is said twice.
 * @throws IrisError STORE_FAILED when the target does not hold the same in the end; AbortError when the signal ended it
 */
export async function copyStore(parts: StoreCopyParts): Promise<CopyProgress> {
  return await new StoreCopy(parts).run();
}

/** Where envelopes lie one behind the other. */
interface EnvelopeRow {
  read(store: InboxStore, after: number, limits: PageLimits): Promise<StoredEnvelope[]>;
  write(batch: StoreBatch, envelope: StoredEnvelope): void;
}

class StoreCopy {
  private readonly parts: StoreCopyParts;
  private readonly progress: CopyProgress = { inboxes: 0, envelopes: 0, bytes: 0, marks: 0 };
  private batch: StoreBatch;
  private batchBytes = 0;

  constructor(parts: StoreCopyParts) {
    this.parts = parts;
    this.batch = parts.target.batch();
  }

  async run(): Promise<CopyProgress> {
    const { source, target } = this.parts;
    await this.copyInboxes();
    for (const group of await source.outboxGroups()) await this.copyRow(outboxOf(group));
    for (const parked of await source.readParked()) {
      await this.change(parked.envelope.length, (batch) => batch.park(parked));
      this.count(parked.envelope);
    }
    for (const kind of Object.values(RecordKind)) {
      for (const { user, value } of await source.readRecords(kind))
        await this.change(value.length, (batch) => batch.setRecord(kind, user, value));
    }
    await this.copyMarks();
    // With the last commit: a store that is not copied to its end gives out no position.
    target.reservePositions(source.firstPosition);
    await this.commit();
    await this.compare();
    return this.progress;
  }

  private async copyInboxes(): Promise<void> {
    const inboxes: [user: string, bucket: number][] = [];
    await this.parts.source.survey({
      inbox: (user) => void inboxes.push([user, 0]),
      bucket: (user, bucket) => void inboxes.push([user, bucket]),
    });
    for (const [name, bucket] of inboxes) {
      await this.copyRow(inboxOf(Buffer.from(name, 'latin1'), bucket));
      this.progress.inboxes++;
    }
  }

  private async copyRow(row: EnvelopeRow): Promise<void> {
    const { source, target } = this.parts;
    let after = 0;
    for await (const { position, envelope } of envelopesOf(row, target, 0)) {
      after = position;
      this.count(envelope);
    }
    for await (const stored of envelopesOf(row, source, after)) {
      await this.change(stored.envelope.length, (batch) => row.write(batch, stored));
      this.count(stored.envelope);
    }
  }

  private async copyMarks(): Promise<void> {
    await this.parts.source.survey({
      inbox: () => undefined,
      mark: (key, mark, timeMs) => {
        this.batch.mark(key, mark, timeMs);
        this.batchBytes += CHANGE_BYTES + key.length + 16 * mark.holes.length;
        this.progress.marks++;
      },
      seen: (user, seconds) => {
        this.batch.setLastSeen(Buffer.from(user, 'latin1'), seconds);
        this.batchBytes += CHANGE_BYTES + user.length;
      },
      rest: () => this.commitWhenFull(),
    });
  }

  private async change(bytes: number, fill: (batch: StoreBatch) => void): Promise<void> {
    fill(this.batch);
    this.batchBytes += CHANGE_BYTES + bytes;
    await this.commitWhenFull();
  }

  private count(envelope: Buffer): void {
    this.progress.envelopes++;
    this.progress.bytes += envelope.length;
  }

  private async commitWhenFull(): Promise<void> {
    if (this.batchBytes >= (this.parts.batchBytes ?? COPY_BATCH_BYTES)) await this.commit();
  }

  private async commit(): Promise<void> {
    const { target, signal, told } = this.parts;
    signal.throwIfAborted();
    const { batch } = this;
    this.batch = target.batch();
    this.batchBytes = 0;
    await target.commit(batch, { sync: true });
    told(this.progress);
  }

  private async compare(): Promise<void> {
    const [wanted, found] = await Promise.all([this.parts.source.counts(), this.parts.target.counts()]);
    if (isDeepStrictEqual(wanted, found)) return;
    throw new IrisError('STORE_FAILED', `the copy holds ${JSON.stringify(found)}, its source ${JSON.stringify(wanted)}`);
  }
}

function inboxOf(user: Buffer, bucket: number): EnvelopeRow {
  return {
    read: (store, after, limits) => store.readInbox(user, bucket, after, limits),
    write: (batch, { position, envelope, firstIndex }) => {
      batch.appendInbox(user, bucket, position, envelope);
      // Only the first of an inbox can be read in part, so nothing goes that is before it.
      if (firstIndex > 0) batch.trimInbox(user, bucket, { position, index: firstIndex - 1 });
    },
  };
}

function outboxOf(group: string): EnvelopeRow {
  return {
    read: (store, after, limits) => store.readOutbox(group, after, limits),
    write: (batch, { position, envelope }) => batch.appendOutbox(group, position, envelope),
  };
}

async function* envelopesOf(row: EnvelopeRow, store: InboxStore, after: number): AsyncIterable<StoredEnvelope> {
  for (let at = after; ; ) {
    const page = await row.read(store, at, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    at = last.position;
  }
}
