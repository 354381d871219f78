import { isBucketName, userTextOfInbox } from '../contract/bucket-name.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { Layout } from '../contract/layout.ts';
import { PAGE_ENVELOPES_MAX, PUSH_CREDIT_BYTES } from '../contract/limits.ts';
import { type FollowedLog, LogFollower } from '../follow/log-follower.ts';
import type { ReplayLane } from '../follow/replay-lane.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { EphemeralKind, InboxCursor, InboxSubscriber, MessageStatus, Reading, ReadMessages } from '../ports/inbox-feed.ts';
import type { InboxStore, StoreBatch, StoredEnvelope } from '../ports/inbox-store.ts';
import type { OwnedSubscription, ReadRequest, UndeliveredEnvelope } from '../ports/shard-owner.ts';
import { envelopeCount, markKeyFor } from '../wire/envelope.ts';
import type { Change } from './change.ts';
import { PushedPlaces } from './pushed-places.ts';
import { FIRST_BUCKET, isAfter, NOTHING_YET, ofFirstBucket, unknownGap } from './reader-cursors.ts';
import { ReaderReport } from './reader-report.ts';
import type { StatusNote, StatusRow } from './status-ledger.ts';
import { WantedPlaces } from './wanted-places.ts';
import { type SearchSpan, WantedSearch } from './wanted-search.ts';

export interface AttachmentParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly lane: ReplayLane;
  change(change: Change): void;
  /** What is missing from the user’s inbox. */
  gapOf(user: Buffer): InboxGap | undefined;
  /** The reader has acknowledged through `position`, which may pass the gap. */
  passed(user: Buffer, position: number): void;
  /** Calls back once the user has come from its former owner, or lives elsewhere; false where it is not on its way. */
  awaits(user: Buffer, callback: (isHere: boolean) => void): boolean;
  /** False for a position that this log has never reached. */
  hasGiven(position: number): boolean;
  /** True while as many changes wait for the store as may. */
  isBehind(): boolean;
  /** The reader is gone. */
  detached(attachment: Attachment): void;
  readFailed(attachment: Attachment, error: unknown): void;
  statusOf(markKey: string): Promise<StatusRow>;
  /** An envelope of the user’s inbox that its reader could not be given. */
  undelivered(user: Buffer, envelope: UndeliveredEnvelope): void;
  /** A status could not be looked up; the sender hears of it later or never. */
  readonly statusFailed: (error: unknown) => void;
  /** Counts messages whose reading is not told, because a reader told too much at once. */
  readonly readsShed: { value: number };
}

export interface AttachRequest extends ReadRequest {
  /** Acknowledged cursors that name places this log never had; the others are in `acknowledged`. */
  readonly foreign: readonly InboxCursor[];
}

/** One session’s read of one inbox at its owner: pushes from the cursor to the tail and on, and forgets what is acknowledged. */
export class Attachment implements OwnedSubscription, FollowedLog {
  readonly user: Buffer;
  /** The user without the bucket, one byte a character. */
  readonly owner: string;
  /** v1: acknowledged one by one. */
  readonly isSelective: boolean;
  readonly loginStamp: number;
  private readonly takesEphemerals: boolean;
  private readonly parts: AttachmentParts;
  private readonly subscriber: InboxSubscriber;
  private readonly follower: LogFollower;
  private readonly places = new PushedPlaces();
  private readonly wanted: WantedPlaces;
  /** Undefined until an acknowledgement needs one: there are as many attachments as users online. */
  private searches: WantedSearch | undefined;
  /** What it says beside its cursor, until that is in the store. */
  private report: ReaderReport | undefined;
  private readonly acknowledgedAtStart: readonly InboxCursor[];
  private readonly startedAfter: number;
  /** Cursors that name places this log never had. */
  private readonly foreign: readonly InboxCursor[];
  private acknowledged = NOTHING_YET;
  /** An acknowledgement that waits for the next one, or for the end, since the store does not keep up: the later covers the earlier. */
  private deferred: InboxCursor | undefined;
  /** An acknowledgement of what an earlier connection brought, which is not pushed here yet. */
  private early: InboxCursor | undefined;
  private isReplaced = false;
  private isStarted = false;
  /** The store is asked which rows an acknowledgement covers: places alone do not know partial marks and what an earlier link showed. */
  private mustSearch: boolean;
  private isFlushing = false;
  private replaying: LogFollower | undefined;
  private isSealed = false;
  /** What the session was last told of its buckets. */
  told: Reading | undefined;

