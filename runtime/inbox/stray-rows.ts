import { isBucketName, userOfInbox } from '../contract/bucket-name.ts';
import { errorLine } from '../contract/errors.ts';
import { HANDOVER_MARKS_MAX, PAGE_BYTES_MAX, PAGE_ENVELOPES_MAX } from '../contract/limits.ts';
import type { SlotRouter } from '../contract/slot-map.ts';
import type { Clock } from '../ports/clock.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import {
  ENVELOPE_SENT_ON,
  envelopeRecipient,
  inboxOfMarkKey,
  markKeyOf,
  markKeyOfInbox,
  readdress,
  skipEntries,
  withFlags,
} from '../wire/envelope.ts';
import type { Change } from './change.ts';
import { INBOX, type Way } from './destination.ts';
import { durably } from './durable-change.ts';
import { ownerOfMark } from './mark-owner.ts';
import { sentOnMarkKey } from './sent-on-marks.ts';
import { statusNoteOf } from './status-ledger.ts';

export interface StrayRowsParts {
  readonly store: InboxStore;
  readonly slots: SlotMaps;
  readonly region: string;
  readonly group: string;
  /** Whether the inbox takes no more messages; one byte a character. */
  readonly isSealed: (inbox: string) => boolean;
  readonly settled: () => Promise<void>;
  readonly change: (change: Change) => void;
  readonly nextPosition: () => number;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

/** What a core of a lost region that has come back still has to send on before its users may be fetched for it again. */
export interface StrayProgress {
  /** Users whose messages are still in an inbox here; null before they have been counted. */
  readonly users: number | null;
  /** Groups whose outbox here still holds what was there when the last of those users had been sent; null before. */
  readonly outboxes: readonly string[] | null;
}

/** Milliseconds before another try after a store that could not be read, and between looks at outboxes. */
const STRAYS_RETRY_MS = 1_000;
const PAGE = { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax: PAGE_BYTES_MAX };
const FIRST = { envelopesMax: 1, bytesMax: 1 };

/**
 * What waits here for users who live elsewhere goes there: at once what is parked, and what nobody will fetch of their inboxes, since this core
 * was lost when its shards were given to others and has come back. The outbox takes it to them; what they have already is dropped there as a
 * duplicate (L2). So does what is in buckets here of users whose region was given up, whose one inbox does not name them.
 */
export class StrayRows {
  private readonly parts: StrayRowsParts;
  private users: number | null = null;
  private outboxes: readonly string[] | null = null;

  constructor(parts: StrayRowsParts) {
    this.parts = parts;
    // Before the store has been read it is not known, and 0 would say that users may be fetched for this core.
    parts.telemetry.gauge(
      'iris_strays_left',
      'Users and outboxes that a core which was lost still has to send on; NaN before it is known',
      () => (this.users === null || this.outboxes === null ? Number.NaN : this.users + this.outboxes.length),
    );
  }

  /** Users whose messages were left behind here and go to their new owners; null while they are looked for. */
  get usersLeft(): number | null {
    return this.users;
  }

  /** Undefined for a core that was not lost. */
  get progress(): StrayProgress | undefined {
    const { slots, region } = this.parts;
    return slots.current.isLost(region) ? { users: this.users, outboxes: this.outboxes } : undefined;
  }

  /** At the start, and by each newer map. */
  send(): void {
    const { slots, telemetry } = this.parts;
    const { current } = slots;
    [this.users, this.outboxes] = [null, null];
    this.sendBy(current).then(
      (users) => {
        if (users > 0) telemetry.log.info('strays-sent', { users });
        if (slots.current === current) this.watchOutboxes(current, this.parts.nextPosition());
      },
      (error: unknown) => {
        telemetry.log.error('strays-failed', { reason: errorLine(error) });
        this.later(current, () => this.send());
      },
    );
  }

  private later(router: SlotRouter, callback: () => void): void {
    this.parts.clock.after(STRAYS_RETRY_MS, () => {
      if (this.parts.slots.current === router) callback();
    });
  }

  /** Resolves to how many users had something here that nobody will fetch. */
  private async sendBy(current: SlotRouter): Promise<number> {
    const { store, group, region, settled } = this.parts;
    const isStray = (name: string) =>
      current.homeOfUser(Buffer.from(name, 'latin1')).group !== group || this.isOrphan(current, Buffer.from(name, 'latin1'));
    const isNow = () => this.parts.slots.current === current;
    // What was queued by the map before may be held, too.
    await settled();
    await this.commit({
      markKeys: (order) => (isNow() ? order.heldKeys(isStray).map((key) => this.rowOf(current, key)) : []),
      decide: (order) => {
        if (isNow()) order.moveParked(isStray, (envelope) => this.wayOf(current, envelope));
      },
      apply: () => undefined,
    });
    const users: string[] = [];
    if (current.map.moving === undefined || current.isLost(region) || current.isAstray(region)) {
      await settled();
      await store.survey({ inbox: (name) => void (isStray(name) && users.push(name)) });
    }
    for (const [sent, name] of users.entries()) {
      if (this.parts.slots.current !== current) return sent;
      this.users = users.length - sent;
      await this.sendOne(current, Buffer.from(name, 'latin1'));
    }
    if (current.isAstray(region)) await this.sendStatuses(current);
    if (this.parts.slots.current === current) this.users = 0;
    return users.length;
  }

