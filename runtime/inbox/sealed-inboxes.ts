import { SEALED_REMEMBERED_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { type InboxStore, RecordKind, type StoredParked } from '../ports/inbox-store.ts';
import type { Committer } from './committer.ts';
import { durably } from './durable-change.ts';

export interface SealedInboxesParts {
  readonly store: InboxStore;
  readonly committer: Committer;
  readonly clock: Clock;
  /** Sends what waited in a sealed inbox for its predecessor to where its user’s messages go now. */
  moveParked(parked: StoredParked): void;
  /** Nothing will ever enter this inbox again; one byte a character. */
  ended(inbox: string): void;
}

/**
 * Inboxes of this core that take no more messages: a bucket of an older generation, or the inbox of a user who was promoted. From the
 * call of `seal` nothing new is let in; once what was let in before is committed and the seal is durable, the inbox is final.
 */
export class SealedInboxes {
  private readonly parts: SealedInboxesParts;
  /** Undefined once final. */
  private readonly seals = new Map<string, Promise<void> | undefined>();

  constructor(parts: SealedInboxesParts) {
    this.parts = parts;
  }

  /** One byte a character. */
  has(inbox: string): boolean {
    return this.seals.has(inbox);
  }

  isFinal(inbox: string): boolean {
    return this.seals.has(inbox) && this.seals.get(inbox) === undefined;
  }

  /** Takes up the seals of the last run, and those of `users` whose layouts say so; after the committer has loaded. */
  async load(users: readonly string[]): Promise<void> {
    const buckets = (await this.parts.store.readRecords(RecordKind.bucket)).map(({ user }) => user.toString('latin1'));
    for (const inbox of [...buckets, ...users]) this.adopt(inbox);
  }

  /** It was sealed before: by the last run, or by the owner before this one. */
  adopt(inbox: string): void {
    this.seals.set(inbox, undefined);
    this.moveParked(inbox);
  }

  /** Resolves when the inbox is final. A user’s own inbox is sealed by its layout, which the caller writes; a bucket by a record of its own. @throws IrisError STORE_FAILED */
  seal(inbox: Buffer, options: { hasRecord: boolean }): Promise<void> {
    const key = inbox.toString('latin1');
    if (this.seals.has(key)) return this.seals.get(key) ?? Promise.resolve();
    const sealing = this.sealNow(inbox, key, options.hasRecord);
    this.seals.set(key, sealing);
    // It is asked for again.
    sealing.catch(() => this.seals.delete(key));
    return sealing;
  }

  /** Forgets seals so old that nothing addressed to them can still be on its way. */
  async sweep(): Promise<void> {
    const beforeMs = this.parts.clock.nowMs() - SEALED_REMEMBERED_MS;
    for (const { user, value } of await this.parts.store.readRecords(RecordKind.bucket)) {
      if (value.readDoubleBE(0) >= beforeMs) continue;
      this.parts.committer.change({
        apply: (batch) => batch.removeRecord(RecordKind.bucket, user),
        done: () => this.seals.delete(user.toString('latin1')),
      });
    }
  }

  private async sealNow(inbox: Buffer, key: string, hasRecord: boolean): Promise<void> {
    const { committer, clock } = this.parts;
    await committer.flushed();
    this.moveParked(key);
    const record = Buffer.alloc(8);
    record.writeDoubleBE(clock.nowMs());
    await durably((change) => committer.change(change), {
      apply: (batch) => {
        if (hasRecord) batch.setRecord(RecordKind.bucket, inbox, record);
      },
    });
    this.seals.set(key, undefined);
    this.parts.ended(key);
  }

  moveParked(inbox: string): void {
    for (const parked of this.parts.committer.takeParked(Buffer.from(inbox, 'latin1'))) this.parts.moveParked(parked);
  }
}
