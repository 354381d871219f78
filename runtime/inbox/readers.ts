import { isBucketName } from '../contract/bucket-name.ts';
import { errorLine } from '../contract/errors.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { Layout } from '../contract/layout.ts';
import type { ReplayLane } from '../follow/replay-lane.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { EphemeralKind, InboxCursor, InboxSubscriber, MessageStatus, Reading } from '../ports/inbox-feed.ts';
import { type InboxStore, RecordKind, type StoredEnvelope } from '../ports/inbox-store.ts';
import type { OwnedSubscription, ReadRequest } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeRecipient } from '../wire/envelope.ts';
import { Attachment, type AttachmentParts, type AttachRequest, notHanded } from './attachment.ts';
import type { Buckets } from './buckets.ts';
import type { Committer } from './committer.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Gaps } from './gaps.ts';
import { nothingToRead } from './nothing-to-read.ts';
import type { UserFetcher } from './user-fetcher.ts';

export interface ReadersParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Where readers far behind wait for their turns. */
  readonly lane: ReplayLane;
  readonly committer: Committer;
  readonly buckets: Buckets;
  readonly fetcher: UserFetcher;
  readonly gaps: Gaps;
  readonly deadLetters: DeadLetters;
  /** By the slot map in force. */
  isHome(user: Buffer): boolean;
  /** Somebody reads an inbox, or nobody does any more. */
  presenceChanged(inbox: string): void;
}

/** The sessions that read inboxes of one core: one for each inbox, the last that attached. */
export class Readers {
  private readonly parts: ReadersParts;
  /** By the inbox’s name, one byte a character. */
  private readonly readers = new Map<string, Attachment>();
  /** v1 sessions that were taken over and are still open; their unacknowledged messages come again when they close. */
  private readonly superseded = new Map<string, Set<Attachment>>();
  /** One object for all attachments: there are as many as users online. */
  private readonly attachmentParts: AttachmentParts;

  constructor(parts: ReadersParts) {
    this.parts = parts;
    const { store, clock, lane, committer, telemetry, gaps } = parts;
    this.attachmentParts = {
      store,
      clock,
      lane,
      awaits: (user, callback) => parts.fetcher.awaits(user.toString('latin1'), callback),
      hasGiven: (position) => committer.hasGiven(position),
      isBehind: () => committer.isBehind,
      gapOf: (user) => gaps.of(user),
      passed: (user, position) => this.passed(user, position),
      change: (change) => committer.change(change),
      detached: (attachment) => this.detached(attachment),
      readFailed: (attachment, error) => this.readFailed(attachment, error),
      undelivered: (user, envelope) => void parts.deadLetters.undelivered(user, envelope),
      statusOf: (markKey) => committer.statusOf(markKey),
      statusFailed: (error) => telemetry.log.error('status-lookup-failed', { reason: errorLine(error) }),
      readsShed: telemetry.counter('iris_reads_shed_total', 'Messages whose reading was not told: their reader told too much at once'),
    };
    telemetry.gauge('iris_inbox_readers', 'Users whose inbox is being read', () => this.readers.size);
  }

  has(inbox: string): boolean {
    return this.readers.has(inbox);
  }

  attach(request: ReadRequest, subscriber: InboxSubscriber): OwnedSubscription {
    if (!this.parts.isHome(request.user)) return this.sendAway(subscriber);
    const { fetcher } = this.parts;
    const key = request.user.toString('latin1');
    const previous = this.readers.get(key);
    if (previous !== undefined && request.isReattached && previous.loginStamp > request.loginStamp)
      return this.refuseStale(request, subscriber);
    previous?.replace();
    const startAfter = previous?.isSelective === true && request.isSelective ? previous.pushedThrough : 0;
    if (previous?.isSelective === true) this.supersede(key, previous);
    const isPending = fetcher.isPending(key);
    // Positions of a former owner come with the user.
    const ownRequest = isPending ? { ...request, foreign: [] } : this.ownCursors(request);
    const attachment = new Attachment(this.attachmentParts, ownRequest, subscriber, startAfter);
    this.readers.set(key, attachment);
    if (previous === undefined) this.parts.presenceChanged(key);
    if (isPending) fetcher.whenFetched(key, () => this.begin(key, attachment));
    else this.begin(key, attachment);
    return attachment;
  }

  hand(kind: EphemeralKind, envelope: Buffer): Refusal | undefined {
    const reader = this.readers.get(envelopeRecipient(envelope).toString('latin1'));
    return reader === undefined ? notHanded('the recipient is not online') : reader.hand(kind, envelope);
  }

