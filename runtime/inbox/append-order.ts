import { userTextOfInbox } from '../contract/bucket-name.ts';
import {
  DEDUP_MEMORY_MAX,
  FULL_RETRY_MS,
  ORDER_HOLD_MS,
  PARKED_BYTES_MAX,
  STORE_FULL_RETRY_MS,
  WAITING_ENVELOPES_MAX,
  WAITING_INBOXES_MAX,
} from '../contract/limits.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore, StoreBatch, StoredEnvelope, StoredMark, StoredParked } from '../ports/inbox-store.ts';
import type { AppendRequest } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import {
  ENVELOPE_STATUS_EXACT,
  ENVELOPE_STATUS_WANTED,
  envelopeCount,
  envelopeFlags,
  envelopePrevious,
  envelopeRecipient,
  envelopeSequence,
  inboxOfMarkKey,
  skipEntries,
  withFlags,
  withPrevious,
} from '../wire/envelope.ts';
import { SEND_RETRY } from '../wire/v2/send.ts';
import { ParkedEnvelopes } from './parked-envelopes.ts';
import { type MarkedRow, SequenceMarks } from './sequence-marks.ts';

/** Where an envelope belongs: an inbox of this core, or the outbox to another group. */
export type Destination =
  | { readonly kind: 'inbox' }
  | {
      readonly kind: 'outbox';
      readonly group: string;
      /** What was readdressed comes here on several ways: in any order, and only its inbox can tell what came before. */
      readonly isPassage?: boolean;
    };

export const INBOX: Destination = { kind: 'inbox' };

const INBOX_FULL: Refusal = {
  code: 'INBOX_FULL',
  message: 'the recipient’s inbox holds as much as it may until it is read',
  retryAfterMs: FULL_RETRY_MS,
};
const STORE_FULL: Refusal = {
  code: 'OVERLOADED',
  message: `${WAITING_ENVELOPES_MAX} envelopes or ${WAITING_INBOXES_MAX} inboxes wait in this core, the limits`,
  retryAfterMs: STORE_FULL_RETRY_MS,
};
const PARKED_FULL: Refusal = {
  code: 'OVERLOADED',
  message: `messages that wait for their predecessors take ${PARKED_BYTES_MAX} bytes, the limit`,
  retryAfterMs: 1_000,
};

/** Something that entered a log. */
export interface Placed {
  readonly destination: Destination;
  /** One byte a character. */
  readonly recipient: string;
  readonly entry: StoredEnvelope;
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
  /** Nothing may be placed for the user yet. */
  isPending(name: string): boolean;
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
  private readonly parked = new ParkedEnvelopes();
  private readonly counters;
  private readonly takePosition: () => number;
  private readonly holding: Holding;
  private batch: StoreBatch;
  private placed: Placed[] = [];
  private touched: MarkedRow[] = [];
  private undos: (() => void)[] = [];

