import { errorLine } from '../contract/errors.ts';
import * as limits from '../contract/limits.ts';
import type { Refusal } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore, StoreBatch, StoredEnvelope } from '../ports/inbox-store.ts';
import type { AppendOrigin, AppendRequest } from '../ports/shard-owner.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { Durability } from '../wire/durability.ts';
import { envelopeCount, envelopeRecipient, envelopeSequence, markKeyOf, skipEntries } from '../wire/envelope.ts';
import { SEND_FRESH, SEND_RETRY } from '../wire/v2/send.ts';
import { PublisherFences } from './publisher-fences.ts';
import { SequenceMarks } from './sequence-marks.ts';

/** Milliseconds before a failed commit is followed by another. */
const COMMIT_RETRY_MS = 200;

/** Where an envelope belongs: an inbox of this core, or the outbox to another group. */
export type Destination = { readonly kind: 'inbox' } | { readonly kind: 'outbox'; readonly group: string };

export interface CommitterParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Called after the commit, in the order of the log. */
  committed(destination: Destination, recipient: string, entry: StoredEnvelope): void;
}

interface Entry {
  readonly request: AppendRequest;
  readonly destination: Destination;
  /** One byte a character. */
  readonly recipient: string;
  readonly markKey: string;
  /** What is stored: the request’s envelope, or its new part; undefined for a duplicate. */
  stored: StoredEnvelope | undefined;
}

/** A change that rides with the next commit: a removal, a cursor. Idempotent, since a failed commit is tried again. */
export interface Change {
  apply(batch: StoreBatch): void;
  /** Hears that the change is in the store. */
  done?: () => void;
  /** True when `done` must wait for the disk. */
  isSynced?: boolean;
}

/**
 * The log of one core: takes appends in the order they arrive, drops duplicates, gives positions and commits everything that waits as
 * one synced batch (C5, D3). While a batch is on its way to the disk the next one gathers, so the disk’s pace sets the batch. An answer
 * follows the commit it names, never before (L1).
 */
export class Committer {
  private readonly parts: CommitterParts;
  private readonly marks = new SequenceMarks(limits.DEDUP_MEMORY_MAX);
  private readonly fences = new PublisherFences();
  private readonly counters;
  private queue: Entry[] = [];
  private queuedBytes = 0;
  private changes: Change[] = [];
  private isRunning = false;
  private nextPosition: number;
  private reservedPosition: number;
  private idle: (() => void)[] = [];

  constructor(parts: CommitterParts) {
    this.parts = parts;
    this.nextPosition = parts.store.firstPosition;
    this.reservedPosition = this.nextPosition;
    const { telemetry } = parts;
    this.counters = {
      commits: telemetry.counter('iris_commits_total', 'Synced batches written to the log'),
      envelopes: telemetry.counter('iris_envelopes_committed_total', 'Envelopes appended to the log'),
      messages: telemetry.counter('iris_messages_committed_total', 'Messages appended to the log'),
      duplicates: telemetry.counter('iris_duplicates_total', 'Envelopes recognised as sent before'),
      refusals: telemetry.counter('iris_appends_refused_total', 'Envelopes refused by the owner'),
    };
    telemetry.gauge('iris_commit_queued_bytes', 'Bytes waiting for the next commit', () => this.queuedBytes);
  }

  append(request: AppendRequest, destination: Destination): void {
    const { envelope } = request;
    const recipient = envelopeRecipient(envelope).toString('latin1');
    if (this.queue.length >= limits.COMMIT_QUEUED_MAX || this.queuedBytes >= limits.COMMIT_QUEUED_BYTES_MAX) {
      const message = `${this.queue.length} envelopes of ${this.queuedBytes} bytes wait for the log, limits are ${limits.COMMIT_QUEUED_MAX} and ${limits.COMMIT_QUEUED_BYTES_MAX}`;
      this.refuse(request, recipient, { code: 'OVERLOADED', message, retryAfterMs: 200 });
      return;
    }
    this.queue.push({ request, destination, recipient, markKey: markKeyOf(envelope), stored: undefined });
    this.queuedBytes += envelope.length;
    this.start();
  }

  change(change: Change): void {
    this.changes.push(change);
    this.start();
  }

  refuse(request: AppendRequest, recipient: string, refusal: Refusal): void {
    this.counters.refusals.value++;
    this.fences.raise(request.origin, request.publisherId, recipient);
    request.origin.refused(request.correlation, Buffer.from(recipient, 'latin1'), refusal);
  }

  publisherEnded(origin: AppendOrigin, publisherId: number): void {
    this.fences.forgetPublisher(origin, publisherId);
  }

  originClosed(origin: AppendOrigin): void {
    this.fences.forgetOrigin(origin);
  }

  /** False for a position that this log has never reached: a cursor that names it belongs to another store. */
  hasGiven(position: number): boolean {
    return position < this.nextPosition;
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    if (!this.isRunning) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    // The burst that brought this append may bring more: they share the commit.
    this.parts.clock.soon(() => {
      this.run().catch((error: unknown) => this.parts.telemetry.log.error('committer-stopped', { reason: errorLine(error) }));
    });
  }

