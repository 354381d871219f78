import { isBucketName } from '../contract/bucket-name.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { BucketOf } from '../contract/layout.ts';
import { SLOT_MAP_POLL_MS } from '../contract/limits.ts';
import type { ReplayLane } from '../follow/replay-lane.ts';
import type { BucketOwners, BucketReport, MarkQuestion } from '../ports/bucket-owners.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { HandoverPeers, PullAnswer, PullRequest } from '../ports/handover.ts';
import type { EphemeralKind, InboxCursor, InboxSubscriber, Reading, UserStatus } from '../ports/inbox-feed.ts';
import { type InboxStore, RecordKind, type StoredEnvelope, type StoredMark } from '../ports/inbox-store.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { AppendOrigin, AppendRequest, OwnedSubscription, ReadRequest, ShardOwner } from '../ports/shard-owner.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeCount, envelopePrevious, envelopeRecipient, partiesOfMark } from '../wire/envelope.ts';
import { APPEND_FORWARDED, SEND_FRESH } from '../wire/v2/send.ts';
import { Attachment, type AttachmentParts, type AttachRequest, notHanded } from './attachment.ts';
import { Buckets } from './buckets.ts';
import type { Change } from './change.ts';
import { Committer } from './committer.ts';
import { DeadLetters } from './dead-letters.ts';
import { type Destination, INBOX, type Placed } from './destination.ts';
import { Gaps } from './gaps.ts';
import { type HandoverProgress, Handovers } from './handovers.ts';
import { type InboxName, InboxNames } from './inbox-name.ts';
import { nothingToRead } from './nothing-to-read.ts';
import type { Promotion } from './promotions.ts';
import type { StatusNote } from './status-ledger.ts';
import { holdingBy, type UserFetcher } from './user-fetcher.ts';

export interface InboxesParts {
  readonly store: InboxStore;
  readonly slots: SlotMaps;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly region: string;
  readonly group: string;
  readonly load: LoadLevel;
  /** Where readers far behind wait for their turns. */
  readonly lane: ReplayLane;
  /** Where buckets of other cores are asked about. */
  readonly owners: BucketOwners;
  /** Messages a second above which an inbox is promoted. */
  readonly bucketMessagesPerSecondMax: number;
  /** @default by the sender’s hash; another one only to plant a fault */
  readonly bucketOf?: BucketOf;
  /** Where users are fetched from whom a newer slot map gives to this core. */
  readonly peers: HandoverPeers;
  /** Linked nodes of a release that reads no buckets. */
  nodesWithoutBuckets(): readonly string[];
  /** An envelope was committed to the outbox of another group. */
  outboxCommitted(group: string, entry: StoredEnvelope): void;
}

/** The shards of one core: appends to inboxes and outboxes, and the readers attached to them. */
export class Inboxes implements ShardOwner {
  private readonly parts: InboxesParts;
  private readonly committer: Committer;
  private readonly buckets: Buckets;
  /** The session that reads each inbox now; the key is the name, one byte a character. */
  private readonly readers = new Map<string, Attachment>();
  /** v1 sessions that were taken over and are still open; their unacknowledged messages come again when they close. */
  private readonly superseded = new Map<string, Set<Attachment>>();
  /** Users of other regions whose inbox is full there, one byte a character; the bridges keep it. */
  readonly heldBack = new Set<string>();
  readonly deadLetters: DeadLetters;
  readonly gaps: Gaps;
  private readonly outboxes = new Map<string, Destination>();
  private readonly names = new InboxNames();
  /** One object for all attachments: there are as many as users online. */
  private readonly attachmentParts: AttachmentParts;
  private readonly handovers: Handovers;
  private readonly fetcher: UserFetcher;

