import { DEDUP_MEMORY_MAX, ORDER_HOLD_MS } from '../contract/limits.ts';
import { hitPercent } from '../measure/hit-percent.ts';
import type { Turns } from '../measure/turns.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore, StoreBatch, StoredMark, StoredParked } from '../ports/inbox-store.ts';
import type { AppendRequest } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import {
  ENVELOPE_SENT_ON,
  envelopeCount,
  envelopePrevious,
  envelopeRecipient,
  envelopeSequence,
  markKeyOf,
  skipEntries,
  withoutFlags,
  withPrevious,
} from '../wire/envelope.ts';
import { SEND_RETRY } from '../wire/v2/send.ts';
import { lackOfRoom, type Room } from './append-room.ts';
import { BatchEntries } from './batch-entries.ts';
import { type Destination, INBOX, type Placed, type Way } from './destination.ts';
import { markKeyIn } from './mark-owner.ts';
import { ParkedEnvelopes } from './parked-envelopes.ts';
import { RowKey } from './row-key.ts';
import { isSentOn, SentOnMarks, sentOnMarkKey } from './sent-on-marks.ts';
import { exactly, filledHoles, mergedMark, withHole } from './sequence-holes.ts';
import { SequenceMarks } from './sequence-marks.ts';

/** A request on its way into a log. */
export interface Ordered {
  readonly request: AppendRequest;
  readonly destination: Destination;
  /** The number of its row of sequences in this batch; -1 while it was not looked for, or is not known. */
  row: number;
}

export interface AppendOrderParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Users of other regions whose inbox is full there, one byte a character: nothing more is taken for them. */
  readonly heldBack: ReadonlySet<string>;
  readonly takePosition: () => number;
  readonly holding: Holding;
}

/** What a move under way says of recipients, by name, one byte a character. */
export interface Holding {
  /** Nothing may be placed for the user: not yet, or no more, where it was queued by a map since taken back. What is held then is sent on. */
  isPending(name: string): boolean;
  /** False where `isHeir` holds for nobody: asked for every message. */
  hasHeirs(): boolean;
  /** What was sent before is not known here and may never be. */
  isHeir(name: string): boolean;
}

/**
 * Decides what of a batch enters the log, and in which order: a duplicate is dropped (L2), a message whose predecessor is still on its
 * way is parked until that has come (L3), everything else gets the next position. Between `begin` and `keep` or `undo` it works on one batch.
 */
export class AppendOrder {
  private readonly store: InboxStore;
  private readonly heldBack: ReadonlySet<string>;
  private readonly clock: Clock;
  private readonly marks = new SequenceMarks(DEDUP_MEMORY_MAX);
  private readonly sentOn = new SentOnMarks(this.marks);
  private readonly parked = new ParkedEnvelopes();
  private readonly counters;
  private readonly entries: BatchEntries;
  private readonly holding: Holding;
  private batch: StoreBatch;
  private readonly room: Room;
  private readonly key = new RowKey();
  private undos: (() => void)[] = [];

  constructor(parts: AppendOrderParts) {
    this.store = parts.store;
    this.heldBack = parts.heldBack;
    this.clock = parts.clock;
    this.holding = parts.holding;
    this.batch = parts.store.batch();
    this.entries = new BatchEntries(parts.takePosition, this.batch);
    this.room = { store: parts.store, parked: this.parked, heldBack: parts.heldBack };
    const { telemetry } = parts;
    telemetry.gauge(
      'iris_mark_cache_percent',
      'Marks of pairs that memory had, of those looked for',
      hitPercent(() => this.marks.use),
    );
    telemetry.gauge('iris_parked_bytes', 'Bytes of envelopes that wait for their predecessor', () => this.parked.bytes);
    this.counters = {
      duplicates: telemetry.counter('iris_duplicates_total', 'Envelopes recognised as sent before'),
      parked: telemetry.counter('iris_envelopes_parked_total', 'Envelopes that waited for their predecessor'),
      released: telemetry.counter('iris_order_given_up_total', 'Parked envelopes delivered without their predecessor'),
    };
  }

  /** Takes back what the last run had parked. */
  async load(): Promise<void> {
    for (const parked of await this.store.readParked()) this.parked.add(parked);
  }

