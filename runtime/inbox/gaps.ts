import { type InboxGap, joinGaps } from '../contract/inbox-gap.ts';
import type { PullAnswer } from '../ports/handover.ts';
import { type InboxStore, RecordKind, type StoreBatch } from '../ports/inbox-store.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { readGap, writeGap } from '../wire/gap.ts';

/** What is missing from inboxes and not yet acknowledged by their readers: a record each in the store, and the same in memory (L4). */
export class Gaps {
  private readonly store: InboxStore;
  private readonly gaps = new Map<string, InboxGap>();

  constructor(store: InboxStore) {
    this.store = store;
  }

  /** Inboxes with a gap; each was once an inbox of the store, so its bound holds (L8). */
  get size(): number {
    return this.gaps.size;
  }

  async load(): Promise<void> {
    for (const { user, value } of await this.store.readRecords(RecordKind.gap)) {
      this.gaps.set(user.toString('latin1'), readGap(new ByteReader().reset(value, 0, value.length)));
    }
  }

  /** The inbox has been fetched from its former owner; without records where it had never come there. */
  adopt(inbox: string, records: PullAnswer['records'] | undefined): void {
    if (records === undefined) return;
    const record = records.find(({ kind }) => kind === RecordKind.gap);
    if (record === undefined) this.gaps.delete(inbox);
    else this.gaps.set(inbox, readGap(new ByteReader().reset(record.value, 0, record.value.length)));
  }

  of(user: Buffer): InboxGap | undefined {
    return this.gaps.size === 0 ? undefined : this.gaps.get(user.toString('latin1'));
  }

  /** The first so many users with a gap. */
  list(max: number): { user: string; gap: InboxGap }[] {
    const listed: { user: string; gap: InboxGap }[] = [];
    for (const [user, gap] of this.gaps) {
      if (listed.length >= max) break;
      listed.push({ user: Buffer.from(user, 'latin1').toString('utf8'), gap });
    }
    return listed;
  }

  /** Writes the gap, joined with the one there is; it counts once `added` is told after the commit. */
  write(batch: StoreBatch, user: Buffer, gap: InboxGap): void {
    const out = new ByteWriter(64);
    writeGap(out, this.joined(user, gap));
    batch.setRecord(RecordKind.gap, user, out.take());
  }

  added(user: Buffer, gap: InboxGap): void {
    this.gaps.set(user.toString('latin1'), this.joined(user, gap));
  }

  /** True when a cursor at `position` has passed the user’s gap, which is then forgotten here; the caller removes its record. */
  isPassed(user: Buffer, position: number): boolean {
    const gap = this.of(user);
    if (gap === undefined || position < gap.through) return false;
    this.gaps.delete(user.toString('latin1'));
    return true;
  }

  private joined(user: Buffer, gap: InboxGap): InboxGap {
    const known = this.of(user);
    return known === undefined ? gap : joinGaps(known, gap);
  }
}
