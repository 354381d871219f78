import { errorLine } from '../contract/errors.ts';
import { HANDOVER_RETRY_MS, HANDOVER_SWEEP_MS } from '../contract/limits.ts';
import type { ShardHome, SlotRouter } from '../contract/slot-map.ts';
import type { Clock } from '../ports/clock.ts';
import type { HandoverPeers, PullAnswer, PulledMark } from '../ports/handover.ts';
import type { InboxStore, RecordKind, StoreBatch } from '../ports/inbox-store.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { inboxOfMarkKey } from '../wire/envelope.ts';
import type { Change } from './change.ts';
import { durably } from './durable-change.ts';
import { FetchQueue } from './fetch-queue.ts';
import { FetchedUsers } from './fetched-users.ts';
import { ownerOfMark } from './mark-owner.ts';
import { holdOwnRows } from './own-rows.ts';
import { type StatusNote, statusNoteOf } from './status-ledger.ts';

/** Hears who has come. */
export interface Arrivals {
  /** An inbox is here with these records, or as it was when it left where it had never come there; true when what waited for it has been seen to. */
  adopt(inbox: string, records: PullAnswer['records'] | undefined): boolean;
  /** Everyone who is not pending any more is here. */
  restore(): void;
  /** Whether an inbox takes no more messages. */
  isSealed(inbox: string): boolean;
  /** Writes what an inbox that has come is besides its records. */
  write(batch: StoreBatch, inbox: string): void;
}

export interface UserFetcherParts {
  readonly store: InboxStore;
  readonly slots: SlotMaps;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly group: string;
  readonly peers: HandoverPeers;
  readonly change: (change: Change) => void;
  readonly arrivals: () => Arrivals;
  /** Positions given out from now on are not below this one. */
  readonly raisePosition: (position: number) => void;
}

/**
 * Fetches the users that a newer slot map gives to this core from their former owners: those first for whom something comes or who want
 * to read, everyone else in the background, HANDOVERS_AT_ONCE at a time. A user is taken over as a whole or not at all: what is staged
 * counts with the commit that also says so, and until then appends wait aside and readers wait (docs/decisions/0011).
 */
export class UserFetcher {
  readonly fetched = new FetchedUsers();
  private readonly parts: UserFetcherParts;
  private readonly counters;
  private readonly waiting = new Map<string, (() => void)[]>();
  private readonly queue: FetchQueue;
  /** Groups that may still have users of this core. */
  private groups = new Map<string, ShardHome>();
  private isLoaded = false;

  constructor(parts: UserFetcherParts) {
    this.parts = parts;
    const { telemetry } = parts;
    this.counters = {
      users: telemetry.counter('iris_handover_users_total', 'Users fetched from their former owner'),
      bytes: telemetry.counter('iris_handover_bytes_total', 'Bytes of messages fetched with them'),
      failures: telemetry.counter('iris_handover_retries_total', 'Tries to fetch a user that did not succeed yet'),
    };
    this.queue = new FetchQueue({ clock: parts.clock, isPending: (name) => this.isPending(name), fetch: (name) => this.fetchOne(name) });
    // Before the store has been read it is not known, and 0 would say that a move is over.
    telemetry.gauge('iris_handover_groups_left', 'Groups that may still hold users of this core; NaN before it is known', () =>
      this.isLoaded ? this.groups.size : Number.NaN,
    );
  }

  /** Once `fetched` is loaded. */
  start(): void {
    this.slotsChanged();
    this.isLoaded = true;
  }

  /** Groups that may still hold users who live here. */
  get groupsLeft(): readonly string[] {
    return [...this.groups.keys()];
  }

  get progress(): { users: number; bytes: number } {
    return { users: this.counters.users.value, bytes: this.counters.bytes.value };
  }

  /** True while the user’s former owner has more than this core, so that nothing may be placed and nothing read. */
  isPending(name: string): boolean {
    const { current } = this.parts.slots;
    if (current.map.moving === undefined) return false;
    const former = this.formerOf(current, name);
    if (former === undefined || current.isLost(former.region)) return false;
    const { version } = current.map;
    return !this.fetched.has(name, version) && !this.fetched.hasAllOf(former.group, version);
  }