  constructor(parts: InboxesParts) {
    this.parts = parts;
    this.gaps = new Gaps(parts.store);
    this.committer = new Committer({
      store: parts.store,
      clock: parts.clock,
      telemetry: parts.telemetry,
      heldBack: this.heldBack,
      load: parts.load,
      destinationOf: (user) => this.destinationOf(user),
      committed: (placed) => this.committed(placed),
      statusGrown: (row) => this.statusGrown(row),
      holding: holdingBy(() => this.fetcher),
    });
    this.handovers = new Handovers({ ...parts, committer: this.committer, arrivals: () => this.buckets });
    this.fetcher = this.handovers.fetcher;
    this.buckets = new Buckets({
      ...parts,
      gaps: this.gaps,
      committer: this.committer,
      append: (request) => this.append(request),
      place: (request) => this.place(request, this.names.recipientOf(request.envelope), true),
      changed: (user, layout) => this.readers.get(user)?.laidOut(layout, this.committer.takePosition()),
      sealed: (inbox) => this.readers.get(inbox)?.seal(),
      isPending: (inbox) => this.fetcher.isPending(inbox),
    });
    this.deadLetters = new DeadLetters({
      store: parts.store,
      clock: parts.clock,
      telemetry: parts.telemetry,
      change: (change) => this.committer.change(change),
    });
    this.attachmentParts = {
      store: parts.store,
      lane: parts.lane,
      awaits: (user, callback) => this.fetcher.awaits(user.toString('latin1'), callback),
      hasGiven: (position) => this.committer.hasGiven(position),
      isBehind: () => this.committer.isBehind,
      gapOf: (user) => this.gaps.of(user),
      passed: (user, position) => this.passed(user, position),
      change: (change) => this.committer.change(change),
      detached: (attachment) => this.detached(attachment),
      readFailed: (attachment, error) => this.readFailed(attachment, error),
      undelivered: (user, envelope) => void this.deadLetters.undelivered(user, envelope),
      statusOf: (markKey) => this.committer.statusOf(markKey),
      statusFailed: (error) => parts.telemetry.log.error('status-lookup-failed', { reason: errorLine(error) }),
      readsShed: parts.telemetry.counter(
        'iris_reads_shed_total',
        'Messages whose reading was not told: their reader told too much at once',
      ),
    };
    parts.telemetry.gauge('iris_inbox_readers', 'Users whose inbox is being read', () => this.readers.size);
  }

  /** Takes up what the last run left waiting; before the first link. */
  async load(): Promise<void> {
    await this.gaps.load();
    await this.committer.load();
    await this.buckets.load();
    await this.deadLetters.load();
    await this.handovers.load();
    this.parts.slots.onChange(() => this.slotsChanged());
  }

  get nextPosition(): number {
    return this.committer.nextUnused;
  }

  isRead(user: Buffer): boolean {
    return this.readers.has(user.toString('latin1'));
  }

  append(request: AppendRequest): void {
    const recipient = this.names.recipientOf(request.envelope);
    if (this.buckets.concerns(request.flags, recipient)) this.buckets.take(request, recipient.bytes);
    else this.place(request, recipient, false);
  }

  /** Into the log: an inbox of this core, or the outbox towards the one that owns it. */
  private place(request: AppendRequest, recipient: InboxName, isReaddressed: boolean): void {
    const { current } = this.parts.slots;
    const home = current.homeOfSlot(recipient.slot);
    if (home.group === this.parts.group) {
      if (this.fetcher.isPending(recipient.text)) this.fetcher.touch(recipient.text);
      this.committer.append(request, INBOX, recipient.text);
      return;
    }
    if (isReaddressed) {
      this.committer.append(request, { kind: 'outbox', group: home.group, isPassage: true });
      return;
    }
    // What a bridge brings goes no further, or two cores of different maps would pass it to and fro.
    const isForwarded = (request.flags & APPEND_FORWARDED) !== 0;
    if (!isForwarded && !this.mayOvertake(request, recipient.bytes)) this.committer.append(request, this.outboxOf(home.group));
    else {
      const message = `the recipient lives with group ${home.group} by slot map ${current.map.version}, this is ${this.parts.group}`;
      this.committer.refuse(request, recipient.text, { code: 'SHARD_MOVED', message, retryAfterMs: SLOT_MAP_POLL_MS });
    }
  }

  /** Takes an envelope out of one of this core’s outboxes back, and puts it where its recipient lives now. */
  takeBack(request: AppendRequest): void {
    const { group } = this.parts.slots.current.homeOfUser(envelopeRecipient(request.envelope));
    if (group === this.parts.group) this.append(request);
    else this.committer.append(request, { kind: 'outbox', group, isPassage: true });
  }

