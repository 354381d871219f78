/** The store of a log and rows on engines, here in memory: the port’s laws, the same answers as the memory store, and what engines do wrong (L1, L10, F3). */
import fc from 'fast-check';
import { BatchAssembler } from '../../../runtime/adapters/inbox-distributed/batch-assembler.ts';
import { isOnInbox } from '../../../runtime/adapters/inbox-distributed/group-contents.ts';
import { batchEntries, EntryReader, fenceEntry } from '../../../runtime/adapters/inbox-distributed/group-entries.ts';
import { LogBatch, OPERATION_HEADER_BYTES, type OperationReader } from '../../../runtime/adapters/inbox-log/log-operations.ts';
import { RECORD_HEADER_BYTES } from '../../../runtime/adapters/inbox-log/log-record.ts';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { GROUP_UNAPPLIED_BYTES_MAX } from '../../../runtime/contract/limits.ts';
import type { InboxStore } from '../../../runtime/ports/inbox-store.ts';
import { describeInboxStoreContract } from '../../contract/inbox-store-contract.ts';
import { describeInboxStoreModel } from '../../contract/inbox-store-model.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { HurriedTime, MemoryEngines } from '../../fakes/memory-engines.ts';

const hurried = new HurriedTime();
afterAll(() => hurried.stop());

describeInboxStoreContract(
  'the distributed store',
  async () => {
    const engines = new MemoryEngines({ hurried });
    let store = await engines.open();
    return {
      store,
      reopen: async () => {
        await store.close();
        store = await engines.open();
        return store;
      },
      openAgain: () => engines.open(),
      dispose: () => store.close(),
    };
  },
  { marksExpire: 'in the rows' },
);

const NARROW = { inbox: { envelopesMax: 3, bytesMax: 150 }, outbox: { envelopesMax: 2, bytesMax: 1_000 } };
const groups = new Map<string, MemoryEngines>();
const enginesOf = (directory: string) => {
  const known = groups.get(directory) ?? new MemoryEngines({ hurried, seed: groups.size });
  groups.set(directory, known);
  return known;
};

describeInboxStoreModel('the distributed store', (directory) => enginesOf(directory).open({ bounds: NARROW }), NARROW);

describeInboxStoreModel(
  'the distributed store whose rows follow each commit',
  async (directory) => followed(await enginesOf(directory).open({ bounds: NARROW }), async (store) => void (await store.counts())),
  NARROW,
);

describeInboxStoreModel(
  'the distributed store whose rows are always on their way',
  async (directory) =>
    followed(await enginesOf(directory).open({ bounds: NARROW }), async (store) => {
      void store.counts().catch(() => undefined);
    }),
  NARROW,
);

/** Does something after each commit. */
function followed(store: InboxStore, then: (store: InboxStore) => Promise<void>): InboxStore {
  const commit = store.commit.bind(store);
  store.commit = async (batch, options) => {
    await commit(batch, options);
    await then(store);
  };
  return store;
}

const bob = Buffer.from('bob');
const ALL = { envelopesMax: 1_000, bytesMax: 1 << 30 };
const SYNCED = { sync: true };

async function send(store: InboxStore, position: number, envelope = envelopeOf({})): Promise<void> {
  const batch = store.batch();
  batch.appendInbox(bob, 0, position, envelope);
  await store.commit(batch, SYNCED);
}

const positionsOf = async (store: InboxStore) => (await store.readInbox(bob, 0, 0, ALL)).map(({ position }) => position);
const isSettled = async (promise: Promise<unknown>) => {
  let settled = false;
  void promise.finally(() => {
    settled = true;
  });
  await new Promise((resolve) => hurried.time.schedule(hurried.time.nowMs + 100_000, () => resolve(undefined)));
  return settled;
};

