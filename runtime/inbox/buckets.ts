import { type BucketName, isBucketName, readBucketName } from '../contract/bucket-name.ts';
import { IrisError } from '../contract/errors.ts';
import { type BucketOf, inboxOfSender, type Layout } from '../contract/layout.ts';
import { DEDUP_SWEEP_MS, LAYOUT_REPEAT_MS, LAYOUTS_REMEMBERED_MAX } from '../contract/limits.ts';
import type { BucketOwners, BucketReport, MarkQuestion } from '../ports/bucket-owners.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { PullAnswer } from '../ports/handover.ts';
import { type InboxStore, RecordKind, type StoreBatch, type StoredMark } from '../ports/inbox-store.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeRecipient, envelopeSender, markKeyOfInbox, readdress, senderOfMarkKey } from '../wire/envelope.ts';
import { isStatusEnvelope } from '../wire/status-envelope.ts';
import { APPEND_BUCKET, APPEND_FORWARDED, SEND_RETRY } from '../wire/v2/send.ts';
import type { Committer } from './committer.ts';
import { type FoundMark, finalMark, isWanted, take } from './found-marks.ts';
import type { Gaps } from './gaps.ts';
import { HotInboxes } from './hot-inboxes.ts';
import type { InboxName } from './inbox-name.ts';
import { InheritedMarks } from './inherited-marks.ts';
import { currentOf, Layouts } from './layouts.ts';
import { ParkedMover } from './parked-mover.ts';
import { type Promotion, Promotions } from './promotions.ts';
import { SealedInboxes } from './sealed-inboxes.ts';
import { WriteRates } from './write-rates.ts';

export interface BucketsParts {
  readonly store: InboxStore;
  readonly committer: Committer;
  readonly gaps: Gaps;
  readonly slots: SlotMaps;
  readonly owners: BucketOwners;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly region: string;
  readonly group: string;
  /** Messages a second that one bucket should take at most. */
  readonly bucketMessagesPerSecondMax: number;
  /** @default by the sender’s hash; another one only to plant a fault */
  readonly bucketOf?: BucketOf;
  /** Takes an append from the beginning, readdressed. */
  append(request: AppendRequest): void;
  /** Into this core’s log: its inbox, or the outbox towards its owner, which `isReaddressed` keeps open for what a bridge brought. */
  place(request: AppendRequest, isReaddressed: boolean): void;
  /** Linked nodes of a release that reads no buckets. */
  nodesWithoutBuckets(): readonly string[];
  /** The layout of a user changed. */
  changed(user: string, layout: Layout): void;
  /** The owner before this one still has more of it, one byte a character. */
  isPending(inbox: string): boolean;
  /** Nothing will enter this inbox again. */
  sealed(inbox: string): void;
}

const UNKNOWN: Layout = { generations: [] };

/** What one core does for promoted inboxes: for those whose users live here, and for the buckets that fall to it. */
export class Buckets {
  readonly layouts = new Layouts();
  private readonly parts: BucketsParts;
  private readonly sealedInboxes: SealedInboxes;
  private readonly inherited: InheritedMarks;
  private readonly promotions: Promotions;
  private readonly rates: WriteRates;
  private readonly hot: HotInboxes;
  /** When each link was last told of a user. */
  private readonly told = new WeakMap<AppendOrigin, Map<string, { generation: number; atMs: number }>>();

  private sealsSweptMs: number;

  constructor(parts: BucketsParts) {
    this.parts = parts;
    this.sealsSweptMs = parts.clock.monotonicMs();
    parts.telemetry.gauge('iris_promoted_inboxes', 'Users of this core whose inbox was promoted', () => this.layouts.size);
    const { store, committer, clock } = parts;
    const mover = new ParkedMover({ committer, clock, append: (request) => this.toUser(request) });
    const moveParked = mover.move.bind(mover);
    this.sealedInboxes = new SealedInboxes({ store, committer, clock, moveParked, ended: (inbox) => parts.sealed(inbox) });
    this.inherited = new InheritedMarks({
      store,
      committer,
      clock,
      ask: (question) => this.askForMarks(question),
      resume: (request) => parts.append(request),
    });
    this.promotions = new Promotions({
      ...parts,
      layouts: this.layouts,
      sealed: this.sealedInboxes,
      report: (inbox, options) => this.report(inbox, options),
    });
    this.rates = new WriteRates(clock);
    this.hot = new HotInboxes({
      layouts: this.layouts,
      promotions: this.promotions,
      rates: this.rates,
      clock,
      telemetry: parts.telemetry,
      messagesPerSecondMax: parts.bucketMessagesPerSecondMax,
      coresInRegion: () => parts.slots.current.ownersIn(parts.region).length,
    });
  }

