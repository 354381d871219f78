import { IrisError } from '../../runtime/contract/errors.ts';
import type { BatchId, Checkpoint, GroupRows, InboxRange, InboxSummary, OutgoingSize, RowChange } from '../../runtime/ports/group-rows.ts';
import { RecordKind, type StoredParked } from '../../runtime/ports/inbox-store.ts';
import { envelopeOf } from '../fakes/envelopes.ts';

export interface RowsUnderTest {
  /** The rows of a group, as one process opens them. */
  open(group: string): Promise<GroupRows>;
}

const ALL = { envelopesMax: 10_000, bytesMax: 1 << 30 };
const bob = { user: Buffer.from('bob'), bucket: 0 };
const inFirst: InboxRange = { inbox: bob, firstChunk: 0, lastChunk: 0, position: 0 };

let lastGroup = 0;

function put(position: number, chunk = 0, envelope = envelopeOf({ sequence: position })): RowChange {
  return { kind: 'envelope', inbox: bob, chunk, position, envelope, messages: 3 };
}

function summaryOf(parts: Partial<InboxSummary>): InboxSummary {
  const places = { firstPosition: 1, lastPosition: 9, firstChunk: 0, lastChunk: 2, lastChunkBytes: 70 };
  return { ...bob, envelopes: 3, bytes: 300, ...places, number: 5, ...parts };
}