  /** Pushing starts after `startAfter` or what the reader was shown on an earlier link, whichever is later. */
  constructor(parts: AttachmentParts, request: AttachRequest, subscriber: InboxSubscriber, startAfter: number) {
    this.parts = parts;
    this.user = request.user;
    this.owner = userTextOfInbox(request.user.toString('latin1'));
    this.isSelective = request.isSelective;
    this.loginStamp = request.loginStamp;
    this.takesEphemerals = request.takesEphemerals;
    this.subscriber = subscriber;
    this.startedAfter = startAfter;
    this.foreign = ofFirstBucket(request.foreign);
    this.acknowledgedAtStart = ofFirstBucket(request.acknowledged);
    this.mustSearch = request.shown.length > 0;
    const shown = ofFirstBucket(request.shown).map((cursor) => cursor.position);
    this.wanted = new WantedPlaces({ ...request, unknownThrough: Math.max(startAfter, ...shown) });
    const after = Math.max(startAfter, ...shown, ...this.acknowledgedAtStart.map((cursor) => cursor.position - 1));
    this.follower = new LogFollower(this, { lane: parts.lane, after, creditBytes: request.creditBytes });
  }

  read(after: number, bytesMax: number): Promise<StoredEnvelope[]> {
    return this.parts.store.readInbox(this.user, FIRST_BUCKET, after, { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax });
  }

  failed(error: unknown): void {
    this.parts.readFailed(this, error);
  }

  get pushedThrough(): number {
    return this.follower.pushedThrough;
  }

  /** Begins to read, after what the client has acknowledged already is out of the store. */
  start(): void {
    const cursors = this.acknowledgedAtStart;
    if (cursors.length === 0) {
      this.begin();
      return;
    }
    this.trimAcknowledged(() => this.begin());
  }

  /** Takes what the client had acknowledged before it attached out of the store. */
  trimAcknowledged(done?: () => void): void {
    for (const cursor of this.acknowledgedAtStart) this.trimThrough(cursor, cursor === this.acknowledgedAtStart.at(-1) ? done : undefined);
  }

  private trimThrough(cursor: InboxCursor, done?: () => void): void {
    this.parts.passed(this.user, cursor.position);
    const apply = (batch: StoreBatch) => batch.trimInbox(this.user, FIRST_BUCKET, cursor);
    this.search({ after: 0, cursor }, (notes) =>
      this.parts.change({ apply, notes: () => notes, ...(done !== undefined && { done, dropped: done }) }),
    );
  }

  /** Nothing enters the inbox any more; the reader is told when it has everything. */
  seal(): void {
    this.isSealed = true;
    if (this.follower.isAtEnd) this.subscriber.caughtUp(true);
  }

  /** Where the user’s messages are, for the session that reads its inbox. */
  laidOut(layout: Layout, readStamp: number): void {
    if (this.isReplaced) return;
    this.told = { layout, readStamp };
    this.subscriber.laidOut(layout, readStamp);
  }

  caughtUp(): void {
    this.takeEarly();
    if (this.isReplaced) return;
    if (this.isSealed) this.subscriber.caughtUp(true);
    else if (isBucketName(this.user)) this.subscriber.caughtUp(false);
  }

  /** Reads on after a failed read. */
  retry(): void {
    this.replaying?.start();
    if (this.isStarted) this.follower.start();
  }

  /**
   * Pushes again what is left up to `position`: an older session of the same user closed without acknowledging it. It has credit of
   * its own, which joins the reader’s when it ends.
   */
  replay(position: number): void {
    const through = Math.min(position, this.startedAfter);
    if (!this.isSelective || through === 0 || this.replaying !== undefined) return;
    const older: FollowedLog = {
      read: async (after, bytesMax) => {
        const due = (await this.read(after, bytesMax)).filter((entry) => entry.position <= through);
        if (due.length === 0) this.endReplay();
        return due;
      },
      push: (entry) => this.push(entry),
      failed: (error) => this.failed(error),
    };
    this.replaying = new LogFollower(older, { lane: this.parts.lane, after: 0, creditBytes: PUSH_CREDIT_BYTES });
    this.replaying.start();
  }

