import { HANDOVER_MARKS_MAX, HANDOVER_USERS_MAX, PAGE_BYTES_MAX, PAGE_ENVELOPES_MAX } from '../contract/limits.ts';
import { PULL_LATER, type PullAnswer, type PulledMark, type PullRequest } from '../ports/handover.ts';
import { type InboxStore, RecordKind, type StoreBatch } from '../ports/inbox-store.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';
import type { Change } from './change.ts';
import { durably } from './durable-change.ts';
import { ownerOfMark } from './mark-owner.ts';

export interface HandoverSourceParts {
  readonly store: InboxStore;
  readonly slots: SlotMaps;
  readonly group: string;
  /** Resolves when everything taken in so far is decided and committed. */
  readonly settled: () => Promise<void>;
  readonly change: (change: Change) => void;
  readonly nextPosition: () => number;
  /** By a move that is taken back: whether the user was fetched from the asker before. */
  readonly wasFetched: (user: string, from: string) => boolean;
}

/** Records that go with their user. */
const MOVING_RECORDS = [RecordKind.layout, RecordKind.bucket, RecordKind.gap, RecordKind.home, RecordKind.audience] as const;
const PAGE = { envelopesMax: PAGE_ENVELOPES_MAX, bytesMax: PAGE_BYTES_MAX };
/** Bytes of a hole in a frame. */
const HOLE_BYTES = 16;
/** A cursor behind everything. */
const INBOX_END = { position: Number.MAX_SAFE_INTEGER, index: 0xffff };

/**
 * What this core still keeps of users who live elsewhere by the map in force, handed to their new owners on request. Nothing of it changes
 * any more: appends for them go to the outbox, readers have gone. A user is forgotten once the new owner has said that it has all.
 */
export class HandoverSource {
  private readonly parts: HandoverSourceParts;
  /** Of one version of the map: users who left, with the keys of their marks. */
  private kept: { readonly version: number; readonly users: Promise<Map<string, string[]>> } | undefined;
  private known: ReadonlyMap<string, unknown> | undefined;

  constructor(parts: HandoverSourceParts) {
    this.parts = parts;
  }

  /** Users not yet handed over; undefined while they are counted. */
  get usersLeft(): number | undefined {
    return this.known?.size;
  }

  async pull(request: PullRequest): Promise<PullAnswer> {
    const { map } = this.parts.slots.current;
    if (map.version !== request.version || map.moving === undefined) return PULL_LATER;
    const users = await this.users(map.version);
    if (this.parts.slots.current.map !== map) return PULL_LATER;
    switch (request.kind) {
      case 'users':
        return { ...PULL_LATER, kind: 'held', isLast: true, users: this.usersOf(users, request.group) };
      case 'user':
        return await this.part(request, users);
      case 'done':
        await this.forget(request.user, users);
        return { ...PULL_LATER, kind: 'held', isLast: true };
    }
  }

  /** Everyone of whom anything is kept who lived here before the move under way, and lives elsewhere by it. */
  users(version: number): Promise<Map<string, string[]>> {
    if (this.kept?.version === version) return this.kept.users;
    this.known = undefined;
    const users = this.survey().then((found) => {
      if (this.kept?.users === users) this.known = found;
      return found;
    });
    this.kept = { version, users };
    users.catch(() => {
      if (this.kept?.users === users) this.kept = undefined;
    });
    return users;
  }

  private async survey(): Promise<Map<string, string[]>> {
    const { store, slots, group, settled } = this.parts;
    await settled();
    const { current } = slots;
    const users = new Map<string, string[]>();
    const keysOf = (name: string): string[] | undefined => {
      const known = users.get(name);
      if (known !== undefined) return known;
      // What an earlier move left here is nobody’s: its new owner would not ask for it, and the move would never end.
      if (current.formerHomeOfUser(Buffer.from(name, 'latin1'))?.group !== group) return undefined;
      const keys: string[] = [];
      users.set(name, keys);
      return keys;
    };
    await store.survey({
      inbox: (user) => void keysOf(user),
      seen: (user) => void keysOf(user),
      mark: (key) => {
        const { user, use } = ownerOfMark(key);
        if (use !== 'outbox') keysOf(user)?.push(key);
      },
    });
    for (const kind of MOVING_RECORDS) for (const { user } of await store.readRecords(kind)) keysOf(user.toString('latin1'));
    return users;
  }