  /** True for a user whose former owner is lost and may come back: what the user has said of itself there is not known here. */
  isInherited(user: Buffer): boolean {
    const { current } = this.parts.slots;
    return current.map.moving !== undefined && current.isInherited(user);
  }

  /** True for a user whose former owner is lost: what came before is not known here, and cannot be asked for. */
  isHeir(name: string): boolean {
    const { slots, clock } = this.parts;
    const user = Buffer.from(name, 'latin1');
    return this.isInherited(user) || slots.current.isGivenUp(user, clock.nowMs());
  }

  get hasHeirs(): boolean {
    const { slots, clock } = this.parts;
    return slots.current.hasInherited || slots.current.hasGivenUp(clock.nowMs());
  }

  /** By a move that is taken back: whether `from`, this core’s former owner, had given the user away. */
  wasFetched(name: string, from: string): boolean {
    const version = this.parts.slots.current.map.moving?.from.version ?? 0;
    return this.fetched.has(name, version) || this.fetched.hasAllOf(from, version);
  }

  /** True for a user who was to come here and never did, by a move that is taken back: nobody will ask for what is placed here for it. */
  isPassedOver(name: string): boolean {
    const { slots, group } = this.parts;
    const { current } = slots;
    if (current.map.moving?.isReturn !== true) return false;
    const user = Buffer.from(name, 'latin1');
    const home = current.homeOfUser(user);
    if (home.group === group || current.isLost(home.region) || current.formerHomeOfUser(user)?.group !== group) return false;
    return !this.wasFetched(name, home.group);
  }

  /** Something came for a user that is pending. */
  touch(name: string): void {
    this.queue.touch(name);
  }

  /** Calls back once the user is here. */
  whenFetched(name: string, callback: () => void): void {
    const callbacks = this.waiting.get(name) ?? [];
    this.waiting.set(name, callbacks);
    callbacks.push(callback);
    this.touch(name);
  }

  /** Calls back once the user is here, or lives elsewhere; false for one that is not pending. */
  awaits(name: string, callback: (isHere: boolean) => void): boolean {
    if (!this.isPending(name)) return false;
    const isHere = () => this.parts.slots.current.homeOfUser(Buffer.from(name, 'latin1')).group === this.parts.group;
    this.whenFetched(name, () => callback(isHere()));
    return true;
  }

  /** A newer map is in force: what was under way by the old one comes to nothing. */
  slotsChanged(): void {
    const { current } = this.parts.slots;
    this.queue.clear();
    this.groups = this.formerGroups(current);
    const outdated = this.fetched.outdated(current);
    if (outdated.length > 0) this.parts.change({ apply: (batch) => this.fetched.forget(batch, outdated) });
    for (const name of this.waiting.keys()) {
      if (this.isPending(name)) this.touch(name);
      else this.tell(name);
    }
    for (const home of this.groups.values()) this.sweep(current, home);
  }

  private formerOf(router: SlotRouter, name: string): ShardHome | undefined {
    const user = Buffer.from(name, 'latin1');
    const former = router.formerHomeOfUser(user);
    return former === undefined || router.homeOfUser(user).group !== this.parts.group ? undefined : former;
  }

  private formerGroups(router: SlotRouter): Map<string, ShardHome> {
    const groups = new Map<string, ShardHome>();
    for (const { from, to } of router.comparedToFormer()) {
      if (to.group !== this.parts.group || from.group === to.group || router.isLost(from.region)) continue;
      if (!this.fetched.hasAllOf(from.group, router.map.version)) groups.set(from.group, from);
    }
    return groups;
  }