  /** Why there is no room for an envelope; undefined where there is. What was taken before is a duplicate, and has its room (L2). */
  refusalOf(envelope: Buffer, destination: Destination, recipient: string): Refusal | undefined {
    const { store, parked, heldBack } = this;
    if (!store.isFull && !store.hasFullRows && !parked.isFull && heldBack.size === 0) return undefined;
    const markKey = markKeyIn(destination, envelope);
    const high = this.marks.high(markKey) ?? 0;
    const first = envelopeSequence(envelope);
    if (first + envelopeCount(envelope) - 1 <= high || parked.has(markKey, first)) return undefined;
    const mustPark = () => envelopePrevious(envelope) > high || this.holding.isPending(recipient);
    return lackOfRoom(this.room, { envelope, destination, recipient, mustPark });
  }

  get hasParked(): boolean {
    return !this.parked.isEmpty;
  }

  /**
   * Reads the marks that memory has lost, for every request that could be a duplicate or too early, and for `others`. Before anything is decided, so that
   * order needs no lock. Rows that are found are noted in their requests.
   */
  async readMissingMarks(requests: readonly Ordered[], others: readonly string[], turns: Turns): Promise<void> {
    const missing = new Set<string>(others.filter((markKey) => this.marks.high(markKey) === undefined));
    // By index, as wherever there are as many as messages: an iterator makes an object for each until this is compiled.
    for (let i = 0; i < requests.length; i++) {
      const ordered = requests[i] as Ordered;
      const { envelope, flags } = ordered.request;
      if (turns.spend(0)) await turns.rest();
      if ((flags & SEND_RETRY) === 0 && envelopePrevious(envelope) === 0 && !this.isInherited(envelope)) continue;
      if (isSentOn(envelope)) missing.add(sentOnMarkKey(markKeyOf(envelope)));
      const row = this.marks.row(this.key.ofEnvelope(envelope, ordered.destination));
      if (this.marks.hits(row)) ordered.row = row;
      else missing.add(this.key.text);
    }
    for (const key of this.parked.isEmpty ? [] : this.keysOfParked()) if (this.marks.high(key) === undefined) missing.add(key);
    if (missing.size === 0) return;
    const keys = [...missing];
    (await this.store.readMarks(keys)).forEach((mark, i) => {
      if (mark === undefined) return;
      this.marks.setHigh(keys[i] as string, mark.high);
      this.marks.setHoles(keys[i] as string, mark.holes);
    });
  }

  /** Of what may be released without being asked for: its rows, and those that say what was sent on before. */
  private keysOfParked(): string[] {
    const overdue = this.parked.overdue(this.clock.nowMs() - ORDER_HOLD_MS).map(({ markKey }) => markKey);
    return [...overdue, ...[...this.parked.rowsSentOn].map(sentOnMarkKey)];
  }

  /** The row’s highest sequence, as far as memory knows it; 0 when nothing of it is stored. */
  highOf(markKey: string): number {
    return this.marks.high(markKey) ?? 0;
  }

  /** True when memory knows the row’s mark. */
  knows(markKey: string): boolean {
    return this.marks.high(markKey) !== undefined;
  }

  /** Takes over what another inbox knows of a sender, unless this one knows more already. */
  adopt(markKey: string, mark: StoredMark): void {
    if (this.knows(markKey)) return;
    this.marks.setHigh(markKey, mark.high);
    this.marks.setHoles(markKey, [...mark.holes]);
  }

  /** Writes the row as it is known now. */
  writeMark(batch: StoreBatch, markKey: string): void {
    const high = this.marks.high(markKey);
    if (high !== undefined) batch.mark(markKey, { high, holes: this.marks.holesOf(markKey) }, this.clock.nowMs());
  }

  /** Takes what is parked for an inbox out of memory; it stays in the store until it is unparked. Between batches. */
  takeParked(inbox: Buffer): StoredParked[] {
    const taken = this.parked.of(inbox.toString('latin1'));
    for (const parked of taken) this.parked.remove(parked);
    return taken;
  }

  begin(batch: StoreBatch): void {
    this.batch = batch;
    this.entries.begin(batch);
    this.marks.begin();
    this.undos = [];
  }

