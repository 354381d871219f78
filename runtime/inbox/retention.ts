import { errorLine } from '../contract/errors.ts';
import { GapReason, type InboxGap, joinGaps } from '../contract/inbox-gap.ts';
import { PAGE_BYTES_MAX, PAGE_ENVELOPES_MAX, RETENTION_REPORT_MAX, RETENTION_SWEEP_MS } from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { type InboxStore, RecordKind, type StoreBatch, type StoredEnvelope } from '../ports/inbox-store.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { envelopeCount, envelopeStamp, stampMs } from '../wire/envelope.ts';
import type { Change } from './change.ts';
import { durably } from './durable-change.ts';
import type { Gaps } from './gaps.ts';
import { PositionTimes } from './position-times.ts';

export interface RetentionParts {
  readonly store: InboxStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly gaps: Gaps;
  /** Milliseconds a message may wait in an inbox, and in an outbox. */
  readonly inboxMs: number;
  readonly outboxMs: number;
  change(change: Change): void;
  /** The gap is in the store. */
  added(user: Buffer, gap: InboxGap): void;
  nextPosition(): number;
  /** True while someone reads the inbox: what is being delivered does not expire. */
  isRead(user: Buffer): boolean;
}

/** Messages that were taken out, and when the first and the last of them were sent. */
export interface Expired {
  readonly messages: number;
  readonly firstSentAtMs: number;
  readonly lastSentAtMs: number;
}

/** RETENTION_REPORT_MAX of each at the most. */
export interface RetentionReport {
  readonly inboxes: readonly ({ readonly user: string } & Expired)[];
  readonly outboxes: readonly ({ readonly group: string } & Expired)[];
}

const FIRST_BUCKET = 0;
const PAGE = { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax: PAGE_BYTES_MAX };
/** The record of position times is the store’s own, so its name is no user’s. */
const NOBODY = Buffer.alloc(0);

/**
 * Takes out of inboxes and outboxes what has waited longer than they keep it, and leaves word of it: a gap that the reader hears of
 * before what follows (L4), a log line and a count for an outbox. One removal and its gap are one commit. Owns one timer.
 */
export class Retention {
  private readonly parts: RetentionParts;
  private readonly times = new PositionTimes();
  private readonly counters;
  private readonly sweepMs: number;
  private readonly outboxes: ({ group: string } & Expired)[] = [];
  private timer: Timer | undefined;
  private isStopped = false;

  constructor(parts: RetentionParts) {
    this.parts = parts;
    this.sweepMs = Math.min(RETENTION_SWEEP_MS, Math.ceil(Math.min(parts.inboxMs, parts.outboxMs) / 4));
    const { telemetry } = parts;
    this.counters = {
      inbox: telemetry.counter('iris_inbox_expired_total', 'Messages that waited too long in an inbox and were taken out'),
      outbox: telemetry.counter('iris_outbox_expired_total', 'Messages that waited too long for another group and were taken out'),
    };
    telemetry.gauge('iris_gaps', 'Inboxes whose reader has not yet heard of missing messages', () => parts.gaps.size);
  }

  async load(): Promise<void> {
    const row = await this.parts.store.readRecord(RecordKind.positionTimes, NOBODY);
    if (row !== undefined) this.times.load(row);
    this.sweepLater();
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.stop();
  }

  private sweepLater(): void {
    this.note();
    this.timer = this.parts.clock.after(this.sweepMs, () => {
      this.sweep()
        .catch((error: unknown) => this.parts.telemetry.log.error('retention-failed', { reason: errorLine(error) }))
        .finally(() => {
          if (!this.isStopped) this.sweepLater();
        });
    });
  }

  private note(): void {
    if (!this.times.note(this.parts.nextPosition(), this.parts.clock.nowMs())) return;
    const row = this.times.encode();
    this.parts.change({ apply: (batch) => batch.setRecord(RecordKind.positionTimes, NOBODY, row) });
  }

  /** What was taken out: inboxes whose reader has not heard of it, and the latest of outboxes since the node started. */
  get report(): RetentionReport {
    const inboxes = this.parts.gaps.list(RETENTION_REPORT_MAX).map(({ user, gap }) => ({ user, ...told(gap) }));
    return { inboxes, outboxes: this.outboxes };
  }

  private async sweep(): Promise<void> {
    const { store, clock, inboxMs, outboxMs } = this.parts;
    const now = clock.nowMs();
    const [inboxBefore, outboxBefore] = [this.times.firstSince(now - inboxMs), this.times.firstSince(now - outboxMs)];
    this.times.forgetBefore(now - Math.max(inboxMs, outboxMs));
    for (const group of outboxBefore === 0 ? [] : await store.outboxGroups()) await this.expireOutbox(group, outboxBefore);
    if (inboxBefore === 0) return;
    for (const user of store.inboxesBefore(inboxBefore)) {
      if (this.isStopped) return;
      if (user === undefined) await this.pause();
      else await this.expireInbox(user, inboxBefore);
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.parts.clock.soon(resolve);
    });
  }

  private async expireInbox(user: Buffer, before: number): Promise<void> {
    const { store, gaps } = this.parts;
    while (!this.parts.isRead(user)) {
      const page = (await store.readInbox(user, FIRST_BUCKET, 0, PAGE)).filter(({ position }) => position < before);
      if (page.length === 0) return;
      const gap = gapOf(page);
      const isDone = await this.commit((batch) => {
        // Someone may have begun to read meanwhile: then it is delivered instead.
        if (this.parts.isRead(user)) return false;
        batch.trimInbox(user, FIRST_BUCKET, { position: gap.through, index: 0xffff });
        gaps.write(batch, user, gap);
        return true;
      });
      if (!isDone) return;
      this.parts.added(user, gap);
      this.counters.inbox.value += gap.messages;
      this.parts.telemetry.log.warn('inbox-expired', { messages: gap.messages, from: gap.from, through: gap.through });
    }
  }

  private async expireOutbox(group: string, before: number): Promise<void> {
    for (;;) {
      const page = (await this.parts.store.readOutbox(group, 0, PAGE)).filter(({ position }) => position < before);
      if (page.length === 0) return;
      const gap = gapOf(page);
      await this.commit((batch) => {
        for (const { position } of page) batch.removeOutbox(group, position);
        return true;
      });
      this.counters.outbox.value += gap.messages;
      this.outboxes.push({ group, ...told(gap) });
      if (this.outboxes.length > RETENTION_REPORT_MAX) this.outboxes.shift();
      this.parts.telemetry.log.error('outbox-expired', { group, messages: gap.messages, from: gap.from, through: gap.through });
    }
  }

  /** Resolves when it is on the disk, to what `apply` said. */
  private async commit(apply: (batch: StoreBatch) => boolean): Promise<boolean> {
    let isDone = false;
    await durably((change) => this.parts.change(change), {
      apply: (batch) => {
        isDone = apply(batch);
      },
    });
    return isDone;
  }
}

function gapOf(page: readonly StoredEnvelope[]): InboxGap {
  const gaps = page.map(({ position, envelope, firstIndex }): InboxGap => {
    const [stamp, messages] = [envelopeStamp(envelope), envelopeCount(envelope) - firstIndex];
    return {
      bucket: FIRST_BUCKET,
      from: position,
      through: position,
      messages,
      firstStamp: stamp,
      lastStamp: stamp,
      reason: GapReason.expired,
    };
  });
  return gaps.reduce(joinGaps);
}

function told({ messages, firstStamp, lastStamp }: InboxGap): Expired {
  return { messages, firstSentAtMs: stampMs(firstStamp), lastSentAtMs: stampMs(lastStamp) };
}
