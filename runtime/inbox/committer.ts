import { errorLine, IrisError } from '../contract/errors.ts';
import * as limits from '../contract/limits.ts';
import { clampTo } from '../contract/sequence-set.ts';
import { Turns } from '../measure/turns.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore, StoredMark, StoredParked } from '../ports/inbox-store.ts';
import type { LoadLevel } from '../ports/load-level.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeRecipient, markKeyFor, withoutPredecessor } from '../wire/envelope.ts';
import { decodeStatusEnvelope, isStatusEnvelope, type StatusNews } from '../wire/status-envelope.ts';
import { SEND_RETRY } from '../wire/v2/send.ts';
import { Announcements } from './announcements.ts';
import { AppendOrder, type Holding, type Ordered } from './append-order.ts';
import type { Change } from './change.ts';
import { ChangeBatch } from './change-batch.ts';
import { CommitQueue } from './commit-queue.ts';
import type { Destination, Placed } from './destination.ts';
import { durably } from './durable-change.ts';
import { LogCommits } from './log-commits.ts';
import { LogPositions } from './log-positions.ts';
import { type Addressed, Refusals } from './refusals.ts';
import { StatusLedger, type StatusNote, type StatusRow } from './status-ledger.ts';

/** Milliseconds before a failed commit is followed by another. */
const COMMIT_RETRY_MS = 200;

export interface CommitterParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly load: LoadLevel;
  /** Users of other regions whose inbox is full there, one byte a character. */
  readonly heldBack: ReadonlySet<string>;
  readonly holding: Holding;
  /** Bytes of a commit that are worked on at a time. @default TURN_BYTES */
  readonly turnBytes?: number;
  /** Where what concerns a user is kept: here, or by the group behind an outbox. */
  destinationOf(user: Buffer): Destination;
  /** Called after the commit, in the order of the log. */
  committed(placed: Placed): void;
  /** A sender’s messages to a recipient have reached a further status; after the commit. */
  statusGrown(row: StatusNote): void;
}

interface Entry extends Ordered, Addressed {
  /** For a control envelope, which enters no log: what it says. */
  readonly news: StatusNote | undefined;
}

/**
 * The log of one core: takes appends in the order they arrive and commits everything that waits as one synced batch (C5, D3). While a
 * batch is on its way to the disk the next one gathers, so the disk’s pace sets the batch. An answer follows the commit it names, never
 * before (L1). A large batch is decided and announced in several turns of the event loop, so that nobody else waits for all of it.
 */
export class Committer {
  private readonly parts: CommitterParts;
  private readonly order: AppendOrder;
  private readonly ledger: StatusLedger;
  private readonly refusals: Refusals;
  private readonly turns: Turns;
  private readonly announcements: Announcements;
  private readonly commits: LogCommits;
  private readonly queue = new CommitQueue<Entry>();
  private changes: Change[] = [];
  private endings: (() => void)[] = [];
  private isRunning = false;
  /** The next commit holds changes alone: they may make the room that the last one lacked, which one with appends would lack again. */
  private isForChanges = false;
  /** What is being decided: where that throws, it alone is to blame. */
  private inHand: Entry | undefined;
  private isSweepDue = false;
  private readonly positions: LogPositions;
  private idle: (() => void)[] = [];

  constructor(parts: CommitterParts) {
    this.parts = parts;
    this.positions = new LogPositions(parts.store);
    const { store, clock, telemetry, heldBack, holding } = parts;
    const takePosition = () => this.takePosition();
    this.order = new AppendOrder({ store, clock, telemetry, heldBack, takePosition, holding });
    this.ledger = new StatusLedger({ store, clock, telemetry, takePosition, destinationOf: (user) => parts.destinationOf(user) });
    this.commits = new LogCommits(parts);
    this.turns = new Turns((callback) => clock.soon(callback), { turnBytes: parts.turnBytes, queueShare: () => this.queue.share });
    this.announcements = new Announcements({
      telemetry,
      turns: this.turns,
      durability: store.durability,
      committed: (placed) => parts.committed(placed),
    });
    this.refusals = new Refusals(telemetry);
    telemetry.gauge('iris_commit_queued_bytes', 'Bytes waiting for the next commit', () => this.queue.bytes);
  }

