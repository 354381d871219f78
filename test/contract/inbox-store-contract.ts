import { type InboxStore, type PageLimits, RecordKind, type StoreBatch } from '../../runtime/ports/inbox-store.ts';
import { envelopeOf } from '../fakes/envelopes.ts';

/** One store under test, with what a test needs of the world around it. */
export interface StoreUnderTest {
  readonly store: InboxStore;
  /** Closes the store, as the end of its process does, and opens it again. */
  reopen(): Promise<InboxStore>;
  /** Opens it a second time while it is open. */
  openAgain(): Promise<InboxStore>;
  dispose(): Promise<void>;
}

const bob = Buffer.from('bob');
const ALL: PageLimits = { envelopesMax: 1_000, bytesMax: 1 << 20 };
const SYNCED = { sync: true };

/** Where marks go when their time is over: by `expireMarks`, or by themselves. */
export interface ContractOptions {
  readonly marksExpire: 'in the store' | 'in the rows';
}

/** The laws of InboxStore, run by every adapter. */
export function describeInboxStoreContract(
  name: string,
  create: () => Promise<StoreUnderTest>,
  { marksExpire }: ContractOptions = { marksExpire: 'in the store' },
): void {
  describe(`${name} keeps the laws of InboxStore`, () => {
    let under: StoreUnderTest;
    let store: InboxStore;

    beforeEach(async () => {
      under = await create();
      store = under.store;
    });
    afterEach(() => under.dispose());

    const commit = (fill: (batch: StoreBatch) => void, options = SYNCED) => {
      const batch = store.batch();
      fill(batch);
      return store.commit(batch, options);
    };
    const positions = async (user = bob, after = 0, limits = ALL, bucket = 0) =>
      (await store.readInbox(user, bucket, after, limits)).map((entry) => entry.position);

    it('reads an inbox in the order of its positions, after the one asked for, and the same again (L4)', async () => {
      const envelopes = new Map([3, 2 ** 40, 1, 300, 255].map((position) => [position, envelopeOf({ bodies: [`at ${position}`] })]));
      await commit((batch) => {
        for (const [position, envelope] of envelopes) batch.appendInbox(bob, 0, position, envelope);
      });
      expect(await positions()).toEqual([1, 3, 255, 300, 2 ** 40]);
      expect(await positions(bob, 3)).toEqual([255, 300, 2 ** 40]);
      expect(await positions(bob, 2 ** 40)).toEqual([]);
      for (const { position, envelope } of await store.readInbox(bob, 0, 0, ALL)) expect(envelope).toEqual(envelopes.get(position));
      expect(await store.readInbox(bob, 0, 0, ALL)).toEqual(await store.readInbox(bob, 0, 0, ALL));
    });

    it('keeps users and buckets apart, whatever their names', async () => {
      const names = ['', 'b', 'bo', 'bob', 'bob\0', 'bob\0\0\0\0', 'boc', '\xff\xff'].map((text) => Buffer.from(text, 'latin1'));
      await commit((batch) => {
        names.forEach((user, i) => {
          for (const bucket of [0, 1]) batch.appendInbox(user, bucket, 10 + 2 * i + bucket, envelopeOf({}));
        });
      });
      for (const [i, user] of names.entries()) {
        expect(await positions(user)).toEqual([10 + 2 * i]);
        expect(await positions(user, 0, ALL, 1)).toEqual([11 + 2 * i]);
      }
    });

    it('gives pages within their limits, and a short page only at the end', async () => {
      const envelope = envelopeOf({ bodies: ['x'.repeat(100)] });
      await commit((batch) => {
        for (let position = 1; position <= 50; position++) batch.appendInbox(bob, 0, position, envelope);
      });
      for (const limits of [
        { envelopesMax: 7, bytesMax: 1 << 20 },
        { envelopesMax: 1, bytesMax: 1 },
        { envelopesMax: 50, bytesMax: 1 << 20 },
      ]) {
        const seen: number[] = [];
        for (;;) {
          const page = await positions(bob, seen.at(-1) ?? 0, limits);
          expect(page.length).toBeLessThanOrEqual(limits.envelopesMax);
          seen.push(...page);
          if (page.length < limits.envelopesMax) break;
        }
        expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      }
      const narrow = await positions(bob, 0, { envelopesMax: 1_000, bytesMax: 300 });
      expect(narrow.length).toBeGreaterThan(0);
    });

    it('applies batches in the order of the commit calls, even when nobody waits between them', async () => {
      await commit((batch) => {
        for (let position = 1; position <= 200; position++) batch.appendInbox(bob, 0, position, envelopeOf({}));
      });
      const commits = Array.from({ length: 20 }, (_, round) =>
        commit((batch) => {
          if (round % 2 === 0) batch.trimInbox(bob, 0, { position: 10 * round + 10, index: 0 });
          batch.mark('key', { high: round, holes: [] }, 0);
        }),
      );
      await Promise.all(commits);
      expect(await store.readMarks(['key'])).toEqual([{ high: 19, holes: [] }]);
      expect(await positions()).toEqual(Array.from({ length: 10 }, (_, i) => 191 + i));
    });

    it('forgets what is before a cursor, and within its envelope the messages up to the index', async () => {
      const three = envelopeOf({ bodies: ['a', 'b', 'c'] });
      await commit((batch) => {
        for (const position of [1, 2, 3]) batch.appendInbox(bob, 0, position, three);
      });
      await commit((batch) => batch.trimInbox(bob, 0, { position: 2, index: 0 }));
      expect(await store.readInbox(bob, 0, 0, ALL)).toEqual([
        { position: 2, envelope: three, firstIndex: 1 },
        { position: 3, envelope: three, firstIndex: 0 },
      ]);
      await commit((batch) => batch.trimInbox(bob, 0, { position: 2, index: 1 }));
      expect((await store.readInbox(bob, 0, 0, ALL))[0]?.firstIndex).toBe(2);
      await commit((batch) => batch.trimInbox(bob, 0, { position: 2, index: 2 }));
      expect(await positions()).toEqual([3]);
      await commit((batch) => batch.trimInbox(bob, 0, { position: 9, index: 0xffff }));
      expect(await positions()).toEqual([]);
    });

    it('keeps a partly acknowledged envelope through a reopening', async () => {
      await commit((batch) => batch.appendInbox(bob, 0, 5, envelopeOf({ bodies: ['a', 'b', 'c'] })));
      await commit((batch) => batch.trimInbox(bob, 0, { position: 5, index: 1 }));
      store = await under.reopen();
      expect((await store.readInbox(bob, 0, 0, ALL)).map(({ position, firstIndex }) => ({ position, firstIndex }))).toEqual([
        { position: 5, firstIndex: 2 },
      ]);
    });

    it('removes one envelope out of the middle, and nothing when it is not there', async () => {
      await commit((batch) => {
        for (const position of [1, 2, 3]) batch.appendInbox(bob, 0, position, envelopeOf({}));
      });
      await commit((batch) => batch.removeInbox(bob, 0, 2), { sync: false });
      await commit((batch) => batch.removeInbox(bob, 0, 77));
      expect(await positions()).toEqual([1, 3]);
    });

    it('returns sequence marks with their holes, undefined for unknown rows, and expires the old ones only', async () => {
      const mark = {
        high: 2 ** 50,
        holes: [
          { from: 3, to: 7 },
          { from: 2 ** 33, to: 2 ** 34 },
        ],
      };
      await commit((batch) => {
        batch.mark('old', { high: 4, holes: [] }, 1_000);
        batch.mark('\xff\x00 key', mark, 2_000);
      });
      store = await under.reopen();
      expect(await store.readMarks(['\xff\x00 key', 'nobody', 'old'])).toEqual([mark, undefined, { high: 4, holes: [] }]);
      if (marksExpire === 'in the rows') {
        expect(await store.expireMarks(2_000)).toBe(0);
        expect(await store.readMarks(['\xff\x00 key', 'old'])).toEqual([mark, { high: 4, holes: [] }]);
        return;
      }
      expect(await store.expireMarks(2_000)).toBe(1);
      expect(await store.readMarks(['\xff\x00 key', 'old'])).toEqual([mark, undefined]);
      expect(await store.expireMarks(2_000)).toBe(0);
    });

    it('keeps parked envelopes until they are taken out, through a reopening', async () => {
      const parked = [1, 2].map((sequence) => ({ markKey: 'row \xfe', envelope: envelopeOf({ sequence }), parkedAtMs: 1_800_000_000_123 }));
      await commit((batch) => {
        for (const one of parked) batch.park(one);
      });
      store = await under.reopen();
      expect(await store.readParked()).toEqual(parked);
      await commit((batch) => batch.unpark(parked[0]!));
      expect(await store.readParked()).toEqual([parked[1]]);
    });

    it('keeps outboxes per group in order, and names the groups that are not empty', async () => {
      await commit((batch) => {
        for (const group of ['tokyo-0', 'tokyo-00', 'sao-paulo-0']) {
          for (const position of [5, 6]) batch.appendOutbox(group, position, envelopeOf({ recipient: group }));
        }
      });
      expect((await store.outboxGroups()).sort()).toEqual(['sao-paulo-0', 'tokyo-0', 'tokyo-00']);
      expect((await store.readOutbox('tokyo-0', 0, ALL)).map(({ position }) => position)).toEqual([5, 6]);
      await commit((batch) => {
        for (const position of [5, 6]) batch.removeOutbox('tokyo-0', position);
      });
      store = await under.reopen();
      expect((await store.outboxGroups()).sort()).toEqual(['sao-paulo-0', 'tokyo-00']);
      expect(await store.readOutbox('tokyo-0', 0, ALL)).toEqual([]);
      expect((await store.readOutbox('tokyo-00', 5, ALL)).map(({ position }) => position)).toEqual([6]);
    });

    it('counts what waits, and nothing that has gone', async () => {
      const parked = { markKey: 'row', envelope: envelopeOf({ sequence: 2 }), parkedAtMs: 1_800_000_000_000 };
      await commit((batch) => {
        for (const position of [5, 6, 7]) batch.appendInbox(bob, 0, position, envelopeOf({}));
        batch.appendInbox(Buffer.from('carol'), 0, 8, envelopeOf({}));
        for (const position of [9, 10]) batch.appendOutbox('tokyo-0', position, envelopeOf({}));
        batch.appendOutbox('lima-0', 11, envelopeOf({}));
        batch.park(parked);
      });
      expect(await store.counts()).toEqual({ inboxes: 2, inboxEnvelopes: 4, outboxes: { 'tokyo-0': 2, 'lima-0': 1 }, parked: 1 });
      await commit((batch) => {
        batch.removeInbox(bob, 0, 6);
        batch.trimInbox(Buffer.from('carol'), 0, { position: 8, index: 0xffff });
        batch.removeOutbox('lima-0', 11);
        batch.unpark(parked);
      });
      expect(await store.counts()).toEqual({ inboxes: 1, inboxEnvelopes: 2, outboxes: { 'tokyo-0': 2 }, parked: 0 });
      store = await under.reopen();
      expect(await store.counts()).toEqual({ inboxes: 1, inboxEnvelopes: 2, outboxes: { 'tokyo-0': 2 }, parked: 0 });
    });

    it('tells everything it keeps of users, but not what was taken away', async () => {
      const names = ['bob', 'bo', '\xff\0'].map((name) => Buffer.from(name, 'latin1'));
      await commit((batch) => {
        for (const user of names) for (const bucket of [0, 7]) batch.appendInbox(user, bucket, 9 + bucket, envelopeOf({}));
        batch.appendInbox(Buffer.from('elsewhere'), 1, 3, envelopeOf({}));
        batch.mark('kept \xfe', { high: 4, holes: [{ from: 1, to: 2 }] }, 1_000);
        batch.mark('gone', { high: 4, holes: [] }, 1_000);
        batch.setLastSeen(bob, 50);
        batch.setLastSeen(Buffer.from('gone'), 50);
      });
      store = await under.reopen();
      await commit((batch) => {
        batch.trimInbox(Buffer.from('bo'), 0, { position: Number.MAX_SAFE_INTEGER, index: 0xffff });
        batch.mark('gone', { high: 0, holes: [] }, 0);
        batch.setLastSeen(Buffer.from('gone'), 0);
      });
      const told: unknown[] = [];
      await store.survey({
        inbox: (user) => void told.push(['inbox', user]),
        bucket: (...bucket) => void told.push(['bucket', ...bucket]),
        mark: (...mark) => void told.push(['mark', ...mark]),
        seen: (...seen) => void told.push(['seen', ...seen]),
      });
      expect(told.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
        ['bucket', 'bo', 7],
        ['bucket', 'bob', 7],
        ['bucket', 'elsewhere', 1],
        ['bucket', '\xff\0', 7],
        ['inbox', 'bob'],
        ['inbox', '\xff\0'],
        ['mark', 'kept \xfe', { high: 4, holes: [{ from: 1, to: 2 }] }, 1_000],
        ['seen', 'bob', 50],
      ]);
    });

    it('remembers when a user was last seen', async () => {
      await commit((batch) => batch.setLastSeen(bob, 1_800_000_000));
      store = await under.reopen();
      expect(await store.readLastSeen(bob)).toBe(1_800_000_000);
      expect(await store.readLastSeen(Buffer.from('bo'))).toBeUndefined();
    });

    it('keeps one record of a kind for a user, the latest, until it is removed', async () => {
      const value = (text: string) => Buffer.from(text, 'latin1');
      const zeros = Buffer.alloc(40);
      await commit((batch) => {
        batch.setRecord(RecordKind.layout, bob, value('first'));
        batch.setRecord(RecordKind.layout, bob, zeros);
        batch.setRecord(RecordKind.layout, value('bob\0'), value(''));
        batch.setRecord(RecordKind.home, bob, value('tokyo'));
        batch.setRecord(RecordKind.bucket, bob, value('gone'));
      });
      await commit((batch) => batch.removeRecord(RecordKind.bucket, bob));
      store = await under.reopen();
      const layouts = await store.readRecords(RecordKind.layout);
      expect(layouts.toSorted((a, b) => a.user.compare(b.user))).toEqual([
        { user: bob, value: zeros },
        { user: value('bob\0'), value: value('') },
      ]);
      expect(await store.readRecords(RecordKind.bucket)).toEqual([]);
      expect(await store.readRecord(RecordKind.home, bob)).toEqual(value('tokyo'));
      expect(await store.readRecord(RecordKind.bucket, bob)).toBeUndefined();
      await commit((batch) => batch.setRecord(RecordKind.home, bob, value('lima')));
      expect(await store.readRecord(RecordKind.home, bob)).toEqual(value('lima'));
    });

    it('never gives a reserved position out again after a reopening', async () => {
      expect(store.firstPosition).toBe(1);
      store.reservePositions(5_000);
      await commit((batch) => batch.appendInbox(bob, 0, 1, envelopeOf({})));
      store = await under.reopen();
      expect(store.firstPosition).toBe(5_000);
      store.reservePositions(9_000);
      await commit(() => undefined);
      store = await under.reopen();
      expect(store.firstPosition).toBe(9_000);
    });

    it('refuses a second opener with STATE_IN_USE, and lets it in after the first has closed', async () => {
      await expect(under.openAgain()).rejects.toMatchObject({ code: 'STATE_IN_USE' });
      store = await under.reopen();
      expect(await positions()).toEqual([]);
    });

    it('refuses to work once closed, with STORE_FAILED', async () => {
      await store.close();
      await expect(commit((batch) => batch.appendInbox(bob, 0, 1, envelopeOf({})))).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(positions()).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(store.readMarks(['key'])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(store.readLastSeen(bob)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    });
  });
}