  /** True when the envelope changed the log; false for a duplicate. `known` is its row where that was found already. */
  place(envelope: Buffer, destination: Destination, recipient: string, known = -1): boolean {
    if (destination.kind === 'outbox' && destination.isPassage === true) {
      this.put(envelope, destination, recipient);
      return true;
    }
    const isInbox = destination.kind === 'inbox';
    if (isInbox && this.holding.isPending(recipient)) return this.hold(envelope);
    const row = known >= 0 ? known : this.marks.row(this.key.ofEnvelope(envelope, destination));
    const high = this.marks.highAt(row);
    const first = envelopeSequence(envelope);
    const last = first + envelopeCount(envelope) - 1;
    if (high !== undefined && last <= high)
      return this.placeLate(envelope, { markKey: markKeyIn(destination, envelope), first, last, recipient });
    if (isInbox && !this.parked.isEmpty && this.parked.has(markKeyOf(envelope), first)) return this.duplicate();
    if (isInbox && first > 1 && this.inherits(envelope, high ?? 0, recipient))
      this.setHole(markKeyOf(envelope), { from: 0, to: first - 1 });
    else if (isInbox && envelopePrevious(envelope) > (high ?? 0)) return this.park(envelope, markKeyOf(envelope));
    const rest = high !== undefined && first <= high ? skipEntries(envelope, high - first + 1) : envelope;
    // v1 names no predecessor: what took this way before is one, and may take another from here on.
    const isBare = !isInbox && envelopePrevious(rest) === 0 && (high ?? 0) > 0;
    const fresh = isBare ? withPrevious(rest, high as number) : rest;
    this.append(fresh, row, last, destination, recipient);
    if (!this.parked.isEmpty) this.releaseReady(markKeyIn(destination, envelope));
    return true;
  }

  /** Delivers what has waited for ORDER_HOLD_MS without its predecessor; that one may still come and is then not a duplicate. */
  releaseOverdue(): void {
    if (this.parked.isEmpty) return;
    for (const parked of this.parked.overdue(this.clock.nowMs() - ORDER_HOLD_MS)) {
      if (this.holding.isPending(envelopeRecipient(parked.envelope).toString('latin1'))) continue;
      this.setHole(parked.markKey, { from: this.marks.high(parked.markKey) ?? 0, to: envelopePrevious(parked.envelope) });
      this.counters.released.value++;
      this.unpark(parked);
      this.releaseReady(parked.markKey);
    }
  }

  /** Keys of what waits for the recipients that `isMeant` names. */
  heldKeys(isMeant: (name: string) => boolean): string[] {
    return this.parked.keysOf(isMeant);
  }

  /** Places what waited for these recipients, in the order of its sequences; what lacks its predecessor waits on. */
  releaseHeld(isMeant: (name: string) => boolean): void {
    for (const row of this.parked.rowsOf(isMeant)) {
      for (const parked of row) this.takeOut(parked);
      for (const { envelope } of row) this.place(envelope, INBOX, envelopeRecipient(envelope).toString('latin1'));
    }
  }

  /** Sends what waits for recipients that live elsewhere now to where they do. */
  moveParked(isMeant: (name: string) => boolean, wayOf: (envelope: Buffer) => Way): void {
    for (const parked of this.parked.rowsOf(isMeant).flat()) {
      this.takeOut(parked);
      this.move(wayOf(parked.envelope));
    }
  }

  /** Puts what another log of this core held where it belongs; after its row was read. */
  move({ envelope, destination, recipient }: Way): void {
    if (destination.kind === 'inbox') {
      this.place(envelope, destination, recipient);
      return;
    }
    this.entries.put(envelope, destination, recipient);
  }

  /** Sends on what an inbox here held: should it come back, it is no duplicate. After its row was read. */
  moveAway(envelope: Buffer, way: Way): void {
    const row = this.marks.row(this.key.ofEnvelope(envelope, INBOX));
    const high = this.marks.highAt(row) ?? 0;
    const first = envelopeSequence(envelope);
    if (high >= first) {
      this.setHole(markKeyOf(envelope), { from: envelopePrevious(envelope) || first - 1, to: first + envelopeCount(envelope) - 1 });
      this.marks.touch(row, this.key, high);
    }
    this.move(way);
  }

  /** A row as a former owner of its user has it, with what is known here: what either has taken was taken. After its key was read. */
  merged(markKey: string, mark: StoredMark): StoredMark {
    const high = this.marks.high(markKey) ?? 0;
    return high === 0 ? mark : mergedMark({ high, holes: this.marks.holesOf(markKey) }, mark);
  }

  /** What memory knows of a row is out of date. */
  forget(markKey: string): void {
    this.marks.forget(markKey);
  }

  /** Writes the rows touched; what was placed is then announced after the commit. */
  async finish(turns: Turns): Promise<readonly Placed[]> {
    await this.marks.write(this.batch, this.clock.nowMs(), turns);
    return this.entries.placed;
  }

  /** The commit failed: nothing of the batch counts. */
  undo(): void {
    for (const undo of this.undos.reverse()) undo();
    this.marks.undo();
  }