describe('the distributed store and its engines', () => {
  it('answers nothing once its lease is over, though the log has the batch, and says so once (L10, F22)', async () => {
    const engines = new MemoryEngines({ hurried });
    const lease = engines.newLease();
    const store = await engines.openAs(lease, { bounds: NARROW, clock: engines.clock() });
    const answer = send(store, 1);
    lease.isHeld = false;
    expect(await isSettled(answer)).toBe(false);
    expect(engines.heard).toEqual([expect.stringMatching(/^lost: /)]);
    await store.close();
  });

  it('answers nothing that stands behind a later owner’s entry, whatever its clock says of its lease (L1, L10, F11, F22)', async () => {
    const engines = new MemoryEngines({ hurried });
    const suspended = engines.newLease();
    const former = await engines.openAs(suspended, { bounds: NARROW, clock: engines.clock() });
    await send(former, 1);
    const store = await engines.openAs(engines.newLease(), { bounds: NARROW, clock: engines.clock() });
    // The machine goes on, and its clock stood still with it.
    suspended.isHeld = true;
    const answer = send(former, 2);
    expect(await isSettled(answer)).toBe(false);
    expect(engines.heard).toEqual([expect.stringMatching(/^lost: .*entry of epoch 2, this lease is of 1/)]);
    await send(store, 3);
    expect(await positionsOf(store)).toEqual([1, 3]);
    await former.close();
    await store.close();
  });

  it('counts right what the owner before takes out of the rows while they are loaded (F2, F22)', async () => {
    const engines = new MemoryEngines({ hurried });
    const goesOn = Promise.withResolvers<void>();
    let isStopped = false;
    const first = await engines.open({ bounds: NARROW });
    await send(first, 1);
    await first.close();
    engines.rowFaults = { before: async () => (isStopped ? goesOn.promise : undefined) };
    const stopped = engines.newLease();
    const former = await engines.openAs(stopped, { bounds: NARROW, clock: engines.clock() });
    isStopped = true;
    const read = former.batch();
    read.trimInbox(bob, 0, { position: 1, index: 0 });
    await former.commit(read, SYNCED);
    engines.rowFaults = {};
    const open = engines.rows.open.bind(engines.rows);
    engines.rows.open = (faults) => {
      const rows = open(faults);
      const readSummaries = rows.readSummaries.bind(rows);
      rows.readSummaries = async function* () {
        for await (const part of readSummaries()) yield part;
        goesOn.resolve();
        stopped.isHeld = true;
        await former.counts();
        stopped.isHeld = false;
      };
      return rows;
    };
    const store = await engines.openAs(engines.newLease(), { bounds: NARROW, clock: engines.clock() });
    expect(await store.counts()).toMatchObject({ inboxes: 0, inboxEnvelopes: 0 });
    expect(await positionsOf(store)).toEqual([]);
    await store.close();
    await former.close();
  });

  it('goes on behind entries that it appended twice itself (F4)', async () => {
    const engines = new MemoryEngines({ hurried });
    const store = await engines.open({ bounds: NARROW });
    engines.log.faults = { refused: 0, lost: 0.5, late: 0, doubled: 0.5 };
    for (let position = 1; position <= 10; position++) await send(store, position);
    expect([await positionsOf(store), engines.heard.filter((line) => !line.startsWith('failed'))]).toEqual([
      Array.from({ length: 10 }, (_, i) => i + 1),
      [],
    ]);
    await store.close();
  });

  it('passes over what a former owner’s append brings behind the next owner’s entry (L10, F2)', async () => {
    const engines = new MemoryEngines({ hurried });
    const former = await engines.open({ bounds: NARROW });
    await send(former, 1);
    engines.log.faults = { refused: 0, lost: 0, late: 1, doubled: 0 };
    void send(former, 2);
    await new Promise(setImmediate);
    const lease = engines.newLease();
    engines.log.faults = { refused: 0, lost: 0, late: 0, doubled: 1 };
    const store = await engines.openAs(lease, { bounds: NARROW, clock: engines.clock() });
    await send(store, 5);
    await new Promise((resolve) => hurried.time.schedule(hurried.time.nowMs + 40_000, () => resolve(undefined)));
    await store.close();
    expect(engines.log.entries.length).toBeGreaterThan(5);
    expect(await positionsOf(await engines.open({ bounds: NARROW }))).toEqual([1, 5]);
  });

  it('waits with commits while the log is away, and answers them when it is back (F3)', async () => {
    const engines = new MemoryEngines({ hurried });
    const store = await engines.open({ bounds: NARROW });
    engines.log.awayUntilMs = hurried.time.nowMs + 60_000;
    const startMs = hurried.time.nowMs;
    await send(store, 1);
    expect(hurried.time.nowMs - startMs).toBeGreaterThanOrEqual(60_000);
    expect(await positionsOf(store)).toEqual([1]);
    await store.close();
  });

  it('commits and reads what it has while the rows are away, up to a bound of bytes, then waits (L8, F3)', async () => {
    const engines = new MemoryEngines({ hurried });
    let isAway = false;
    engines.rowFaults = {
      before: async () => {
        if (isAway) throw new IrisError('ENGINE_UNAVAILABLE', 'the rows are away');
      },
    };
    const store = await engines.open();
    isAway = true;
    const envelope = envelopeOf({ bodies: Array.from({ length: 16 }, () => 'x'.repeat(60_000)) });
    let position = 0;
    for (; position * envelope.length < GROUP_UNAPPLIED_BYTES_MAX; ) await send(store, ++position, envelope);
    const waiting = send(store, ++position, envelope);
    expect(await isSettled(waiting)).toBe(false);
    expect((await positionsOf(store)).length).toBe(position - 1);
    isAway = false;
    await waiting;
    await store.close();
    expect((await positionsOf(await engines.open())).length).toBe(position);
  });

  it('says how many of its questions memory answered, and how many the rows were asked', async () => {
    const engines = new MemoryEngines({ hurried });
    const store = await engines.open();
    await send(store, 1);
    const batch = store.batch();
    batch.mark('key', { high: 1, holes: [] }, 1);
    await store.commit(batch, SYNCED);
    await store.readMarks(['key', 'other']);
    expect(store.usage.cache).toEqual({ asked: 2, hits: 1 });
    await store.readInbox(bob, 0, 0, { envelopesMax: 10, bytesMax: 1_000 });
    expect(store.usage.cache).toEqual({ asked: 3, hits: 2 });
    // Now they are in the rows, and no more in memory.
    await store.counts();
    await store.readMarks(['key']);
    await store.readInbox(bob, 0, 0, { envelopesMax: 10, bytesMax: 1_000 });
    expect(store.usage.cache).toEqual({ asked: 5, hits: 2 });
    await store.close();
  });

  it('never writes into the rows what was read within a moment, but its mark', async () => {
    const engines = new MemoryEngines({ hurried });
    const calls: string[] = [];
    engines.rowFaults = { before: async (call) => void calls.push(call) };
    const store = await engines.open();
    await send(store, 1);
    const batch = store.batch();
    batch.trimInbox(bob, 0, { position: 1, index: 0 });
    batch.mark('key', { high: 1, holes: [] }, 1);
    await store.commit(batch, SYNCED);
    await store.close();
    expect(engines.rows.inboxes.size).toBe(0);
    expect([...engines.rows.marks.values()]).toHaveLength(1);
    expect(calls).not.toContain('measureInbox');
  });

  it('refuses a log that is not the one its rows have followed, and one that lacks a batch', async () => {
    const engines = new MemoryEngines({ hurried });
    const store = await engines.open();
    for (let position = 1; position < 20; position++) await send(store, position);
    await store.close();
    const other = new MemoryEngines({ hurried });
    Object.assign(other, { rows: engines.rows, epoch: 7 });
    const refused = {
      code: 'ENGINE_INVALID',
      message: expect.stringMatching(/^rows in memory has applied .* a log in memory is another one/),
    };
    // Each try leaves entries, until there are more than the rows have ever seen.
    for (let tries = 0; tries < 30; tries++) await expect(other.open()).rejects.toMatchObject(refused);
    expect(other.log.entries.length).toBeGreaterThan(engines.rows.checkpoint?.offset as number);
    engines.log.removeBefore(engines.rows.checkpoint?.offset as number);
    Object.assign(engines, { epoch: 40 });
    const again = await engines.open();
    expect(await positionsOf(again)).toHaveLength(19);
    await again.close();
  });

  it.each([0, 7])('refuses rows that know nothing of what the log holds, in epoch %i and whenever it is tried again', async (epoch) => {
    const engines = new MemoryEngines({ hurried });
    const store = await engines.open();
    await send(store, 1);
    await store.close();
    const fresh = new MemoryEngines({ hurried });
    Object.assign(fresh, { log: engines.log, epoch });
    const refused = {
      code: 'ENGINE_INVALID',
      message: expect.stringMatching(/^a log in memory holds batches of which rows in memory knows nothing/),
    };
    for (let tries = 0; tries < 3; tries++) await expect(fresh.open()).rejects.toMatchObject(refused);
  });

  it('refuses a log that lacks a batch', async () => {
    const engines = new MemoryEngines({ hurried });
    const store = await engines.open();
    for (let position = 1; position < 20; position++) await send(store, position);
    await store.close();
    engines.rows.checkpoint = { epoch: 1, number: 3, nextPosition: 1, offset: 10 };
    engines.log.entries.splice(11, 1);
    await expect(engines.open()).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('with batch') });
  });
});