  /**
   * v1 names no predecessors. While its recipient moves away, what went the long way through this core’s outbox would come after what
   * the edge, with the newer map, sends straight on, and pass for a duplicate.
   */
  private mayOvertake({ flags, envelope }: AppendRequest, recipient: Buffer): boolean {
    const isBare = (flags & SEND_FRESH) !== 0 && envelopePrevious(envelope) === 0;
    return isBare && this.parts.slots.current.formerHomeOfUser(recipient)?.group === this.parts.group;
  }

  /** What is kept here of users who live elsewhere. */
  pull(request: PullRequest): Promise<PullAnswer> {
    return this.handovers.pull(request);
  }

  /** How far a move has come, for operators. */
  get handover(): HandoverProgress {
    return this.handovers.progress;
  }

  get commitQueueShare(): number {
    return this.committer.queueShare;
  }

  /** A change that rides with the next commit. */
  change(change: Change): void {
    this.committer.change(change);
  }

  publisherEnded(origin: AppendOrigin, publisherId: number): void {
    this.buckets.forget(origin, publisherId);
    this.committer.publisherEnded(origin, publisherId);
  }

  originClosed(origin: AppendOrigin): void {
    this.buckets.forget(origin);
    this.committer.originClosed(origin);
  }

  attach(request: ReadRequest, subscriber: InboxSubscriber): OwnedSubscription {
    if (!this.isHome(request.user)) return this.sendAway(subscriber);
    const key = request.user.toString('latin1');
    const previous = this.readers.get(key);
    if (previous !== undefined && request.isReattached && previous.loginStamp > request.loginStamp)
      return this.refuseStale(request, subscriber);
    previous?.replace();
    const startAfter = previous?.isSelective === true && request.isSelective ? previous.pushedThrough : 0;
    if (previous?.isSelective === true) this.supersede(key, previous);
    const isPending = this.fetcher.isPending(key);
    // Positions of a former owner come with the user.
    const ownRequest = isPending ? { ...request, foreign: [] } : this.ownCursors(request);
    const attachment = new Attachment(this.attachmentParts, ownRequest, subscriber, startAfter);
    this.readers.set(key, attachment);
    if (isPending) this.fetcher.whenFetched(key, () => this.begin(key, attachment));
    else this.begin(key, attachment);
    return attachment;
  }

  private begin(key: string, attachment: Attachment): void {
    if (this.readers.get(key) !== attachment) return;
    if (this.buckets.isFinal(key)) attachment.seal();
    const layout = this.buckets.layouts.of(key);
    // A position was never given before, and never will be again: the last to attach has the highest.
    if (layout !== undefined) attachment.laidOut(layout, this.committer.takePosition());
    attachment.start();
  }

  /** A session whose client has logged in elsewhere since gets its link back: it may not take the inbox, but what it acknowledged counts. */
  private refuseStale(request: ReadRequest, subscriber: InboxSubscriber): OwnedSubscription {
    const stale = new Attachment(this.attachmentParts, this.ownCursors(request), subscriber, 0);
    stale.replace();
    stale.trimAcknowledged();
    return stale;
  }

  hand(kind: EphemeralKind, envelope: Buffer): Refusal | undefined {
    const reader = this.readers.get(envelopeRecipient(envelope).toString('latin1'));
    return reader === undefined ? notHanded('the recipient is not online') : reader.hand(kind, envelope);
  }

  /** A cursor of another log says nothing about this one, neither of what was acknowledged nor of what was shown. */
  private ownCursors(request: ReadRequest): AttachRequest {
    const isOwn = (cursor: InboxCursor) => this.committer.hasGiven(cursor.position);
    const foreign = request.acknowledged.filter((cursor) => !isOwn(cursor));
    if (foreign.length > 0) this.parts.telemetry.log.warn('cursor-of-another-log', { position: foreign[0]?.position ?? 0 });
    return { ...request, acknowledged: request.acknowledged.filter(isOwn), shown: request.shown.filter(isOwn), foreign };
  }

  /** Messages were taken out unread; who has begun to read meanwhile hears of it now. */
  gapAdded(user: Buffer, gap: InboxGap): void {
    this.gaps.added(user, gap);
    this.readers.get(user.toString('latin1'))?.tellGap();
  }