  /** Takes up what the last run left waiting; before the first append. */
  async load(): Promise<void> {
    await this.order.load();
    this.sweepLater();
  }

  /** `recipient` is one byte a character. */
  append(request: AppendRequest, destination: Destination, recipient = recipientTextOf(request.envelope)): void {
    const { envelope } = request;
    const full = this.queue.fullness;
    if (full !== undefined) {
      this.refuse(request, recipient, { code: 'OVERLOADED', message: full, retryAfterMs: this.parts.load.retryAfterMs(200) });
      return;
    }
    const news = isStatusEnvelope(envelope) ? noteOf(decodeStatusEnvelope(envelope)) : undefined;
    this.queue.add({ request, destination, recipient, news, row: -1 });
    this.start();
  }

  /** What is known of a row whose sender is at home here. */
  statusOf(markKey: string): Promise<StatusRow> {
    return this.ledger.read(markKey);
  }

  /** Rides with the next append’s commit, or with one of its own after CHANGE_DELAY_MS; at once where somebody waits for it. */
  change(change: Change): void {
    this.changes.push(change);
    if (change.done !== undefined && change.isPatient !== true) this.start();
    else if (this.changes.length === 1) this.parts.clock.after(limits.CHANGE_DELAY_MS, () => this.start());
  }

  refuse(request: AppendRequest, recipient: string, refusal: Refusal): void {
    this.refusals.refuse({ request, recipient }, refusal);
  }

  /** Resolves when everything taken in so far has been decided and committed, or refused. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.afterQueue(resolve));
  }

  /** True when the row’s mark need not be looked up. */
  knowsMark(markKey: string): boolean {
    return this.order.knows(markKey);
  }

  /** What an older generation knows of a sender counts here too. */
  adoptMark(markKey: string, mark: StoredMark): void {
    this.order.adopt(markKey, mark);
    this.change({ apply: (batch) => this.order.writeMark(batch, markKey) });
  }

  /** Takes what is parked for an inbox out of the log’s order; only after `flushed`, in the same turn. */
  takeParked(inbox: Buffer): StoredParked[] {
    return this.order.takeParked(inbox);
  }

  /** Takes what is queued for an inbox back: it goes another way now. One byte a character. */
  takeQueued(inbox: string): AppendRequest[] {
    const isMeant = ({ destination, recipient, news }: Entry) => recipient === inbox && destination.kind === 'inbox' && news === undefined;
    return this.queue.takeOut(isMeant).map(({ request }) => request);
  }

  publisherEnded(origin: AppendOrigin, publisherId: number): void {
    this.afterQueue(() => this.refusals.forgetPublisher(origin, publisherId));
  }

  originClosed(origin: AppendOrigin): void {
    this.afterQueue(() => this.refusals.forgetOrigin(origin));
  }

  /** True while as many changes wait as may: the store is away, and acknowledgements wait with their readers, one each (L8). */
  get isBehind(): boolean {
    return this.changes.length >= limits.CHANGES_MAX;
  }

  /** The position that the next envelope gets. */
  get nextUnused(): number {
    return this.positions.next;
  }