  /** At or below the mark: a duplicate, unless it is one that was passed over. Those passed over may come in any order. */
  private placeLate(envelope: Buffer, place: { markKey: string; first: number; last: number; recipient: string }): boolean {
    const holes = this.marks.holesOf(place.markKey);
    // One that names no predecessor may have some.
    const left = filledHoles(holes, { ...place, previous: envelopePrevious(envelope) || place.first - 1 });
    if (left === undefined) return isSentOn(envelope) ? this.placeSentOn(envelope, place) : this.duplicate();
    const high = this.marks.high(place.markKey) as number;
    this.undos.push(() => this.marks.setHoles(place.markKey, holes));
    this.marks.setHoles(place.markKey, left);
    this.appendToRow(exactly(envelope), place.markKey, { last: high, destination: INBOX, recipient: place.recipient });
    return true;
  }

  /** Counts as taken by a mark that came from an older generation, which a lost region has given back. */
  private placeSentOn(envelope: Buffer, place: { markKey: string; first: number; last: number; recipient: string }): boolean {
    if (this.sentOn.has(place)) return this.duplicate();
    const high = this.marks.high(place.markKey) as number;
    this.appendToRow(exactly(envelope), place.markKey, { last: high, destination: INBOX, recipient: place.recipient });
    return true;
  }

  private duplicate(): boolean {
    this.counters.duplicates.value++;
    return false;
  }

  /** For a user who is being fetched. */
  private hold(envelope: Buffer): boolean {
    const markKey = markKeyOf(envelope);
    return this.parked.has(markKey, envelopeSequence(envelope)) ? this.duplicate() : this.park(envelope, markKey);
  }

  private park(envelope: Buffer, markKey: string): boolean {
    const parked = { markKey, envelope, parkedAtMs: this.clock.nowMs() };
    this.batch.park(parked);
    this.parked.add(parked);
    this.undos.push(() => this.parked.remove(parked));
    this.counters.parked.value++;
    return true;
  }

  /**
   * Of a lost region’s users nothing is known: their messages do not wait for what may never come, but it is no duplicate if it does. Nor is
   * what came before a message that names no predecessor.
   */
  private inherits(envelope: Buffer, high: number, recipient: string): boolean {
    return high === 0 && this.holding.hasHeirs() && this.holding.isHeir(recipient) && this.marks.holesOf(markKeyOf(envelope)).length === 0;
  }

  private isInherited(envelope: Buffer): boolean {
    return this.holding.hasHeirs() && this.holding.isHeir(envelopeRecipient(envelope).toString('latin1'));
  }

  private setHole(markKey: string, hole: { from: number; to: number }): void {
    const holes = this.marks.holesOf(markKey);
    this.undos.push(() => this.marks.setHoles(markKey, holes));
    this.marks.setHoles(markKey, withHole(holes, hole));
  }

  private releaseReady(markKey: string): void {
    for (;;) {
      const parked = this.parked.ready(markKey, this.marks.high(markKey) ?? 0);
      if (parked === undefined) return;
      this.unpark(parked);
    }
  }

  private unpark(parked: StoredParked): void {
    const { envelope, markKey } = parked;
    this.takeOut(parked);
    const last = envelopeSequence(envelope) + envelopeCount(envelope) - 1;
    this.appendToRow(envelope, markKey, { last, destination: INBOX, recipient: envelopeRecipient(envelope).toString('latin1') });
  }

  private takeOut(parked: StoredParked): void {
    this.parked.remove(parked);
    this.undos.push(() => this.parked.add(parked));
    this.batch.unpark(parked);
  }

  private appendToRow(envelope: Buffer, markKey: string, place: { last: number; destination: Destination; recipient: string }): void {
    this.append(envelope, this.marks.row(this.key.ofText(markKey)), place.last, place.destination, place.recipient);
  }

  /** `key` points at the row’s key where the row has no number yet. */
  private append(whole: Buffer, row: number, last: number, destination: Destination, recipient: string): void {
    const hasHoles = this.marks.hasHoles && this.marks.holesOf(markKeyIn(destination, whole)).length > 0;
    this.marks.touch(row, this.key, last);
    this.put(hasHoles ? exactly(whole) : whole, destination, recipient);
  }

  private put(envelope: Buffer, destination: Destination, recipient: string): void {
    const isArrival = destination.kind === 'inbox' && isSentOn(envelope);
    if (isArrival) this.undos.push(this.sentOn.note(envelope));
    this.entries.put(isArrival ? withoutFlags(envelope, ENVELOPE_SENT_ON) : envelope, destination, recipient);
  }
}