  private passed(user: Buffer, position: number): void {
    if (this.gaps.isPassed(user, position)) this.committer.change({ apply: (batch) => batch.removeRecord(RecordKind.gap, user) });
  }

  async status(user: Buffer): Promise<UserStatus> {
    if (this.readers.has(user.toString('latin1'))) return { isOnline: true, lastSeenSeconds: 0 };
    return { isOnline: false, lastSeenSeconds: (await this.parts.store.readLastSeen(user)) ?? 0 };
  }

  /**
   * Gives a user’s inbox `count` buckets.
   * @throws IrisError COMMAND_INVALID, OVERLOADED
   */
  promote(user: Buffer, count: number, options = { isForced: false }): Promise<Promotion> {
    const home = this.parts.slots.current.homeOfUser(user);
    if (home.group !== this.parts.group)
      return Promise.reject(
        new IrisError('COMMAND_INVALID', `${user.toString('utf8')} is at home in group ${home.group}, this is ${this.parts.group}`),
      );
    return this.buckets.promote(user, count, options);
  }

  reading(user: Buffer, loginStamp: number): Reading | undefined {
    const reader = this.readers.get(user.toString('latin1'));
    return reader?.loginStamp === loginStamp ? reader.told : undefined;
  }

  bucket(inbox: Buffer, options: { seal: boolean }): Promise<BucketReport> {
    return this.buckets.report(inbox, options);
  }

  finalMarks(question: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined> {
    return this.buckets.finalMarks(question);
  }

  /** Looks after promoted inboxes; every PROMOTION_SWEEP_MS. */
  sweepBuckets(): Promise<void> {
    return this.buckets.sweep();
  }

  /** Resolves when everything taken in is committed. */
  drained(): Promise<void> {
    return this.committer.drained();
  }

  private isHome(user: Buffer): boolean {
    return this.parts.slots.current.homeOfUser(user).group === this.parts.group;
  }

  private sendAway(subscriber: InboxSubscriber): OwnedSubscription {
    this.parts.clock.soon(() => subscriber.moved?.());
    return nothingToRead;
  }

  /** Readers whose user lives elsewhere now attach there; what waits for such users goes there too. */
  private slotsChanged(): void {
    for (const [key, attachment] of this.readers) {
      if (this.isHome(attachment.user)) continue;
      this.readers.delete(key);
      for (const older of this.superseded.get(key) ?? []) older.moved();
      this.superseded.delete(key);
      attachment.moved();
    }
    this.buckets.slotsChanged();
    this.handovers.slotsChanged();
  }

  private outboxOf(group: string): Destination {
    const known = this.outboxes.get(group);
    if (known !== undefined) return known;
    const destination: Destination = { kind: 'outbox', group };
    this.outboxes.set(group, destination);
    return destination;
  }

  private committed({ destination, recipient, entry }: Placed): void {
    if (destination.kind === 'inbox') {
      this.buckets.took(recipient, envelopeCount(entry.envelope));
      this.readers.get(recipient)?.committed(entry);
    } else this.parts.outboxCommitted(destination.group, entry);
  }

  /** A user’s own row of anything: here, or with the owner that its group’s outbox leads to, in this region or another. */
  private destinationOf(user: Buffer): Destination {
    const { group } = this.parts.slots.current.homeOfUser(user);
    return group === this.parts.group ? INBOX : this.outboxOf(group);
  }

  private statusGrown(row: StatusNote): void {
    const { device, sender, recipient } = partiesOfMark(row.markKey);
    this.readers.get(sender.toString('latin1'))?.statusGrown({ device, recipient, delivered: row.delivered, read: row.read });
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
    if (isBucketName(attachment.user)) return;
    if (!this.isHome(attachment.user)) return;
    const seconds = Math.floor(this.parts.clock.nowMs() / 1_000);
    this.committer.change({ apply: (batch) => batch.setLastSeen(attachment.user, seconds) });
  }

  /** The store could not be read: the reader tries again when the trouble may be over. */
  private readFailed(attachment: Attachment, error: unknown): void {
    this.parts.telemetry.log.error('inbox-read-failed', { reason: errorLine(error) });
    this.parts.clock.after(1_000, () => attachment.retry());
  }
}