it('splits a batch over entries, and finds it whole again out of doubled, late and disordered ones', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 20 }),
      fc.nat({ max: 120 }),
      fc.array(fc.nat(), { maxLength: 40 }),
      (appends, room, order) => {
        const batch = new LogBatch();
        appends.forEach(([length, bucket], i) => {
          if (bucket === 3) batch.setLastSeen(bob, i);
          else batch.appendInbox(bob, bucket, i + 1, Buffer.concat([envelopeOf({}), Buffer.alloc(length, i)]));
        });
        const whole = Buffer.from(batch.bytes.subarray(RECORD_HEADER_BYTES, batch.length));
        let chunk = 0;
        const rangeOf = (operation: OperationReader) => (isOnInbox(operation) ? { first: chunk, last: chunk++ } : undefined);
        const entryBytesMax = 200 + room;
        const entries = batchEntries(batch, { epoch: 7, number: 5 }, { entryBytesMax, rangeOf });
        const assembler = new BatchAssembler({ epoch: 6, number: 4 });
        const stale = batchEntries(batch, { epoch: 6, number: 5 }, { entryBytesMax: 1_000_000, rangeOf: () => undefined });
        const shuffled = [...order.map((at) => entries[at % entries.length] as Buffer), ...entries];
        assembler.take({ offset: 0, body: fenceEntry(7) });
        const found = shuffled.flatMap((body, i) => [
          assembler.take({ offset: 2 * i, body: stale[0] as Buffer }) ?? [],
          assembler.take({ offset: 2 * i + 1, body }) ?? [],
        ]);
        expect(found.flat()).toHaveLength(1);
        for (const entry of entries) expect(entry.length).toBeLessThanOrEqual(entryBytesMax);
        const { parts } = found.flat()[0] as { parts: readonly Buffer[] };
        const reader = new EntryReader();
        const operations: Buffer[] = [];
        const chunks: number[] = [];
        for (const part of parts) {
          reader.begin(part);
          while (reader.next()) {
            const { operation } = reader;
            operations.push(part.subarray(operation.keyStart - OPERATION_HEADER_BYTES, operation.bodyStart + operation.bodyLength));
            if (isOnInbox(operation)) chunks.push(reader.nextRange().last);
          }
        }
        expect(Buffer.concat(operations)).toEqual(whole);
        expect(chunks).toEqual(chunks.map((_, i) => i));
      },
    ),
    { numRuns: 200 },
  );
});