/** What every adapter of a group’s rows has to hold (L1, L4, L10): run by the memory rows and by those on a real CQL store. */
export function describeGroupRowsContract(name: string, under: RowsUnderTest): void {
  describe(`${name} as the rows of a group`, () => {
    let group: string;
    let rows: GroupRows;
    let number: number;

    beforeEach(async () => {
      group = `group-${++lastGroup}`;
      number = 0;
      rows = await under.open(group);
    });
    afterEach(() => rows.close());

    function apply(...changes: RowChange[]): Promise<void> {
      return rows.apply(changes, { epoch: 1, number: ++number });
    }

    function applyAs(last: BatchId, ...changes: RowChange[]): Promise<void> {
      return rows.apply(changes, last);
    }

    async function places(range: Partial<InboxRange> = {}, limits = ALL): Promise<number[]> {
      return (await rows.readInbox({ ...inFirst, ...range }, limits)).map(({ position }) => position);
    }

    it('gives envelopes back as they were, by position, over chunks, and keeps them through a reopening', async () => {
      const large = envelopeOf({ bodies: ['x'.repeat(60_000)] });
      await apply(put(3), put(1), put(2, 0, large), put(7, 1), put(9, 4));
      await rows.close();
      rows = await under.open(group);
      const found = await rows.readInbox({ ...inFirst, lastChunk: 4 }, ALL);
      expect(found.map(({ position, firstIndex }) => [position, firstIndex])).toEqual([
        [1, 0],
        [2, 0],
        [3, 0],
        [7, 0],
        [9, 0],
      ]);
      expect(found[1]?.envelope.equals(large)).toBe(true);
      expect(await places({ position: 2, lastChunk: 4 })).toEqual([3, 7, 9]);
      expect(await places({ firstChunk: 1, lastChunk: 3 })).toEqual([7]);
      const other = await under.open(`${group}-other`);
      expect(await other.readInbox(inFirst, ALL)).toEqual([]);
      await other.close();
    });

    it('gives pages within their limits, and a short page only at the end', async () => {
      await apply(...Array.from({ length: 50 }, (_, i) => put(i + 1, Math.floor(i / 20))));
      for (const limits of [
        { envelopesMax: 7, bytesMax: 1 << 20 },
        { envelopesMax: 20, bytesMax: 1 << 20 },
        { envelopesMax: 50, bytesMax: 1 << 20 },
      ]) {
        const seen: number[] = [];
        for (;;) {
          const page = await places({ position: seen.at(-1) ?? 0, lastChunk: 2 }, limits);
          expect(page.length).toBeLessThanOrEqual(limits.envelopesMax);
          seen.push(...page);
          if (page.length < limits.envelopesMax) break;
        }
        expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      }
      const narrow = await places({ lastChunk: 2 }, { envelopesMax: 1_000, bytesMax: 300 });
      expect(narrow.length).toBeGreaterThan(0);
      expect(narrow.length).toBeLessThan(10);
    });

    it('tells inboxes apart by bytes of the user and by bucket', async () => {
      const users = [Buffer.alloc(0), Buffer.from('a'), Buffer.from('a\0'), Buffer.from([0xff, 0xfe])];
      const inboxes = users.flatMap((user) => [0, 1].map((bucket) => ({ user, bucket })));
      await apply(
        ...inboxes.map(
          (inbox, i): RowChange => ({ kind: 'envelope', inbox, chunk: 0, position: i + 1, envelope: envelopeOf({}), messages: 1 }),
        ),
      );
      for (const [i, inbox] of inboxes.entries()) expect(await places({ inbox })).toEqual([i + 1]);
    });

    it('takes out what lies before a place, over chunks, and of the envelope there the messages up to an index', async () => {
      const three = envelopeOf({ bodies: ['a', 'b', 'c'] });
      await apply(put(1), put(2), put(5, 1), put(6, 1, three), put(7, 1), put(8, 2));
      await apply(
        { kind: 'trim', inbox: bob, firstChunk: 0, chunk: 1, position: 6 },
        { kind: 'read', inbox: bob, chunk: 1, position: 6, index: 1 },
      );
      const found = await rows.readInbox({ ...inFirst, lastChunk: 2 }, ALL);
      expect(found.map(({ position, firstIndex }) => [position, firstIndex])).toEqual([
        [6, 2],
        [7, 0],
        [8, 0],
      ]);
      expect(found[0]?.envelope).toEqual(three);
      await apply({ kind: 'trim', inbox: bob, firstChunk: 1, chunk: 2, position: 9 });
      expect(await places({ lastChunk: 2 })).toEqual([]);
    });

    it('counts what lies before a place, and tells what follows', async () => {
      const [small, large] = [envelopeOf({}), envelopeOf({ bodies: ['x'.repeat(5_000)] })];
      await apply(put(1, 0, small), put(2, 0, large), put(5, 1, small), put(7, 3, large), put(8, 3, small));
      const measure = (position: number, lastChunk: number, firstPosition = 0) =>
        rows.measureInbox({ inbox: bob, firstChunk: 0, lastChunk, position, firstPosition });
      expect(await measure(7, 3)).toEqual({
        envelopes: 3,
        bytes: 2 * small.length + large.length,
        next: { position: 7, chunk: 3, bytes: large.length, messages: 3 },
      });
      expect(await measure(3, 1)).toEqual({
        envelopes: 2,
        bytes: small.length + large.length,
        next: { position: 5, chunk: 1, bytes: small.length, messages: 3 },
      });
      // Nothing is looked for before the place at which the inbox begins.
      expect(await measure(7, 3, 5)).toMatchObject({ envelopes: 1, bytes: small.length, next: { position: 7, chunk: 3 } });
      expect(await measure(2, 3, 5)).toMatchObject({ envelopes: 0, bytes: 0, next: { position: 5, chunk: 1 } });
      expect(await measure(9, 3)).toEqual({ envelopes: 5, bytes: 3 * small.length + 2 * large.length, next: undefined });
      await apply(
        { kind: 'trim', inbox: bob, firstChunk: 0, chunk: 3, position: 8 },
        { kind: 'read', inbox: bob, chunk: 3, position: 2, index: 0 },
      );
      expect(await measure(8, 3)).toEqual({ envelopes: 0, bytes: 0, next: { position: 8, chunk: 3, bytes: small.length, messages: 3 } });
    });

    it('removes one envelope out of the middle, and an index read of an envelope that is gone brings nothing back', async () => {
      await apply(put(1), put(2), put(3));
      await apply({ kind: 'no-envelope', inbox: bob, chunk: 0, position: 2 }, { kind: 'no-envelope', inbox: bob, chunk: 0, position: 77 });
      await apply({ kind: 'read', inbox: bob, chunk: 0, position: 2, index: 0 });
      expect(await places()).toEqual([1, 3]);
    });

    it('lets the last change of a row count, in one call and over several', async () => {
      const removed: RowChange = { kind: 'no-envelope', inbox: bob, chunk: 0, position: 1 };
      const mark = (high: number): RowChange => ({ kind: 'mark', key: 'k', mark: { high, holes: [] }, timeMs: 1 });
      await apply(put(1), put(1, 0, envelopeOf({ sequence: 9 })), removed, put(3), put(4), mark(9), mark(1), mark(5));
      expect(await places()).toEqual([3, 4]);
      expect(await rows.readMarks(['k'])).toEqual([{ high: 5, holes: [] }]);
      await apply(mark(4), { kind: 'seen', user: bob.user, seconds: 7 }, { kind: 'seen', user: bob.user, seconds: 6 });
      expect([await rows.readMarks(['k']), await rows.readLastSeen(bob.user)]).toEqual([[{ high: 4, holes: [] }], 6]);
    });

    it('changes nothing when the same is applied again, alone or with what came after it', async () => {
      const first: RowChange[] = [put(1), put(2), { kind: 'outgoing', group: 'far', position: 3, envelope: envelopeOf({}) }];
      const second: RowChange[] = [
        { kind: 'trim', inbox: bob, firstChunk: 0, chunk: 0, position: 2 },
        { kind: 'no-outgoing', group: 'far', position: 3 },
        put(4),
      ];
      await applyAs({ epoch: 1, number: 1 }, ...first);
      await applyAs({ epoch: 1, number: 2 }, ...second);
      const after = await rows.readInbox(inFirst, ALL);
      for (const [last, changes] of [
        [1, first],
        [2, second],
        [1, first],
      ] as const) {
        await applyAs({ epoch: 1, number: last }, ...changes);
        expect(await rows.readInbox(inFirst, ALL)).toEqual(after);
        expect(await rows.readOutgoing('far', 0, ALL)).toEqual([]);
      }
      expect(after.map(({ position }) => position)).toEqual([2, 4]);
    });

    it('lets nothing of an owner that has lost the group stand over what a later one wrote (L10)', async () => {
      const owner = { epoch: 7, number: 20 };
      const stale = { epoch: 6, number: 25 };
      const mark = (high: number): RowChange => ({ kind: 'mark', key: 'k', mark: { high, holes: [] }, timeMs: 1 });
      const record = (value: string): RowChange => ({ kind: 'record', record: RecordKind.home, user: bob.user, value: Buffer.from(value) });
      await applyAs({ epoch: 6, number: 19 }, put(1), put(2), put(3));
      await applyAs(
        owner,
        { kind: 'trim', inbox: bob, firstChunk: 0, chunk: 0, position: 3 },
        put(8),
        mark(9),
        record('new'),
        { kind: 'summary', summary: summaryOf({ envelopes: 2, number: 20 }) },
        { kind: 'not-parked', parked: parkedOf('gone') },
        { kind: 'no-record', record: RecordKind.layout, user: bob.user },
      );
      await applyAs(
        stale,
        put(2),
        { kind: 'no-envelope', inbox: bob, chunk: 0, position: 8 },
        { kind: 'trim', inbox: bob, firstChunk: 0, chunk: 0, position: 9 },
        mark(3),
        record('old'),
        { kind: 'summary', summary: summaryOf({ envelopes: 0, number: 25 }) },
        { kind: 'parked', parked: parkedOf('gone') },
        { kind: 'record', record: RecordKind.layout, user: bob.user, value: Buffer.from('old') },
      );
      expect(await places()).toEqual([8]);
      expect(await rows.readMarks(['k'])).toEqual([{ high: 9, holes: [] }]);
      expect([await rows.readRecord(RecordKind.home, bob.user), await rows.readRecord(RecordKind.layout, bob.user)]).toEqual([
        Buffer.from('new'),
        undefined,
      ]);
      expect((await summaries()).map(({ envelopes }) => envelopes)).toEqual([2]);
      expect(await rows.readParked()).toEqual([]);
    });

    it('keeps the checkpoint of the highest epoch and refuses one of a lower (L10)', async () => {
      expect(await rows.readCheckpoint()).toBeUndefined();
      const checkpoint: Checkpoint = { epoch: 2, number: 40, nextPosition: 2 ** 47 + 1, offset: 99 };
      await rows.writeCheckpoint({ ...checkpoint, epoch: 1 });
      await rows.writeCheckpoint(checkpoint);
      await rows.writeCheckpoint({ ...checkpoint, number: 41, offset: 100 });
      await expect(rows.writeCheckpoint({ ...checkpoint, epoch: 1, number: 50 })).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' });
      await rows.close();
      rows = await under.open(group);
      expect(await rows.readCheckpoint()).toEqual({ ...checkpoint, number: 41, offset: 100 });
    });

    async function summaries(): Promise<InboxSummary[]> {
      const found: InboxSummary[] = [];
      for await (const part of rows.readSummaries()) found.push(...part);
      return found.toSorted((a, b) => a.bucket - b.bucket || Buffer.compare(a.user, b.user));
    }

    it('tells all summaries, as they were last, and none of an empty inbox', async () => {
      const kept = Array.from({ length: 300 }, (_, i) =>
        summaryOf({ user: Buffer.from(`user-${String(i).padStart(3, '0')}`), envelopes: i + 1 }),
      );
      await apply(...kept.map((summary): RowChange => ({ kind: 'summary', summary })));
      const far = summaryOf({ bucket: 3, lastPosition: 2 ** 47, bytes: 2 ** 40, lastChunk: 100_000 });
      await apply({ kind: 'summary', summary: far }, { kind: 'summary', summary: { ...(kept[0] as InboxSummary), envelopes: 0 } });
      expect(await summaries()).toEqual([...kept.slice(1), far]);
    });

    it('keeps what goes to other groups by group and position, and tells the sizes', async () => {
      const envelope = envelopeOf({});
      const to = (name: string, position: number): RowChange => ({ kind: 'outgoing', group: name, position, envelope });
      const positions = [5, 4_095, 4_096, 20_000, 2 ** 47];
      await apply(...positions.map((position) => to('far', position)), to('near', 6));
      const read = async (name: string, position: number, limits = ALL) =>
        (await rows.readOutgoing(name, position, limits)).map((entry) => entry.position);
      expect(await read('far', 0)).toEqual(positions);
      expect(await read('far', 4_095)).toEqual(positions.slice(2));
      expect(await read('far', 0, { envelopesMax: 3, bytesMax: 1 << 20 })).toEqual(positions.slice(0, 3));
      expect(await read('far', 4_096, { envelopesMax: 3, bytesMax: 1 << 20 })).toEqual(positions.slice(3));
      const sizes = async () => {
        const told: OutgoingSize[] = [];
        for await (const part of rows.readOutgoingSizes()) told.push(...part);
        return told.toSorted((a, b) => a.position - b.position);
      };
      const sizeOf = (name: string, position: number) => ({ group: name, position, bytes: envelope.length });
      expect(await sizes()).toEqual([
        sizeOf('far', 5),
        sizeOf('near', 6),
        ...positions.slice(1).map((position) => sizeOf('far', position)),
      ]);
      for (const position of positions.slice(0, 4)) await apply({ kind: 'no-outgoing', group: 'far', position });
      await apply({ kind: 'no-outgoing', group: 'near', position: 6 });
      await rows.writeCheckpoint({ epoch: 1, number, nextPosition: 2 ** 47 + 1, offset: 1 });
      await rows.close();
      rows = await under.open(group);
      expect(await sizes()).toEqual([sizeOf('far', 2 ** 47)]);
      expect([await read('far', 0), await read('near', 0)]).toEqual([[2 ** 47], []]);
      await apply(to('far', 2 ** 47 + 2));
      expect(await read('far', 0)).toEqual([2 ** 47, 2 ** 47 + 2]);
    });

    it('returns marks with their holes in the order of the keys, and undefined for unknown ones', async () => {
      const mark = {
        high: 2 ** 50,
        holes: [
          { from: 3, to: 9 },
          { from: 2 ** 40, to: 2 ** 49 },
        ],
      };
      const keys = Array.from({ length: 200 }, (_, i) => `key-${i}\0\xff`);
      await apply(
        ...keys.map((key, i): RowChange => ({ kind: 'mark', key, mark: { ...mark, high: mark.high + i }, timeMs: 1_700_000_000_000 + i })),
      );
      const asked = [keys[7] as string, 'unknown', keys[0] as string];
      expect(await rows.readMarks(asked)).toEqual([{ ...mark, high: mark.high + 7 }, undefined, mark]);
      const told = new Map<string, number>();
      await rows.survey({ mark: (key, { high }, timeMs) => void told.set(key, high - timeMs) });
      expect([...told.keys()].sort()).toEqual(keys.toSorted());
      expect(new Set(told.values())).toEqual(new Set([mark.high - 1_700_000_000_000]));
    });

    function parkedOf(key: string, sequence = 1): StoredParked {
      return { markKey: key, envelope: envelopeOf({ sequence }), parkedAtMs: 1_700_000_000_000 };
    }

    it('keeps what is parked, what was last seen, and records by kind and user', async () => {
      const [one, two] = [parkedOf('k\0'), parkedOf('k\0', 2)];
      const nobody = Buffer.alloc(0);
      await apply(
        { kind: 'parked', parked: one },
        { kind: 'parked', parked: two },
        { kind: 'seen', user: bob.user, seconds: 1_700_000_000 },
      );
      await apply({ kind: 'not-parked', parked: one });
      expect(await rows.readParked()).toEqual([two]);
      await apply(
        { kind: 'record', record: RecordKind.home, user: bob.user, value: Buffer.from('a') },
        { kind: 'record', record: RecordKind.gap, user: bob.user, value: Buffer.alloc(0) },
        { kind: 'record', record: RecordKind.positionTimes, user: nobody, value: Buffer.alloc(100_000, 7) },
      );
      expect(await rows.readRecord(RecordKind.home, bob.user)).toEqual(Buffer.from('a'));
      expect(await rows.readRecords(RecordKind.gap)).toEqual([{ user: bob.user, value: Buffer.alloc(0) }]);
      expect((await rows.readRecord(RecordKind.positionTimes, nobody))?.length).toBe(100_000);
      expect(await rows.readRecord(RecordKind.layout, bob.user)).toBeUndefined();
      await apply({ kind: 'no-record', record: RecordKind.gap, user: bob.user });
      expect(await rows.readRecords(RecordKind.gap)).toEqual([]);
      const seen = new Map<string, number>();
      await rows.survey({ seen: (user, seconds) => void seen.set(user, seconds) });
      expect([...seen]).toEqual([['bob', 1_700_000_000]]);
      expect([await rows.readLastSeen(bob.user), await rows.readLastSeen(nobody)]).toEqual([1_700_000_000, undefined]);
    });

    it('applies a thousand inboxes with the largest envelope among them in one call', async () => {
      const users = Array.from({ length: 1_000 }, (_, i) => Buffer.from(`user-${i}`));
      const largest: Buffer = Buffer.alloc(1_049_000, 1);
      const changes = users.map(
        (user, i): RowChange => ({
          kind: 'envelope',
          inbox: { user, bucket: 0 },
          chunk: 0,
          position: i + 1,
          envelope: i === 500 ? largest : envelopeOf({}),
          messages: 1,
        }),
      );
      await apply(...changes, ...Array.from({ length: 5 }, (_, i) => put(2_000 + i, 0, largest)));
      expect(
        (await rows.readInbox({ ...inFirst, inbox: { user: users[500] as Buffer, bucket: 0 } }, ALL))[0]?.envelope.equals(largest),
      ).toBe(true);
      expect(await places({ inbox: { user: users[999] as Buffer, bucket: 0 } })).toEqual([1_000]);
      expect((await places({}, { envelopesMax: 512, bytesMax: 262_144 })).length).toBe(1);
      expect(await places()).toEqual([2_000, 2_001, 2_002, 2_003, 2_004]);
    });
  });
}

/** Rejects with the code when the engine is away. */
export function isAway(error: unknown): boolean {
  return error instanceof IrisError && error.code === 'ENGINE_UNAVAILABLE';
}
