/** A group’s embedded store copied to a log and rows, ended at any commit and begun again: nothing lost, nothing doubled (L1, L3, L4). Killed processes and real servers are in test/live/engines. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { openLogStore } from '../../runtime/adapters/inbox-store-log.ts';
import type { InboxStore } from '../../runtime/ports/inbox-store.ts';
import { copyStore } from '../../runtime/servers/store-copy.ts';
import { everything, type Step, someBatches } from '../contract/inbox-store-model.ts';
import { envelopeOf } from '../fakes/envelopes.ts';
import { HurriedTime, MemoryEngines } from '../fakes/memory-engines.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-copy-'));
const hurried = new HurriedTime();
const NO_BOUNDS = { envelopesMax: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
const UNBOUNDED = { inbox: NO_BOUNDS, outbox: NO_BOUNDS };
const never = new AbortController().signal;
let stores = 0;
afterAll(() => {
  hurried.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the model’s steps do not have: parked envelopes and times. */
const more: fc.Arbitrary<Step> = fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 9 }), fc.boolean()).map(
  ([key, sequence, isKept]): Step =>
    (batch) => {
      const parked = { markKey: `k${key}`, envelope: envelopeOf({ sequence }), parkedAtMs: 1_000 + key };
      if (isKept) batch.park(parked);
      else batch.unpark(parked);
      batch.setLastSeen(Buffer.from(`user-${key}`), sequence);
    },
);
const four = envelopeOf({ bodies: ['a', 'b', 'c', 'd'] });
/** An inbox whose first envelope is read in part, or to its end. */
const partlyRead = fc
  .tuple(fc.constantFrom('a', 'late'), fc.nat({ max: 1 }), fc.nat({ max: 3 }))
  .map(([name, bucket, index]): Step[][] => [
    [60, 61].map((position) => (batch) => batch.appendInbox(Buffer.from(name), bucket, position, four)),
    [(batch) => batch.trimInbox(Buffer.from(name), bucket, { position: 60, index })],
  ]);
const lives = fc
  .tuple(someBatches, fc.array(more, { maxLength: 8 }), partlyRead)
  .map(([batches, other, last]) => [...batches, other, ...last]);

/** An embedded store that has been through such batches, opened again. */
async function embedded(batches: readonly Step[][]): Promise<InboxStore> {
  const directory = join(folder, String(stores++));
  const store = await openLogStore(directory);
  for (const [round, steps] of batches.entries()) {
    const batch = store.batch();
    for (const apply of steps) apply(batch, round);
    store.reservePositions(100 * (round + 1));
    await store.commit(batch, { sync: false });
  }
  await store.close();
  return await openLogStore(directory);
}

async function answers(store: InboxStore): Promise<unknown> {
  const told: string[] = [];
  await store.survey({
    inbox: (user) => void told.push(`inbox ${user}`),
    bucket: (user, bucket) => void told.push(`bucket ${bucket} ${user}`),
    mark: (...mark) => void told.push(JSON.stringify(mark)),
    seen: (...seen) => void told.push(JSON.stringify(seen)),
  });
  const parked = (await store.readParked()).map((one) => JSON.stringify(one)).sort();
  const kept = (await everything(store, true)) as { marks: ({ high: number } | undefined)[] };
  // 0 stands for a mark that was taken away.
  const marks = kept.marks.map((mark) => (mark?.high === 0 ? undefined : mark));
  return { ...kept, marks, parked, told: told.sort(), firstPosition: store.firstPosition };
}

it('answers every read as its source does, at once and after a take-over, however often the copy was ended', async () => {
  await fc.assert(
    fc.asyncProperty(lives, fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.boolean()), { maxLength: 3 }), async (batches, ends) => {
      const source = await embedded(batches);
      const engines = new MemoryEngines({ hurried, seed: stores });
      const copy = (target: InboxStore) => copyStore({ source, target, signal: never, told: () => undefined, batchBytes: 300 });
      // An owner that was killed is left as it is: what it has under way comes late.
      const next = () => engines.openAs(engines.newLease(), { bounds: UNBOUNDED, clock: engines.clock() });
      for (const [commits, isInLog] of ends) {
        await copy(dying(await next(), commits, isInLog)).catch((error: unknown) => expect(String(error)).toMatch(/killed$/));
      }
      const expected = await answers(source);
      const target = await next();
      const { inboxes } = await copy(target);
      expect(inboxes).toBe((await source.counts()).inboxes);
      await target.close();
      const owner = await engines.open();
      expect(await answers(owner)).toEqual(expected);
      await owner.close();
      await source.close();
    }),
    { numRuns: 40 },
  );
}, 60_000);

/** Its process ends with the commit after so many: the log has that one, or not. */
function dying(store: InboxStore, commits: number, isInLog: boolean): InboxStore {
  const commit = store.commit.bind(store);
  let left = commits;
  store.commit = async (batch, options) => {
    if (left-- > 0) return await commit(batch, options);
    if (isInLog) await commit(batch, options);
    throw new Error('killed');
  };
  return store;
}

it('says so when the target does not hold the same in the end', async () => {
  const source = await embedded([[(batch) => batch.appendInbox(Buffer.from('bob'), 0, 1, envelopeOf({}))]]);
  const target = await new MemoryEngines({ hurried }).open();
  const batch = target.batch();
  batch.appendInbox(Buffer.from('somebody else'), 0, 1, envelopeOf({}));
  await target.commit(batch, { sync: true });
  await expect(copyStore({ source, target, signal: never, told: () => undefined })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await target.close();
  await source.close();
});