  committed(inbox: string, entry: StoredEnvelope): void {
    this.readers.get(inbox)?.committed(entry);
  }

  laidOut(user: string, layout: Layout): void {
    // A position was never given before, and never will be again: the last to attach has the highest.
    this.readers.get(user)?.laidOut(layout, this.parts.committer.takePosition());
  }

  sealed(inbox: string): void {
    this.readers.get(inbox)?.seal();
  }

  statusGrown(sender: string, status: MessageStatus): void {
    this.readers.get(sender)?.statusGrown(status);
  }

  /** Messages were taken out unread; who has begun to read meanwhile hears of it now. */
  gapAdded(user: Buffer, gap: InboxGap): void {
    this.parts.gaps.added(user, gap);
    this.readers.get(user.toString('latin1'))?.tellGap();
  }

  /** What the session that logged in with this stamp was told of its buckets. */
  reading(user: Buffer, loginStamp: number): Reading | undefined {
    const reader = this.readers.get(user.toString('latin1'));
    return reader?.loginStamp === loginStamp ? reader.told : undefined;
  }

  /** Readers whose user lives elsewhere now attach there. */
  slotsChanged(): void {
    for (const [key, attachment] of this.readers) {
      if (this.parts.isHome(attachment.user)) continue;
      this.readers.delete(key);
      for (const older of this.superseded.get(key) ?? []) older.moved();
      this.superseded.delete(key);
      attachment.moved();
    }
  }

  private begin(key: string, attachment: Attachment): void {
    if (this.readers.get(key) !== attachment) return;
    const { buckets } = this.parts;
    if (buckets.isFinal(key)) attachment.seal();
    const layout = buckets.layouts.of(key);
    if (layout !== undefined) this.laidOut(key, layout);
    attachment.start();
  }

  /** A session whose client has logged in elsewhere since gets its link back: it may not take the inbox, but what it acknowledged counts. */
  private refuseStale(request: ReadRequest, subscriber: InboxSubscriber): OwnedSubscription {
    const stale = new Attachment(this.attachmentParts, this.ownCursors(request), subscriber, 0);
    stale.replace();
    stale.trimAcknowledged();
    return stale;
  }

  private sendAway(subscriber: InboxSubscriber): OwnedSubscription {
    this.parts.clock.soon(() => subscriber.moved?.());
    return nothingToRead;
  }

  /** A cursor of another log says nothing about this one, neither of what was acknowledged nor of what was shown. */
  private ownCursors(request: ReadRequest): AttachRequest {
    const isOwn = (cursor: InboxCursor) => this.parts.committer.hasGiven(cursor.position);
    const foreign = request.acknowledged.filter((cursor) => !isOwn(cursor));
    if (foreign.length > 0) this.parts.telemetry.log.warn('cursor-of-another-log', { position: foreign[0]?.position ?? 0 });
    return { ...request, acknowledged: request.acknowledged.filter(isOwn), shown: request.shown.filter(isOwn), foreign };
  }

  private passed(user: Buffer, position: number): void {
    const { gaps, committer } = this.parts;
    if (gaps.isPassed(user, position)) committer.change({ apply: (batch) => batch.removeRecord(RecordKind.gap, user) });
  }

  private supersede(key: string, attachment: Attachment): void {
    const set = this.superseded.get(key) ?? new Set();
    this.superseded.set(key, set.add(attachment));
  }

  private detached(attachment: Attachment): void {
    const key = attachment.user.toString('latin1');
    const older = this.superseded.get(key);
    if (older?.delete(attachment)) {
      if (older.size === 0) this.superseded.delete(key);
      this.readers.get(key)?.replay(attachment.pushedThrough);
      return;
    }
    if (this.readers.get(key) !== attachment) return;
    this.readers.delete(key);
    this.parts.presenceChanged(key);
    if (isBucketName(attachment.user) || !this.parts.isHome(attachment.user)) return;
    const seconds = Math.floor(this.parts.clock.nowMs() / 1_000);
    this.parts.committer.change({ apply: (batch) => batch.setLastSeen(attachment.user, seconds) });
  }

  /** The store could not be read: the reader tries again when the trouble may be over. */
  private readFailed(attachment: Attachment, error: unknown): void {
    this.parts.telemetry.log.error('inbox-read-failed', { reason: errorLine(error) });
    this.parts.clock.after(1_000, () => attachment.retry());
  }
}