  /** Asks a former owner again and again who is left, until nobody is. */
  private sweep(router: SlotRouter, home: ShardHome): void {
    const { peers, group, slots, clock } = this.parts;
    if (slots.current !== router) return;
    const again = (ms: number): void => void clock.after(ms, () => this.sweep(router, home));
    if (this.queue.hasListed) {
      again(HANDOVER_SWEEP_MS);
      return;
    }
    const request = { version: router.map.version, kind: 'users', group, user: Buffer.alloc(0), after: 0, marks: 0 } as const;
    peers.pull(home.address, request).then(
      (answer) => {
        if (slots.current !== router) return;
        if (answer === undefined || answer.kind === 'later') again(HANDOVER_RETRY_MS);
        else if (answer.users.length === 0) this.emptied(router, home);
        else {
          for (const user of answer.users) this.list(router, home, user.toString('latin1'));
          this.queue.fill();
          again(HANDOVER_SWEEP_MS);
        }
      },
      (error: unknown) => {
        this.parts.telemetry.log.error('handover-failed', { group: home.group, reason: errorLine(error) });
        again(HANDOVER_RETRY_MS);
      },
    );
  }

  private list(router: SlotRouter, home: ShardHome, name: string): void {
    if (this.fetched.has(name, router.map.version)) void this.confirm(router, home, name);
    else this.queue.list(name);
  }

  /** Nobody is left in a group: from now on everyone who lived there counts as fetched. */
  private emptied(router: SlotRouter, home: ShardHome): void {
    const { group } = home;
    const { version } = router.map;
    const everyone = FetchedUsers.everyoneOf(group, version);
    const isNow = () => this.parts.slots.current === router;
    let set: ReturnType<FetchedUsers['set']> | undefined;
    this.parts.change({
      // Held envelopes of users of whom the group had nothing are placed with the same commit.
      markKeys: (order) => (isNow() ? order.heldKeys((name) => this.livedIn(router, name, group)) : []),
      decide: (order) => {
        if (!isNow()) return;
        set = this.fetched.set(everyone, version);
        const held = order.heldKeys((name) => this.livedIn(router, name, group));
        const names = new Set(held.map(inboxOfMarkKey));
        for (const name of names) if (this.parts.arrivals().adopt(name, undefined)) names.delete(name);
        this.parts.arrivals().restore();
        order.releaseHeld((name) => names.has(name));
      },
      undone: () => set?.undo(),
      apply: (batch) => {
        if (isNow()) this.fetched.write(batch, everyone, version);
      },
      done: () => {
        set?.written();
        if (!isNow()) return;
        this.groups.delete(group);
        this.parts.telemetry.log.info('handover-complete', { group, version });
        for (const name of this.waiting.keys()) if (!this.isPending(name)) this.tell(name);
      },
      // Asked once more: a move whose end never comes would tell nobody why.
      dropped: () => this.parts.clock.after(HANDOVER_RETRY_MS, () => this.sweep(router, home)),
      isSynced: true,
    });
  }

  private livedIn(router: SlotRouter, name: string, group: string): boolean {
    return this.formerOf(router, name)?.group === group;
  }

  private async fetchOne(name: string): Promise<boolean> {
    let isDone = false;
    try {
      isDone = await this.fetch(this.parts.slots.current, name);
    } catch (error) {
      this.parts.telemetry.log.error('handover-failed', { reason: errorLine(error) });
    }
    if (!isDone) this.counters.failures.value++;
    return isDone;
  }

  /** True when the user is here; false when the former owner does not answer yet or another map is in force. */
  private async fetch(router: SlotRouter, name: string): Promise<boolean> {
    const home = this.formerOf(router, name);
    if (home === undefined) return false;
    const user = Buffer.from(name, 'latin1');
    const { peers, group, slots } = this.parts;
    // While an answer was on its way the sweep may have found that the former owner has nothing: what waited is in the inbox then.
    const isWanted = () => slots.current === router && this.isPending(name);
    let [after, marks, isFirst] = [0, 0, true];
    for (;;) {
      const answer = await peers.pull(home.address, { version: router.map.version, kind: 'user', group, user, after, marks });
      if (answer === undefined || answer.kind === 'later' || slots.current !== router) return false;
      // Copies from before, or a try that did not come to its end, and what nobody else has.
      if (answer.kind === 'held' && isFirst) await holdOwnRows(this.parts, user, isWanted);
      isFirst = false;
      await this.stage(user, answer, isWanted);
      after = answer.rows.at(-1)?.position ?? after;
      marks += answer.marks.length;
      if (!answer.isLast) continue;
      if (slots.current !== router || !(await this.takeOver(router, name, answer))) return false;
      await this.confirm(router, home, name);
      return true;
    }
  }