  constructor(parts: AppendOrderParts) {
    this.store = parts.store;
    this.heldBack = parts.heldBack;
    this.clock = parts.clock;
    this.takePosition = parts.takePosition;
    this.holding = parts.holding;
    this.batch = parts.store.batch();
    const { telemetry } = parts;
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
  refusalOf(envelope: Buffer, place: { markKey: string; destination: Destination; recipient: string }): Refusal | undefined {
    const { store, parked, heldBack } = this;
    if (!store.isFull && !store.hasFullRows && !parked.isFull && heldBack.size === 0) return undefined;
    const high = this.marks.high(place.markKey) ?? 0;
    const first = envelopeSequence(envelope);
    if (first + envelopeCount(envelope) - 1 <= high || parked.has(place.markKey, first)) return undefined;
    if (store.isFull) return STORE_FULL;
    if (place.destination.kind === 'outbox') {
      if (heldBack.has(userTextOfInbox(place.recipient))) return INBOX_FULL;
      return store.isOutboxFull(place.destination.group) ? outboxFull(place.destination.group) : undefined;
    }
    if (store.isInboxFull(envelopeRecipient(envelope), 0)) return INBOX_FULL;
    if (!parked.isFull) return undefined;
    return envelopePrevious(envelope) > high || this.holding.isPending(place.recipient) ? PARKED_FULL : undefined;
  }

  get hasParked(): boolean {
    return !this.parked.isEmpty;
  }

  /**
   * Reads the marks that memory has lost, for every request that could be a duplicate or too early, and for `others`. Before anything is decided, so that
   * order needs no lock.
   */
  async readMissingMarks(requests: Iterable<{ request: AppendRequest; markKey: string }>, others: readonly string[] = []): Promise<void> {
    const missing = new Set<string>(others.filter((markKey) => this.marks.high(markKey) === undefined));
    for (const { request, markKey } of requests) {
      const mayMatter = (request.flags & SEND_RETRY) !== 0 || envelopePrevious(request.envelope) > 0;
      if (mayMatter && this.marks.high(markKey) === undefined) missing.add(markKey);
    }
    if (missing.size === 0) return;
    const keys = [...missing];
    (await this.store.readMarks(keys)).forEach((mark, i) => {
      if (mark === undefined) return;
      this.marks.setHigh(keys[i] as string, mark.high);
      this.marks.setHoles(keys[i] as string, mark.holes);
    });
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
    this.placed = [];
    for (const row of this.touched) row.isTouched = false;
    this.touched = [];
    this.undos = [];
  }

  /** True when the envelope changed the log; false for a duplicate. */
  place(envelope: Buffer, markKey: string, destination: Destination, recipient: string): boolean {
    if (destination.kind === 'outbox' && destination.isPassage === true) {
      this.put(envelope, destination, recipient);
      return true;
    }
    const first = envelopeSequence(envelope);
    const last = first + envelopeCount(envelope) - 1;
    const isHeld = destination.kind === 'inbox' && this.holding.isPending(recipient);
    if (isHeld) return this.parked.has(markKey, first) ? this.duplicate() : this.park(envelope, markKey);
    const row = this.marks.row(markKey);
    const high = row?.high;
    if (high !== undefined && last <= high) return this.placeLate(envelope, { markKey, first, last, recipient });
    if (destination.kind === 'inbox') {
      if (!this.parked.isEmpty && this.parked.has(markKey, first)) return this.duplicate();
      if (envelopePrevious(envelope) > (high ?? 0) && !this.inherits(markKey, high ?? 0, recipient)) return this.park(envelope, markKey);
      if (envelopePrevious(envelope) > (high ?? 0)) this.setHole(markKey, { from: 0, to: envelopePrevious(envelope) });
    }
    const rest = high !== undefined && first <= high ? skipEntries(envelope, high - first + 1) : envelope;
    // v1 names no predecessor: what took this way before is one, and may take another from here on.
    const isBare = destination.kind === 'outbox' && envelopePrevious(rest) === 0 && (high ?? 0) > 0;
    const fresh = isBare ? withPrevious(rest, high as number) : rest;
    this.append(fresh, { markKey, last, destination, recipient }, row);
    if (!this.parked.isEmpty) this.releaseReady(markKey);
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
    return this.parked.rowsOf(isMeant).flatMap(([first]) => (first === undefined ? [] : [first.markKey]));
  }

  /** The recipients among them for whom something waits. */
  heldNames(isMeant: (name: string) => boolean): string[] {
    return this.parked.rowsOf(isMeant).flatMap(([first]) => (first === undefined ? [] : [inboxOfMarkKey(first.markKey)]));
  }

  /** Places what waited for these recipients, in the order of its sequences; what lacks its predecessor waits on. */
  releaseHeld(isMeant: (name: string) => boolean): void {
    for (const row of this.parked.rowsOf(isMeant)) {
      for (const parked of row) this.takeOut(parked);
      for (const { envelope, markKey } of row) this.place(envelope, markKey, INBOX, envelopeRecipient(envelope).toString('latin1'));
    }
  }

  /** Sends what waits for recipients that live elsewhere now to where they do. */
  moveParked(isMeant: (name: string) => boolean, outboxOf: (recipient: Buffer) => Destination & { kind: 'outbox' }): void {
    for (const parked of this.parked.rowsOf(isMeant).flat()) {
      const recipient = envelopeRecipient(parked.envelope);
      this.takeOut(parked);
      this.move(parked.envelope, outboxOf(recipient), recipient.toString('latin1'));
    }
  }

  /** Puts what another log of this core held into an outbox. */
  move(envelope: Buffer, destination: Destination & { kind: 'outbox' }, recipient: string): void {
    const entry = { position: this.takePosition(), envelope, firstIndex: 0 };
    this.batch.appendOutbox(destination.group, entry.position, envelope);
    this.placed.push({ destination, recipient, entry });
  }

  /** What memory knows of a row is out of date. */
  forget(markKey: string): void {
    this.marks.forget(markKey);
  }

  /** Writes the rows touched; what was placed is then announced after the commit. */
  finish(): readonly Placed[] {
    const nowMs = this.clock.nowMs();
    for (const { key, high } of this.touched) this.batch.mark(key, { high, holes: this.marks.holesOf(key) }, nowMs);
    return this.placed;
  }

  /** The commit failed: nothing of the batch counts. */
  undo(): void {
    for (const undo of this.undos.reverse()) undo();
    for (const row of this.touched) {
      if (row.before === undefined) this.marks.forget(row.key);
      else row.high = row.before;
    }
  }

  /** At or below the mark: a duplicate, unless it is one that was passed over. Those passed over may come in any order. */
  private placeLate(envelope: Buffer, place: { markKey: string; first: number; last: number; recipient: string }): boolean {
    const holes = this.marks.holesOf(place.markKey);
    const hole = holes.find(({ from, to }) => place.first > from && place.last <= to);
    if (hole === undefined) return this.duplicate();
    const high = this.marks.high(place.markKey) as number;
    this.undos.push(() => this.marks.setHoles(place.markKey, holes));
    const previous = envelopePrevious(envelope);
    const before = previous > hole.from ? [{ from: hole.from, to: previous }] : [];
    const after = place.last < hole.to ? [{ from: place.last, to: hole.to }] : [];
    this.marks.setHoles(place.markKey, [...holes.filter((other) => other !== hole), ...before, ...after]);
    this.append(exactly(envelope), { markKey: place.markKey, last: high, destination: INBOX, recipient: place.recipient });
    return true;
  }

  private duplicate(): boolean {
    this.counters.duplicates.value++;
    return false;
  }

  private park(envelope: Buffer, markKey: string): boolean {
    const parked = { markKey, envelope, parkedAtMs: this.clock.nowMs() };
    this.batch.park(parked);
    this.parked.add(parked);
    this.undos.push(() => this.parked.remove(parked));
    this.counters.parked.value++;
    return true;
  }

  /** Of a lost region’s users nothing is known: their messages do not wait for what may never come, but it is not a duplicate if it does. */
  private inherits(markKey: string, high: number, recipient: string): boolean {
    return high === 0 && this.marks.holesOf(markKey).length === 0 && this.holding.isHeir(recipient);
  }

  private setHole(markKey: string, hole: { from: number; to: number }): void {
    const holes = this.marks.holesOf(markKey);
    this.undos.push(() => this.marks.setHoles(markKey, holes));
    this.marks.setHoles(markKey, [...holes, hole]);
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
    this.append(envelope, { markKey, last, destination: INBOX, recipient: envelopeRecipient(envelope).toString('latin1') });
  }

  private takeOut(parked: StoredParked): void {
    this.parked.remove(parked);
    this.undos.push(() => this.parked.add(parked));
    this.batch.unpark(parked);
  }

  private append(
    whole: Buffer,
    place: { markKey: string; last: number; destination: Destination; recipient: string },
    row = this.marks.row(place.markKey),
  ): void {
    const { markKey, destination, recipient } = place;
    const envelope = this.marks.holesOf(markKey).length > 0 ? exactly(whole) : whole;
    this.touch(row, markKey, place.last);
    this.put(envelope, destination, recipient);
  }

  private touch(known: MarkedRow | undefined, key: string, high: number): void {
    const row = known ?? this.marks.add(key, high);
    if (!row.isTouched) {
      row.isTouched = true;
      row.before = known?.high;
      this.touched.push(row);
    }
    row.high = high;
  }

  private put(envelope: Buffer, destination: Destination, recipient: string): void {
    const entry = { position: this.takePosition(), envelope, firstIndex: 0 };
    if (destination.kind === 'inbox') this.batch.appendInbox(envelopeRecipient(envelope), 0, entry.position, envelope);
    else this.batch.appendOutbox(destination.group, entry.position, envelope);
    this.placed.push({ destination, recipient, entry });
  }
}

function outboxFull(group: string): Refusal {
  return { code: 'OUTBOX_FULL', message: `the outbox to ${group} holds as much as it may`, retryAfterMs: FULL_RETRY_MS };
}

/** An earlier message may come after this one, so the delivery of this one says nothing of it. */
function exactly(envelope: Buffer): Buffer {
  return (envelopeFlags(envelope) & ENVELOPE_STATUS_WANTED) === 0 ? envelope : withFlags(envelope, ENVELOPE_STATUS_EXACT);
}