  /** An inbox of this core took messages; one byte a character. */
  took(inbox: string, messages: number): void {
    this.rates.took(inbox, messages);
  }

  /** After the committer has loaded, before the first link. */
  async load(): Promise<void> {
    // Who is on the way back here is away until then: what happens to the inbox meanwhile decides how it opens.
    await this.layouts.load(this.parts.store, (user) => this.isOwn(user) && !this.parts.isPending(user.toString('latin1')));
    await this.sealedInboxes.load(this.layouts.users());
    this.promotions.sealAgain();
    this.promotions.resume();
  }

  /** A newer slot map is in force: who lives elsewhere now takes its layout along. */
  slotsChanged(): void {
    for (const user of this.layouts.users()) if (!this.isOwn(Buffer.from(user, 'latin1'))) this.layouts.drop(user);
    const { current } = this.parts.slots;
    // Who was given up with this region may come back: then what happened here before is read on.
    if (current.map.moving === undefined && !current.isAstray(this.parts.region)) this.forgetAway();
    this.promotions.sealAgain();
  }

  private forgetAway(): void {
    const users = this.layouts.usersAway();
    if (users.length === 0) return;
    this.layouts.forgetAway(users);
    this.parts.committer.change({
      apply: (batch) => {
        for (const user of users)
          if (this.layouts.of(user) === undefined) batch.removeRecord(RecordKind.layout, Buffer.from(user, 'latin1'));
      },
    });
  }

  /**
   * An inbox has been fetched from its former owner, with these records; without any where it had never come there. True when it was promoted,
   * or is a bucket: then what waited for it has been sent on the way that a bucket’s messages take.
   */
  adopt(inbox: string, fetched: PullAnswer['records'] | undefined): boolean {
    const records = fetched ?? [];
    this.parts.gaps.adopt(inbox, fetched);
    const layout = records.find(({ kind }) => kind === RecordKind.layout);
    if (layout !== undefined) this.layouts.adopt(inbox, layout.value);
    const isBack = layout === undefined && this.layouts.restore(inbox);
    // It had one inbox while this region was lost, and that one is read before what is to come.
    if (isBack && fetched !== undefined) this.promotions.reopen(inbox);
    if (layout !== undefined || isBack || this.layouts.of(inbox) !== undefined || records.some(({ kind }) => kind === RecordKind.bucket))
      this.sealedInboxes.adopt(inbox);
    else if (isBucketName(Buffer.from(inbox, 'latin1'))) this.sealedInboxes.moveParked(inbox);
    else return false;
    // It was queued for the inbox before anyone knew: in its order, behind what was parked.
    for (const request of this.parts.committer.takeQueued(inbox)) this.reroute(request);
    this.promotions.resume();
    return true;
  }

  /** A former owner has said that it has nobody left: whoever is here again is as it was. */
  restore(): void {
    for (const user of this.layouts.usersAway()) {
      const name = Buffer.from(user, 'latin1');
      if (this.isOwn(name) && !this.parts.isPending(user) && !this.parts.slots.current.isInherited(name)) this.adopt(user, undefined);
    }
  }

  /** What a fetched inbox’s layout is now. */
  write(batch: StoreBatch, inbox: string): void {
    this.layouts.write(batch, inbox);
  }

  promote(user: Buffer, count: number, { isForced }: { isForced: boolean }): Promise<Promotion> {
    if (this.parts.isPending(user.toString('latin1')))
      return Promise.reject(new IrisError('OVERLOADED', `${user.toString('utf8')} is moving to this core; try again in a moment`));
    return this.promotions.promote(user, count, { isAutomatic: false, isForced });
  }

