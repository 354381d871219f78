import { NOBODY, UNSEEN } from '../contract/audience.ts';
import { IrisError } from '../contract/errors.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { BucketOf } from '../contract/layout.ts';
import { SLOT_MAP_POLL_MS } from '../contract/limits.ts';
import type { ReplayLane } from '../follow/replay-lane.ts';
import type { BucketOwners, BucketReport, MarkQuestion } from '../ports/bucket-owners.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { HandoverPeers, PullAnswer, PullRequest } from '../ports/handover.ts';
import type { EphemeralKind, InboxSubscriber, Reading, UserStatus } from '../ports/inbox-feed.ts';
import type { InboxStore, StoredEnvelope, StoredMark } from '../ports/inbox-store.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { AppendOrigin, AppendRequest, OwnedSubscription, ReadRequest, ShardOwner } from '../ports/shard-owner.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopePrevious, envelopeRecipient, partiesOfMark } from '../wire/envelope.ts';
import { APPEND_FORWARDED, SEND_FRESH } from '../wire/v2/send.ts';
import { Audiences } from './audiences.ts';
import { Buckets } from './buckets.ts';
import type { Change } from './change.ts';
import { Committer } from './committer.ts';
import { DeadLetters } from './dead-letters.ts';
import { type Destination, INBOX, type Placed } from './destination.ts';
import { Gaps } from './gaps.ts';
import { type HandoverProgress, Handovers } from './handovers.ts';
import { holdingBy } from './holding.ts';
import { type InboxName, InboxNames } from './inbox-name.ts';
import { OwnedPresence } from './owned-presence.ts';
import type { Promotion } from './promotions.ts';
import { Readers } from './readers.ts';
import { ReturnedLetters } from './returned-letters.ts';
import type { StatusNote } from './status-ledger.ts';
import type { UserFetcher } from './user-fetcher.ts';

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
  /** Bytes of a commit that are worked on at a time. @default TURN_BYTES */
  readonly turnBytes?: number;
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
  private readonly readers: Readers;
  /** Users of other regions whose inbox is full there, one byte a character; the bridges keep it. */
  readonly heldBack = new Set<string>();
  readonly deadLetters: DeadLetters;
  readonly returnedLetters: ReturnedLetters;
  readonly gaps: Gaps;
  readonly presence: OwnedPresence;
  private readonly outboxes = new Map<string, Destination>();
  private readonly names = new InboxNames();
  private readonly handovers: Handovers;
  private readonly audiences: Audiences;
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
      ...(parts.turnBytes !== undefined && { turnBytes: parts.turnBytes }),
    });
    this.handovers = new Handovers({ ...parts, committer: this.committer, arrivals: () => this.buckets });
    this.fetcher = this.handovers.fetcher;
    this.buckets = new Buckets({
      ...parts,
      gaps: this.gaps,
      committer: this.committer,
      append: (request) => this.append(request),
      place: (request, isReaddressed) => this.place(request, this.names.recipientOf(request.envelope), isReaddressed),
      changed: (user, layout) => this.readers.laidOut(user, layout),
      sealed: (inbox) => this.readers.sealed(inbox),
      isPending: (inbox) => this.fetcher.isPending(inbox),
    });
    this.deadLetters = new DeadLetters({
      store: parts.store,
      clock: parts.clock,
      telemetry: parts.telemetry,
      change: (change) => this.committer.change(change),
    });
    const { committer, buckets, fetcher, gaps, deadLetters } = this;
    this.returnedLetters = new ReturnedLetters({
      letters: deadLetters,
      gaps,
      append: (request) => this.append(request),
      publisherEnded: (origin, publisherId) => this.publisherEnded(origin, publisherId),
      change: (change) => committer.change(change),
      takePosition: () => committer.takePosition(),
      isHome: (user) => this.isHome(user),
      gapAdded: (user, gap) => this.gapAdded(user, gap),
    });
    const isHome = (user: Buffer) => this.isHome(user);
    const presenceChanged = (inbox: string) => this.presence.changed(inbox);
    this.readers = new Readers({ ...parts, committer, buckets, fetcher, gaps, deadLetters, isHome, presenceChanged });
    this.audiences = new Audiences({
      store: parts.store,
      change: (change) => committer.change(change),
      isHome,
      isPending: (user) => this.isOnItsWay(user),
      isInherited: (user) => fetcher.isInherited(user),
    });
    this.presence = new OwnedPresence({
      ...parts,
      audiences: this.audiences,
      isHome,
      isOnline: (user) => this.readers.has(user),
      readLastSeen: (user) => parts.store.readLastSeen(user),
    });
  }

  /** Takes up what the last run left waiting; before the first link. */
  async load(): Promise<void> {
    await this.gaps.load();
    await this.fetcher.fetched.load(this.parts.store);
    await this.committer.load();
    await this.buckets.load();
    await this.deadLetters.load();
    this.handovers.start();
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
      this.committer.append(request, recipient.inbox, recipient.text);
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
    return this.readers.attach(request, subscriber);
  }

  hand(kind: EphemeralKind, envelope: Buffer): Refusal | undefined {
    return this.readers.hand(kind, envelope);
  }

  /** Messages were taken out unread; who has begun to read meanwhile hears of it now. */
  gapAdded(user: Buffer, gap: InboxGap): void {
    this.readers.gapAdded(user, gap);
  }

  async status(user: Buffer): Promise<UserStatus> {
    const found = await this.audiences.of(user);
    const audience = found === 'everyone' ? {} : { audience: found === 'unknown' ? NOBODY : found };
    if (this.readers.has(user.toString('latin1'))) return { isOnline: true, lastSeenSeconds: 0, ...audience };
    return { ...UNSEEN, lastSeenSeconds: (await this.parts.store.readLastSeen(user)) ?? 0, ...audience };
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
    return this.readers.reading(user, loginStamp);
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

  private isOnItsWay(user: string): boolean {
    const isPending = this.fetcher.isPending(user);
    if (isPending) this.fetcher.touch(user);
    return isPending || this.fetcher.fetched.isUnwritten(user);
  }

  private isHome(user: Buffer): boolean {
    return this.parts.slots.current.homeOfUser(user).group === this.parts.group;
  }

  /** Readers whose user lives elsewhere now attach there; what waits for such users goes there too. */
  private slotsChanged(): void {
    this.readers.slotsChanged();
    this.presence.slotsChanged();
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

  private committed(placed: Placed): void {
    const { destination, recipient } = placed;
    if (destination.kind === 'inbox') {
      this.buckets.took(recipient, placed.messages);
      this.readers.committed(recipient, placed);
    } else this.parts.outboxCommitted(destination.group, placed);
  }

  /** A user’s own row of anything: here, or with the owner that its group’s outbox leads to, in this region or another. */
  private destinationOf(user: Buffer): Destination {
    const { group } = this.parts.slots.current.homeOfUser(user);
    return group === this.parts.group ? INBOX : this.outboxOf(group);
  }

  private statusGrown(row: StatusNote): void {
    const { device, sender, recipient } = partiesOfMark(row.markKey);
    this.readers.statusGrown(sender.toString('latin1'), { device, recipient, delivered: row.delivered, read: row.read });
  }
}