  /**
   * What became of the messages of senders whose region was given up: told here before it was, and asked for where they live now (L6). One that has its
   * users back has kept it for them.
   */
  private async sendStatuses(router: SlotRouter): Promise<void> {
    const { store, slots, group } = this.parts;
    const keys: string[] = [];
    const mark = (key: string) => {
      const { user, use } = ownerOfMark(key);
      if (use === 'status' && router.homeOfUser(Buffer.from(user, 'latin1')).group !== group) keys.push(key);
    };
    await store.survey({ inbox: () => undefined, mark });
    const isWanted = () => slots.current === router;
    for (let from = 0; from < keys.length && isWanted(); from += HANDOVER_MARKS_MAX) {
      const page = keys.slice(from, from + HANDOVER_MARKS_MAX);
      const marks = await store.readMarks(page);
      const notes = page.flatMap((key, i) => (marks[i] === undefined ? [] : [statusNoteOf(key, marks[i])]));
      await this.commit({
        notes: () => (isWanted() ? notes : []),
        apply: (batch) => {
          if (isWanted()) for (const key of page) batch.mark(key, { high: 0, holes: [] }, 0);
        },
      });
    }
  }

  private async sendOne(router: SlotRouter, user: Buffer): Promise<void> {
    const { store, slots } = this.parts;
    const name = user.toString('latin1');
    for (let after = 0; slots.current === router; ) {
      const rows = await store.readInbox(user, 0, after, PAGE);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.position;
      // By a newer map they may have become this core’s own while they were read.
      const isWanted = () => slots.current === router;
      const envelopes = rows.map(({ envelope, firstIndex }) => {
        const rest = firstIndex > 0 ? skipEntries(envelope, firstIndex) : envelope;
        // Newer generations count it as taken.
        return this.parts.isSealed(name) ? withFlags(rest, ENVELOPE_SENT_ON) : rest;
      });
      await this.commit({
        markKeys: () => envelopes.flatMap((envelope) => this.rowsOf(router, markKeyOf(envelope))),
        decide: (order) => {
          if (!isWanted()) return;
          for (const envelope of envelopes) order.moveAway(envelope, this.wayOf(router, envelope));
        },
        apply: (batch) => {
          if (isWanted()) for (const { position } of rows) batch.removeInbox(user, 0, position);
        },
      });
    }
  }

  /** Looks until nothing is left in any outbox of what was there before position `end`. */
  private watchOutboxes(router: SlotRouter, end: number): void {
    this.outboxesBefore(end).then(
      (groups) => {
        if (this.parts.slots.current !== router) return;
        this.outboxes = groups;
        if (groups.length > 0) this.later(router, () => this.watchOutboxes(router, end));
      },
      (error: unknown) => {
        this.parts.telemetry.log.error('outbox-read-failed', { reason: errorLine(error) });
        this.later(router, () => this.watchOutboxes(router, end));
      },
    );
  }

  private async outboxesBefore(end: number): Promise<string[]> {
    const { store, region, slots } = this.parts;
    if (!slots.current.isLost(region)) return [];
    const groups = await store.outboxGroups();
    const firsts = await Promise.all(groups.map((group) => store.readOutbox(group, 0, FIRST)));
    return groups.filter((_, i) => (firsts[i]?.[0]?.position ?? end) < end);
  }

  /** A bucket of a user whose region was given up: the layout that names it is there, and its user has one inbox elsewhere. */
  private isOrphan(router: SlotRouter, inbox: Buffer): boolean {
    if (router.map.moving !== undefined || !isBucketName(inbox)) return false;
    return router.isGivenUp(userOfInbox(inbox), this.parts.clock.nowMs());
  }

  /** Whose it is now: the user’s own inbox in the place of a bucket that nobody may know any more. */
  private ownerOf(router: SlotRouter, inbox: Buffer): Buffer {
    const isUnknown = isBucketName(inbox) && (router.isAstray(this.parts.region) || this.isOrphan(router, inbox));
    return isUnknown ? userOfInbox(inbox) : inbox;
  }

  /** The key of the row that something of this row comes into. */
  private rowOf(router: SlotRouter, markKey: string): string {
    return markKeyOfInbox(markKey, this.ownerOf(router, Buffer.from(inboxOfMarkKey(markKey), 'latin1')));
  }

  /** Every row that sending on something of this one looks at. */
  private rowsOf(router: SlotRouter, markKey: string): string[] {
    const row = this.rowOf(router, markKey);
    return [markKey, row, sentOnMarkKey(row)];
  }

  private wayOf(router: SlotRouter, envelope: Buffer): Way {
    const inbox = envelopeRecipient(envelope);
    const owner = this.ownerOf(router, inbox);
    const { group } = router.homeOfUser(owner);
    return {
      envelope: owner.length === inbox.length ? envelope : readdress(envelope, owner),
      destination: group === this.parts.group ? INBOX : { kind: 'outbox', group, isPassage: true },
      recipient: owner.toString('latin1'),
    };
  }

  private commit(change: Parameters<typeof durably>[1]): Promise<void> {
    return durably(this.parts.change, change);
  }
}