  private endReplay(): void {
    const left = this.replaying?.creditBytes ?? 0;
    this.replaying?.stop();
    this.replaying = undefined;
    this.follower.grant(Math.max(0, left));
  }

  /** A commit that comes before the start is read from the store like everything else. */
  committed(entry: StoredEnvelope): void {
    if (this.isStarted) this.follower.committed(entry);
  }

  grant(bytes: number): void {
    (this.replaying ?? this.follower).grant(bytes);
  }

  /**
   * One that does not advance is a repetition, and changes nothing. One that comes before the inbox is here, or beyond what was pushed, waits until
   * that is reached, or everything stored has been pushed: the log has given its position, or it is another’s and changes nothing either.
   */
  acknowledge(cursor: InboxCursor): void {
    if (cursor.bucket !== FIRST_BUCKET) return;
    this.parts.passed(this.user, cursor.position);
    if (!isAfter(cursor, this.acknowledged)) return;
    if ((!this.isStarted && !this.isReplaced) || cursor.position > this.follower.pushedThrough) this.early = cursor;
    else this.acknowledgePushed(cursor);
  }

  private acknowledgePushed(cursor: InboxCursor): void {
    if (this.parts.isBehind()) {
      this.deferred = cursor;
      return;
    }
    this.deferred = undefined;
    this.takeAcknowledged(cursor);
  }

  /** What was acknowledged before it was pushed here counts once everything up to there is known to be this inbox’s. */
  private takeEarly(): void {
    const { early } = this;
    if (early === undefined) return;
    this.early = undefined;
    if (this.parts.hasGiven(early.position) && isAfter(early, this.acknowledged)) this.acknowledgePushed(early);
  }

  private takeAcknowledged(cursor: InboxCursor): void {
    const after = Math.max(0, this.acknowledged.position - 1);
    this.acknowledged = cursor;
    const taken = this.places.takeThrough(cursor.position, cursor.index);
    // A partial mark is left by the store’s own look-up, so that look-up also removes it.
    const positions = this.mustSearch ? undefined : taken;
    this.mustSearch = taken === undefined;
    const apply = (batch: StoreBatch) => {
      if (positions === undefined) batch.trimInbox(this.user, FIRST_BUCKET, cursor);
      else for (const position of positions) batch.removeInbox(this.user, FIRST_BUCKET, position);
    };
    this.forget(apply, this.wanted.takeThrough(cursor.position, cursor.index), { after, cursor });
  }

  remove(bucket: number, position: number): void {
    if (bucket === FIRST_BUCKET) this.openReport().remove(position);
  }

  private openReport(): ReaderReport {
    this.report ??= new ReaderReport({
      user: this.user,
      change: (change) => this.parts.change(change),
      lookUp: (position, found) => this.lookUp(position, found),
      // Of a user who is on the way here there is nothing yet that could be removed.
      awaits: (callback) => !this.isStarted && this.parts.awaits(this.user, callback),
      ended: () => {
        this.report = undefined;
      },
    });
    return this.report;
  }

  /** Whom the acknowledgement of one envelope concerns. */
  private lookUp(position: number, found: (notes: readonly StatusNote[]) => void): void {
    const notes = this.wanted.take(position);
    const isKnown = !this.wanted.mustSearch(position - 1) || (this.isSelective && notes.length > 0);
    if (isKnown) this.afterSearch(() => found(notes));
    else this.search({ after: position - 1, cursor: { position, index: 0xffff } }, (more) => found([...notes, ...more]));
  }

  /** Forgets what is acknowledged and tells its senders; what memory does not know of them is searched for while it is still there. */
  private forget(apply: Change['apply'], notes: readonly StatusNote[], span: SearchSpan): void {
    if (!this.wanted.mustSearch(span.after))
      this.afterSearch(() => this.parts.change(notes.length === 0 ? { apply } : { apply, notes: () => notes }));
    else this.search(span, (found) => this.parts.change({ apply, notes: () => [...notes, ...found] }));
  }

  private search(span: SearchSpan, found: (notes: readonly StatusNote[]) => void): void {
    const { store, clock, statusFailed } = this.parts;
    this.searches ??= new WantedSearch({ store, clock, user: this.user, isSelective: this.isSelective, failed: statusFailed });
    this.searches.search(span, found);
  }