  private async stage(user: Buffer, { rows, marks }: PullAnswer, isWanted: () => boolean): Promise<void> {
    if (rows.length === 0 && marks.length === 0) return;
    for (const { envelope } of rows) this.counters.bytes.value += envelope.length;
    const inboxMarks = marks.filter(({ key }) => ownerOfMark(key).use === 'inbox');
    let merged: PulledMark[] = [];
    await this.commit({
      markKeys: () => inboxMarks.map(({ key }) => key),
      decide: (order) => {
        if (!isWanted()) return;
        // A region that was lost knows what it took before; who had its users meanwhile does not.
        merged = inboxMarks.map(({ key, mark }) => ({ key, mark: order.merged(key, mark) }));
        for (const { key } of marks) order.forget(key);
      },
      notes: () => (isWanted() ? notesOf(marks) : []),
      apply: (batch) => {
        if (!isWanted()) return;
        for (const { position, envelope } of rows) batch.appendInbox(user, 0, position, envelope);
        const nowMs = this.parts.clock.nowMs();
        for (const { key, mark } of merged) batch.mark(key, mark, nowMs);
      },
    });
    const [first] = rows;
    if (first === undefined || first.firstIndex === 0) return;
    const acknowledged = { position: first.position, index: first.firstIndex - 1 };
    await this.commit({ apply: (batch) => void (isWanted() && batch.trimInbox(user, 0, acknowledged)) });
  }

  /** The user is here with this commit, and what was held for it is placed. */
  private async takeOver(router: SlotRouter, name: string, answer: PullAnswer): Promise<boolean> {
    const { version } = router.map;
    const user = Buffer.from(name, 'latin1');
    const isNow = () => this.parts.slots.current === router;
    let set: ReturnType<FetchedUsers['set']> | undefined;
    await this.commit({
      markKeys: (order) => (isNow() ? order.heldKeys((held) => held === name) : []),
      decide: (order) => {
        if (!isNow()) return;
        this.parts.raisePosition(answer.nextPosition);
        set = this.fetched.set(name, version);
        if (!this.parts.arrivals().adopt(name, answer.kind === 'kept' ? undefined : answer.records))
          order.releaseHeld((held) => held === name);
      },
      undone: () => set?.undo(),
      apply: (batch) => {
        if (isNow()) this.writeTaken(batch, user, answer, version);
      },
    });
    set?.written();
    if (!isNow()) return false;
    this.counters.users.value++;
    this.tell(name);
    return true;
  }

  private writeTaken(batch: StoreBatch, user: Buffer, answer: PullAnswer, version: number): void {
    this.fetched.write(batch, user.toString('latin1'), version);
    if (answer.lastSeenSeconds > 0) batch.setLastSeen(user, answer.lastSeenSeconds);
    for (const { kind, value } of answer.records) batch.setRecord(kind as RecordKind, user, value);
    this.parts.arrivals().write(batch, user.toString('latin1'));
  }

  /** The former owner may forget the user; if it does not hear of it, the next sweep lists the user again. */
  private async confirm({ map }: SlotRouter, home: ShardHome, name: string): Promise<void> {
    const { peers, group } = this.parts;
    await peers.pull(home.address, { version: map.version, kind: 'done', group, user: Buffer.from(name, 'latin1'), after: 0, marks: 0 });
  }

  private commit(change: Parameters<typeof durably>[1]): Promise<void> {
    return durably(this.parts.change, change);
  }

  private tell(name: string): void {
    const callbacks = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (const callback of callbacks) callback();
  }
}

function notesOf(marks: readonly PulledMark[]): StatusNote[] {
  return marks.flatMap(({ key, mark }) => (ownerOfMark(key).use === 'status' ? [statusNoteOf(key, mark)] : []));
}