  private async run(): Promise<void> {
    while (this.queue.length > 0 || this.changes.length > 0) {
      const entries = this.takeEntries();
      const changes = this.changes;
      this.changes = [];
      await this.commitOnce(entries, changes);
    }
    this.isRunning = false;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private takeEntries(): Entry[] {
    let bytes = 0;
    let count = 0;
    while (count < this.queue.length && bytes < limits.COMMIT_BYTES_MAX) bytes += (this.queue[count++] as Entry).request.envelope.length;
    this.queuedBytes -= bytes;
    if (count === this.queue.length) {
      const all = this.queue;
      this.queue = [];
      return all;
    }
    return this.queue.splice(0, count);
  }

  private async commitOnce(entries: Entry[], changes: Change[]): Promise<void> {
    const previous = new Map<string, number | undefined>();
    try {
      await this.readMissingMarks(entries);
      const batch = this.parts.store.batch();
      const accepted = this.decide(entries, batch, previous);
      for (const change of changes) change.apply(batch);
      const sync = accepted.some((entry) => entry.stored !== undefined) || changes.some((change) => change.isSynced === true);
      await this.parts.store.commit(batch, { sync });
      this.counters.commits.value++;
      this.announce(accepted);
      for (const change of changes) change.done?.();
    } catch (error) {
      this.failed(entries, previous, error);
      // Changes are idempotent: they wait for the next try, which comes after a pause since the disk is in trouble.
      this.changes.unshift(...changes);
      await new Promise<void>((resolve) => {
        this.parts.clock.after(COMMIT_RETRY_MS, resolve);
      });
    }
  }

  /** A retry may be older than memory reaches: its mark is read before anything is decided, so that order needs no lock. */
  private async readMissingMarks(entries: readonly Entry[]): Promise<void> {
    const missing = new Set<string>();
    for (const { request, markKey } of entries) {
      if ((request.flags & SEND_RETRY) !== 0 && this.marks.get(markKey) === undefined) missing.add(markKey);
    }
    if (missing.size === 0) return;
    const keys = [...missing];
    const found = await this.parts.store.readMarks(keys);
    found.forEach((mark, i) => {
      if (mark !== undefined) this.marks.set(keys[i] as string, mark);
    });
  }

  /** Gives each entry its place in the batch; returns those to be acknowledged with it. */
  private decide(entries: readonly Entry[], batch: StoreBatch, previous: Map<string, number | undefined>): Entry[] {
    const accepted: Entry[] = [];
    for (const entry of entries) {
      if (this.isFenced(entry)) {
        this.refuse(entry.request, entry.recipient, {
          code: 'REFUSED_IN_ORDER',
          message: 'an earlier message to this recipient was refused',
          retryAfterMs: 0,
        });
        continue;
      }
      accepted.push(entry);
      this.place(entry, batch, previous);
    }
    const nowMs = this.parts.clock.nowMs();
    for (const key of previous.keys()) batch.mark(key, this.marks.get(key) as number, nowMs);
    return accepted;
  }

  private isFenced({ request, recipient }: Entry): boolean {
    if (this.fences.isEmpty) return false;
    if ((request.flags & SEND_FRESH) !== 0) this.fences.lower(request.origin, request.publisherId, recipient);
    return this.fences.has(request.origin, request.publisherId, recipient);
  }

  private place(entry: Entry, batch: StoreBatch, previous: Map<string, number | undefined>): void {
    const { envelope } = entry.request;
    const first = envelopeSequence(envelope);
    const last = first + envelopeCount(envelope) - 1;
    const mark = this.marks.get(entry.markKey);
    if (mark !== undefined && last <= mark) {
      this.counters.duplicates.value++;
      return;
    }
    const fresh = mark !== undefined && first <= mark ? skipEntries(envelope, mark - first + 1) : envelope;
    if (!previous.has(entry.markKey)) previous.set(entry.markKey, mark);
    this.marks.set(entry.markKey, last);
    const position = this.takePosition();
    entry.stored = { position, envelope: fresh, firstIndex: 0 };
    if (entry.destination.kind === 'inbox') batch.appendInbox(envelopeRecipient(fresh), 0, position, fresh);
    else batch.appendOutbox(entry.destination.group, position, fresh);
  }

  private takePosition(): number {
    const position = this.nextPosition++;
    if (position >= this.reservedPosition) {
      this.reservedPosition = position + limits.POSITIONS_RESERVED;
      this.parts.store.reservePositions(this.reservedPosition);
    }
    return position;
  }

  private announce(accepted: readonly Entry[]): void {
    const origins = new Set<AppendOrigin>();
    for (const { request, destination, recipient, stored } of accepted) {
      request.origin.appended(request.correlation, Durability.D2);
      origins.add(request.origin);
      if (stored === undefined) continue;
      this.counters.envelopes.value++;
      this.counters.messages.value += envelopeCount(stored.envelope);
      this.parts.committed(destination, recipient, stored);
    }
    for (const origin of origins) origin.settled();
  }

  /** Nothing of the batch counts: marks go back, every entry is refused and fenced. */
  private failed(entries: readonly Entry[], previous: Map<string, number | undefined>, error: unknown): void {
    this.parts.telemetry.log.error('commit-failed', { entries: entries.length, reason: errorLine(error) });
    for (const [key, mark] of previous) {
      if (mark === undefined) this.marks.delete(key);
      else this.marks.set(key, mark);
    }
    for (const { request, recipient } of entries) {
      this.refuse(request, recipient, {
        code: 'STORE_FAILED',
        message: `the log could not commit: ${errorLine(error)}`,
        retryAfterMs: 500,
      });
    }
  }
}