  /** Later changes may remove what a search still has to see. */
  private afterSearch(work: () => void): void {
    if (this.searches === undefined) work();
    else this.searches.after(work);
  }

  /** Past the log, at the cost of the same credit; a reader that does not keep up gets none of it. */
  hand(kind: EphemeralKind, envelope: Buffer): Refusal | undefined {
    if (!this.takesEphemerals) return notHanded('the recipient’s client does not know best-effort messages');
    if (this.follower.creditBytes <= 0) return notHanded('the recipient does not keep up with its messages');
    this.follower.charge(envelope.length);
    this.subscriber.handed(kind, envelope, 0, envelope.length);
    return undefined;
  }

  markRead({ device, sender, sequences }: ReadMessages): void {
    if (!this.openReport().read(markKeyFor(device, sender, this.user), sequences)) this.parts.readsShed.value++;
  }

  askStatus(device: Uint8Array, recipient: Uint8Array): void {
    this.parts.statusOf(markKeyFor(device, this.user, recipient)).then(
      (row) => this.statusGrown({ device: Buffer.from(device), recipient: Buffer.from(recipient), ...row }),
      (error: unknown) => this.parts.statusFailed(error),
    );
  }

  statusGrown(status: MessageStatus): void {
    if (!this.isReplaced) this.subscriber.statusGrown(status);
  }

  undelivered(envelope: UndeliveredEnvelope): void {
    this.parts.undelivered(this.user, envelope);
  }

  /** One that leaves in order says so once: each time more would cost a synced commit. */
  detach({ flush }: { flush: boolean }): void {
    if (flush && this.isFlushing) return;
    this.isFlushing = flush;
    this.follower.stop();
    this.replaying?.stop();
    if (this.isStarted) this.trimEarly();
    if (this.deferred !== undefined) this.takeAcknowledged(this.deferred);
    this.deferred = undefined;
    this.parts.detached(this);
    if (!flush) return;
    if (!this.parts.awaits(this.user, (isHere) => (isHere ? this.flushFetched() : this.moved()))) this.flush();
  }

  /** It left before its user was here, so nothing of what it acknowledged is out of the store. */
  private flushFetched(): void {
    this.trimAcknowledged();
    this.trimEarly();
    this.flush();
  }

  private flush(): void {
    const done = () => this.subscriber.ended('flushed');
    this.afterSearch(() => this.parts.change({ apply: () => undefined, done, isSynced: true }));
  }

  /** Of what was not pushed here only the store knows whom it concerns. */
  private trimEarly(): void {
    if (this.early !== undefined && this.parts.hasGiven(this.early.position)) this.trimThrough(this.early);
    this.early = undefined;
  }

  /** Another owner has the inbox from now on: the reader goes there. */
  moved(): void {
    this.follower.stop();
    this.replaying?.stop();
    this.subscriber.moved?.();
  }

  /** Another session reads the inbox from now on. */
  replace(): void {
    this.follower.stop();
    this.replaying?.stop();
    if (!this.isReplaced) this.subscriber.ended('replaced');
    this.isReplaced = true;
  }

  tellGap(): void {
    const gap = this.parts.gapOf(this.user);
    if (gap !== undefined && this.isStarted) this.subscriber.gap(gap);
  }

  private begin(): void {
    this.isStarted = true;
    for (const cursor of this.foreign) this.subscriber.gap(unknownGap(cursor));
    this.tellGap();
    if (this.early !== undefined && this.early.position <= this.follower.pushedThrough) this.takeEarly();
    this.follower.start();
  }

  push(entry: StoredEnvelope): void {
    if (entry.firstIndex > 0) this.mustSearch = true;
    this.wanted.pushed(entry.position, entry.envelope);
    if (!this.isSelective) this.places.add(entry.position, envelopeCount(entry.envelope));
    const at = { bucket: FIRST_BUCKET, position: entry.position, firstIndex: entry.firstIndex };
    this.subscriber.pushed(at, entry.envelope, 0, entry.envelope.length);
    if (this.early !== undefined && entry.position >= this.early.position) this.takeEarly();
  }
}

export function notHanded(message: string): Refusal {
  return { code: 'NOT_DELIVERED', message, retryAfterMs: 0 };
}