  /** Every PROMOTION_SWEEP_MS. */
  async sweep(): Promise<void> {
    this.rates.turn();
    await this.promotions.sweep();
    await this.hot.sweep();
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.sealsSweptMs < DEDUP_SWEEP_MS) return;
    this.sealsSweptMs = nowMs;
    await this.sealedInboxes.sweep();
  }

  isSealed(inbox: string): boolean {
    return this.sealedInboxes.has(inbox);
  }

  isFinal(inbox: string): boolean {
    return this.sealedInboxes.isFinal(inbox);
  }

  /** True when `take` must decide. Costs nothing for an append to a user while nobody is promoted (B6). */
  concerns(flags: number, { bytes, text }: InboxName): boolean {
    if (this.layouts.size > 0 && this.layouts.of(text) !== undefined) return true;
    return (flags & (APPEND_BUCKET | SEND_RETRY)) !== 0 && isBucketName(bytes);
  }

  take(request: AppendRequest, recipient: Buffer): void {
    const bucket = readBucketName(recipient);
    // What became of a user’s own messages is kept at its home, whatever its inbox.
    if (isStatusEnvelope(request.envelope)) this.parts.place(request, true);
    else if (bucket === undefined) this.intoBucket(request, Buffer.from(recipient));
    else if (!this.isOwn(recipient) || this.parts.isPending(recipient.toString('latin1')))
      this.parts.place(request, isReaddressed(request.flags));
    // Where its other buckets are only a lost region knows.
    else if (this.isOrphan(bucket.user)) this.backToUser(request, bucket);
    else if (this.sealedInboxes.has(recipient.toString('latin1'))) this.backToUser(request, bucket);
    else if (this.inherited.isKnown(request, bucket)) this.parts.place(request, true);
  }

  private isOrphan(user: Buffer): boolean {
    const { slots, clock } = this.parts;
    if (this.layouts.of(user.toString('latin1')) !== undefined) return false;
    return slots.current.isInherited(user) || slots.current.isGivenUp(user, clock.nowMs());
  }

  forget(origin: AppendOrigin, publisherId?: number): void {
    this.inherited.forget(origin, publisherId);
  }

  /** How an inbox of this core stands. */
  async report(inbox: Buffer, { seal }: { seal: boolean }): Promise<BucketReport> {
    const key = inbox.toString('latin1');
    // Who asks by another map asks again.
    if (!this.isOwn(inbox) || this.parts.isPending(key)) return { isSealed: false, isEmpty: false, messagesPerSecond: 0 };
    if (seal) await this.seal(inbox);
    const isSealed = this.sealedInboxes.isFinal(key);
    const first = await this.parts.store.readInbox(inbox, 0, 0, { envelopesMax: 1, bytesMax: 1 });
    return { isSealed, isEmpty: first.length === 0, messagesPerSecond: this.rates.of(key) };
  }

  /** Undefined while something that is asked about cannot be known: not sealed here, or its owner does not answer. Seals what it asks. */
  async finalMarks({ inbox, below, keys }: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined> {
    if (this.parts.committer.isBehind) return undefined;
    if (below > 0) await this.parts.committer.written();
    if (!this.isOwn(inbox) || this.parts.isPending(inbox.toString('latin1'))) return undefined;
    if (below === 0) return await this.marksOfInbox(inbox, keys);
    const layout = this.layouts.of(inbox.toString('latin1'));
    if (layout === undefined) return undefined;
    const found = keys.map((): FoundMark => ({ mark: undefined, generation: 0, sentOn: [] }));
    const { generations } = layout;
    for (const generation of generations.filter(({ number }) => number < below).toReversed()) {
      const asked = new Map<string, number[]>();
      keys.forEach((key, i) => {
        if (!isWanted(found[i] as FoundMark, generation, generations)) return;
        const holder = inboxOfSender(inbox, generation, senderOfMarkKey(key)).toString('latin1');
        asked.set(holder, [...(asked.get(holder) ?? []), i]);
      });
      const answers = await Promise.all([...asked].map(([holder, at]) => this.marksAt(Buffer.from(holder, 'latin1'), at, keys)));
      for (const answer of answers) {
        if (answer === undefined) return undefined;
        for (const [i, mark] of answer) take(found[i] as FoundMark, mark, generation);
      }
    }
    return await this.withOwnMarks(inbox, keys, found);
  }

  /** While its region was lost a user had one inbox only: what that has of a sender may be the latest. */
  private async withOwnMarks(
    inbox: Buffer,
    keys: readonly string[],
    found: readonly FoundMark[],
  ): Promise<(StoredMark | undefined)[] | undefined> {
    const own = await this.marksOfInbox(inbox, keys);
    return own?.map((mark, i) => finalMark(found[i] as FoundMark, mark));
  }

  /** The rows `at` of `keys`, as the owner of `inbox` has them. */
  private async marksAt(
    inbox: Buffer,
    at: readonly number[],
    keys: readonly string[],
  ): Promise<[number, StoredMark | undefined][] | undefined> {
    const question = { inbox, below: 0, keys: at.map((i) => keys[i] as string) };
    const { slots, owners } = this.parts;
    const isHere = !isBucketName(inbox) || this.isOwn(inbox);
    const marks = isHere ? await this.finalMarks(question) : await owners.finalMarks(slots.current.homeOfUser(inbox).address, question);
    return marks?.map((mark, i) => [at[i] as number, mark]);
  }

  /** Whoever asks knows a later generation, so this one is over. */
  private async marksOfInbox(inbox: Buffer, keys: readonly string[]): Promise<(StoredMark | undefined)[] | undefined> {
    await this.seal(inbox);
    if (!this.sealedInboxes.isFinal(inbox.toString('latin1'))) return undefined;
    return await this.parts.store.readMarks(keys.map((key) => markKeyOfInbox(key, inbox)));
  }

  /** A user’s own inbox is sealed by its promotion, nobody else can do it. */
  private async seal(inbox: Buffer): Promise<void> {
    const hasRecord = isBucketName(inbox);
    if (hasRecord || this.layouts.of(inbox.toString('latin1')) !== undefined) await this.sealedInboxes.seal(inbox, { hasRecord });
  }

  private askForMarks(question: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined> {
    const { slots, owners } = this.parts;
    if (this.isOwn(question.inbox)) return this.finalMarks(question);
    return owners.finalMarks(slots.current.homeOfUser(question.inbox).address, question);
  }

  private isOwn(inbox: Buffer): boolean {
    return this.parts.slots.current.homeOfUser(inbox).group === this.parts.group;
  }

  private intoBucket(request: AppendRequest, user: Buffer): void {
    const layout = this.layouts.of(user.toString('latin1'));
    if (layout === undefined) {
      this.parts.place(request, true);
      return;
    }
    this.tell(request.origin, user, layout);
    const inbox = inboxOfSender(user, currentOf(layout), envelopeSender(request.envelope), this.parts.bucketOf);
    this.parts.append({ ...request, flags: request.flags | APPEND_BUCKET, envelope: readdress(request.envelope, inbox) });
  }

  /** Too late for this bucket: the user’s home knows the present one. */
  private backToUser(request: AppendRequest, { user }: BucketName): void {
    if (this.layouts.of(user.toString('latin1')) === undefined) this.tell(request.origin, Buffer.from(user), UNKNOWN);
    const moved = { ...request, flags: request.flags & ~APPEND_BUCKET, envelope: readdress(request.envelope, user) };
    this.toUser(moved);
  }

  private reroute(request: AppendRequest): void {
    const isToBucket = isBucketName(envelopeRecipient(request.envelope));
    this.parts.append(isToBucket ? { ...request, flags: request.flags | APPEND_BUCKET } : request);
  }

  /** To the user’s home, be it here or behind an outbox. */
  private toUser(request: AppendRequest): void {
    if (this.isOwn(envelopeRecipient(request.envelope))) this.parts.append(request);
    else this.parts.place(request, true);
  }

  /**
   * Once a second at the most for one layout, since whoever is told may have forgotten it again. Who is told sends past this core: buckets that a
   * crash here makes unknown would keep what they have acknowledged (L1), so the layout is on the disk first.
   */
  private tell(origin: AppendOrigin, user: Buffer, layout: Layout): void {
    const key = user.toString('latin1');
    const known = this.told.get(origin) ?? new Map<string, { generation: number; atMs: number }>();
    this.told.set(origin, known);
    const generation = layout.generations.at(-1)?.number ?? -1;
    const nowMs = this.parts.clock.monotonicMs();
    const last = known.get(key);
    if (last !== undefined && last.generation === generation && nowMs - last.atMs < LAYOUT_REPEAT_MS) return;
    if (this.parts.committer.isBehind) return;
    if (known.size >= LAYOUTS_REMEMBERED_MAX) known.clear();
    known.set(key, { generation, atMs: nowMs });
    void this.parts.committer.written().then(() => origin.laidOut(user, layout));
  }
}

/** A bucket’s message that a bridge has brought as it is goes no further; one that has become a bucket’s here does. */
function isReaddressed(flags: number): boolean {
  return (flags & APPEND_FORWARDED) === 0 || (flags & APPEND_BUCKET) !== 0;
}