  private usersOf(users: ReadonlyMap<string, unknown>, group: string): Buffer[] {
    const { current } = this.parts.slots;
    const found: Buffer[] = [];
    for (const name of users.keys()) {
      const user = Buffer.from(name, 'latin1');
      if (current.homeOfUser(user).group !== group) continue;
      found.push(user);
      if (found.length >= HANDOVER_USERS_MAX) break;
    }
    return found;
  }

  private async part({ user, group, after, marks: from }: PullRequest, users: Map<string, string[]>): Promise<PullAnswer> {
    const { store, slots, nextPosition, wasFetched } = this.parts;
    const name = user.toString('latin1');
    const { current } = slots;
    // A lost region’s users were never fetched: what they have got since is here alone.
    const wasHere = current.isLost(current.homeOfUser(user).region) || wasFetched(name, group);
    const isKept = current.map.moving?.isReturn === true && !wasHere;
    const held = isKept
      ? ({ ...PULL_LATER, kind: 'kept' } as const)
      : ({ ...PULL_LATER, kind: 'held', nextPosition: nextPosition() } as const);
    const rows = isKept ? [] : withinPage(await store.readInbox(user, 0, after, PAGE), ({ envelope }) => envelope.length);
    if (rows.length > 0) return { ...held, rows };
    // What became of the messages of a user who never came here was told here all the same.
    const isTold = (key: string) => !isKept || ownerOfMark(key).use === 'status';
    const { marks, isLast } = await this.marks(users, { name, from, isTold });
    if (!isLast) return { ...held, marks };
    if (isKept) return { ...held, isLast: true, marks };
    const values = await Promise.all(MOVING_RECORDS.map((kind) => store.readRecord(kind, user)));
    const records = MOVING_RECORDS.flatMap((kind, i) => (values[i] === undefined ? [] : [{ kind, value: values[i] }]));
    return { ...held, isLast: true, marks, records, lastSeenSeconds: (await store.readLastSeen(user)) ?? 0 };
  }

  /**
   * A user’s marks behind the first `from`, as many as a frame takes; one always goes. Those that have expired since they were listed leave the
   * list, since the asker counts what it is told.
   */
  private async marks(
    users: Map<string, string[]>,
    { name, from, isTold }: { name: string; from: number; isTold: (key: string) => boolean },
  ): Promise<{ marks: PulledMark[]; isLast: boolean }> {
    for (;;) {
      const keys = [...new Set(users.get(name))].filter(isTold);
      const page = keys.slice(from, from + HANDOVER_MARKS_MAX);
      const found = await this.parts.store.readMarks(page);
      const gone = new Set(page.filter((_, i) => found[i] === undefined));
      if (gone.size > 0) users.set(name, users.get(name)?.filter((key) => !gone.has(key)) ?? []);
      const marks = withinPage(
        page.flatMap((key, i) => (found[i] === undefined ? [] : [{ key, mark: found[i] }])),
        ({ key, mark }) => key.length + HOLE_BYTES * mark.holes.length,
      );
      const isLast = from + marks.length === keys.length - gone.size;
      if (marks.length > 0 || isLast) return { marks, isLast };
    }
  }

  private async forget(user: Buffer, users: Map<string, readonly string[]>): Promise<void> {
    const name = user.toString('latin1');
    const keys = users.get(name) ?? [];
    await durably(this.parts.change, {
      decide: (order) => {
        for (const key of keys) order.forget(key);
      },
      apply: (batch) => forgetUser(batch, user, keys),
    });
    users.delete(name);
  }
}

function forgetUser(batch: StoreBatch, user: Buffer, keys: readonly string[]): void {
  batch.trimInbox(user, 0, INBOX_END);
  for (const key of keys) batch.mark(key, { high: 0, holes: [] }, 0);
  batch.setLastSeen(user, 0);
  for (const kind of MOVING_RECORDS) batch.removeRecord(kind, user);
}

/** As many as fit a frame; one always does. */
function withinPage<T>(all: readonly T[], bytesOf: (one: T) => number): T[] {
  let bytes = 0;
  const tooMany = all.findIndex((one, i) => {
    bytes += bytesOf(one);
    return i > 0 && bytes > PAGE_BYTES_MAX;
  });
  return tooMany < 0 ? [...all] : all.slice(0, tooMany);
}