  /** False for a position that this log has never reached: a cursor that names it belongs to another store. */
  hasGiven(position: number): boolean {
    return position < this.positions.next;
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    this.start();
    if (!this.isRunning) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  /** Resolves when every change made so far is on the disk, however many tries that takes. */
  written(): Promise<void> {
    return durably((change) => this.change(change), { apply: () => undefined });
  }

  /** Resolves when everything taken in so far is decided, and in the store or refused. */
  async settled(): Promise<void> {
    this.start();
    await this.flushed();
    // A commit that failed has left its changes to the next one.
    if (this.changes.length > 0) await this.written();
  }

  /** Positions go on from here, if they are not further already; durable with the next synced commit. */
  raisePosition(position: number): void {
    this.positions.raise(position);
  }

  /** Share of the bounds that what waits for a commit takes. */
  get queueShare(): number {
    return this.queue.share;
  }

  /**
   * Runs once everything queued so far has been decided: what a gone publisher still has in the queue must meet the fence of its refused
   * predecessor, or it would overtake it (L3), and the predecessor’s retry would pass for a duplicate (L1).
   */
  private afterQueue(ending: () => void): void {
    if (this.isRunning) this.endings.push(ending);
    else ending();
  }

  private start(): void {
    if (this.isRunning || (this.queue.isEmpty && this.changes.length === 0)) return;
    this.isRunning = true;
    // The burst that brought this append may bring more: they share the commit.
    // A bug in here must end the process: a core whose log stands still would refuse nothing and deliver nothing.
    this.parts.clock.soon(() => void this.run());
  }

  private async run(): Promise<void> {
    while (!this.queue.isEmpty || this.changes.length > 0) {
      const entries = this.isForChanges ? [] : this.queue.take();
      const changes = new ChangeBatch(this.changes);
      this.changes = [];
      const endings = this.queue.isEmpty ? this.endings.splice(0) : [];
      await this.commitOnce(entries, changes);
      for (const ending of endings) ending();
    }
    for (const ending of this.endings.splice(0)) ending();
    this.isRunning = false;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private async commitOnce(entries: Entry[], changes: ChangeBatch): Promise<void> {
    const batch = this.parts.store.batch();
    this.order.begin(batch);
    this.ledger.begin(batch);
    const accepted: Entry[] = [];
    let left: readonly Entry[] = entries;
    let placed: readonly Placed[];
    let statuses: ReturnType<StatusLedger['finish']>;
    try {
      const notes = changes.notes();
      await this.readMissingRows(entries, notes, changes.markKeys(this.order));
      left = accepted;
      const hasAppended = await this.decide(entries, accepted);
      changes.decide(this.order);
      this.order.releaseOverdue();
      placed = await this.order.finish(this.turns);
      await changes.apply(batch, this.turns);
      for (const note of notes) this.ledger.note(this.truthful(note));
      statuses = this.ledger.finish();
      await this.commits.commit(batch, { sync: hasAppended || placed.length > 0 || changes.isSynced });
    } catch (error) {
      this.order.undo();
      changes.undone();
      const { inHand } = this;
      this.inHand = undefined;
      this.failed(inHand === undefined ? left : [...accepted, ...entries.slice(entries.indexOf(inHand) + 1)], error);
      this.drop(inHand, changes.culprit, error);
      // Changes are idempotent: they wait for the next try, which comes after a pause since the disk is in trouble.
      this.changes = [...changes.blameless, ...this.changes];
      this.isForChanges = entries.length > 0 && this.changes.length > 0;
      await new Promise<void>((resolve) => {
        this.parts.clock.after(COMMIT_RETRY_MS, resolve);
      });
      return;
    }
    this.isForChanges = false;
    await this.announcements.make(accepted, placed);
    this.announceStatuses(statuses);
    changes.done();
    this.sweepLater();
  }

  private async readMissingRows(entries: readonly Entry[], notes: readonly StatusNote[], markKeys: readonly string[]): Promise<void> {
    const statuses = notes.map((note) => note.markKey);
    // As many as messages, and hardly ever one: an index is what stays fast here.
    for (let i = 0; i < entries.length; i++) {
      const news = entries[i]?.news;
      if (news !== undefined) statuses.push(news.markKey);
    }
    const read = notes.filter(isToProve).map((note) => note.markKey);
    await this.order.readMissingMarks(entries, [...read, ...markKeys], this.turns);
    if (statuses.length > 0) await this.ledger.prepare(statuses);
  }

  /** A reader can only have read what is stored for it. */
  private truthful(note: StatusNote): StatusNote {
    return isToProve(note) ? { ...note, read: clampTo(note.read, this.order.highOf(note.markKey)) } : note;
  }

  /** Gives each entry its place, and adds to `accepted` those to be acknowledged with the commit. True when the log has changed. */
  private async decide(entries: readonly Entry[], accepted: Entry[]): Promise<boolean> {
    let hasAppended = false;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      this.inHand = entry;
      if (this.decideOne(entry, accepted)) hasAppended = true;
      if (this.turns.spend(entry.request.envelope.length)) await this.turns.rest();
    }
    this.inHand = undefined;
    return hasAppended;
  }

  private decideOne(entry: Entry, accepted: Entry[]): boolean {
    const { request, recipient } = entry;
    const isFreed = this.refusals.lowersFence(entry);
    if (this.refusals.isFenced(entry)) {
      const message = 'an earlier message to this recipient was refused';
      this.refuse(request, recipient, { code: 'REFUSED_IN_ORDER', message, retryAfterMs: 0 });
      return false;
    }
    if (entry.news !== undefined) {
      this.ledger.note(entry.news);
      accepted.push(entry);
      return true;
    }
    // Its publisher goes on without what was refused: waiting for that would be in vain. One that repeats it names what came before.
    const envelope = isFreed && (request.flags & SEND_RETRY) === 0 ? withoutPredecessor(request.envelope) : request.envelope;
    const refusal = this.order.refusalOf(envelope, entry.destination, recipient);
    if (refusal !== undefined) {
      this.refuse(request, recipient, refusal);
      return false;
    }
    const hasChanged = this.order.place(envelope, entry.destination, recipient, entry.row);
    accepted.push(entry);
    return hasChanged;
  }

  /** A number that grows, over restarts too. */
  takePosition(): number {
    return this.positions.take();
  }

  private announceStatuses({ grown, placed }: ReturnType<StatusLedger['finish']>): void {
    this.ledger.committed(grown);
    for (const row of grown) this.parts.statusGrown(row);
    for (const one of placed) this.parts.committed(one);
  }

  private failed(entries: readonly Entry[], error: unknown): void {
    const reason = errorLine(error);
    this.commits.failed.value++;
    this.parts.telemetry.log.error('commit-failed', { entries: entries.length, reason });
    if (!(error instanceof IrisError))
      this.parts.telemetry.log.error('commit-failed-unexpectedly', { stack: error instanceof Error ? error.stack : reason });
    for (const { request, recipient } of entries) {
      this.refuse(request, recipient, { code: 'STORE_FAILED', message: `the log could not commit: ${reason}`, retryAfterMs: 500 });
    }
  }

  /**
   * What cannot be decided, whoever else is in the batch, does not come again, or it would stop everyone’s log for ever (F14): an append is
   * refused for good, and who waits for a change hears that it is not made.
   */
  private drop(entry: Entry | undefined, change: Change | undefined, error: unknown): void {
    if (entry === undefined && change === undefined) return;
    const reason = errorLine(error);
    this.parts.telemetry.log.error('undecidable', { what: entry === undefined ? 'change' : 'append', reason });
    const message = `the owner cannot take it: ${reason}`;
    if (entry !== undefined) this.refuse(entry.request, entry.recipient, { code: 'FRAME_MALFORMED', message, retryAfterMs: 0 });
    change?.dropped?.(new IrisError('STORE_FAILED', message, { cause: error }));
  }

  /** What has waited too long for its predecessor goes out with some commit, at the latest with one made for it; nothing ticks while nothing waits. */
  private sweepLater(): void {
    if (this.isSweepDue || !this.order.hasParked) return;
    this.isSweepDue = true;
    this.parts.clock.after(limits.ORDER_SWEEP_MS, () => {
      this.isSweepDue = false;
      this.change({ apply: () => undefined });
    });
  }
}

function recipientTextOf(envelope: Buffer): string {
  return envelopeRecipient(envelope).toString('latin1');
}

function noteOf({ device, sender, recipient, delivered, read }: StatusNews): StatusNote {
  return { markKey: markKeyFor(device, sender, recipient), delivered, read };
}

function isToProve({ read, isOfRow }: StatusNote): boolean {
  return read.length > 0 && isOfRow !== true;
}
