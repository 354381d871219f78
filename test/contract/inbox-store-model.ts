import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type InboxStore, RecordKind, type StoreBatch, type StoreBounds } from '../../runtime/ports/inbox-store.ts';
import { envelopeOf } from '../fakes/envelopes.ts';
import { openMemoryStore } from '../fakes/memory-inbox-store.ts';

export type OpenStore = (directory: string) => Promise<InboxStore>;

const ALL = { envelopesMax: 10_000, bytesMax: 1 << 30 };

/** Positions grow from batch to batch, as in a log. */
export type Step = (batch: StoreBatch, round: number) => void;

const USERS = ['', 'a', 'a\0', 'ab', '\xff'].map((name) => Buffer.from(name, 'latin1'));
const user = fc.constantFrom(...USERS);
const bucket = fc.nat({ max: 1 });
const position = fc.integer({ min: 1, max: 50 });
const place = fc.integer({ min: 1, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(user, bucket, place, fc.integer({ min: 1, max: 4 })).map(
    ([name, part, at, count]): Step =>
      (batch, round) => {
        const bodies = Array.from({ length: count }, (_, i) => `${round}.${at}.${i}`);
        batch.appendInbox(name, part, 2 * round + at, envelopeOf({ bodies }));
      },
  ),
  fc.tuple(user, bucket, position).map(
    ([name, part, at]): Step =>
      (batch) =>
        batch.removeInbox(name, part, at),
  ),
  fc.tuple(fc.constantFrom('g', 'g-1', 'h'), position, fc.boolean()).map(
    ([group, at, isAppend]): Step =>
      (batch) =>
        isAppend ? batch.appendOutbox(group, at, envelopeOf({})) : batch.removeOutbox(group, at),
  ),
  fc.tuple(fc.constantFrom('k', 'k\0', '\xfe'), fc.nat()).map(
    ([key, high]): Step =>
      (batch) =>
        batch.mark(key, { high, holes: high % 2 === 0 ? [] : [{ from: 1, to: high }] }, high),
  ),
  fc.tuple(user, fc.constantFrom(RecordKind.layout, RecordKind.home), fc.option(fc.uint8Array({ maxLength: 50 }))).map(
    ([name, kind, value]): Step =>
      (batch) =>
        value === null ? batch.removeRecord(kind, name) : batch.setRecord(kind, name, Buffer.from(value)),
  ),
);
/** A trim looks at what is stored, so it stands in a batch of its own. */
const trim: fc.Arbitrary<Step> = fc.tuple(user, bucket, position, fc.nat({ max: 4 })).map(
  ([name, part, at, index]): Step =>
    (batch) =>
      batch.trimInbox(name, part, { position: at, index }),
);

/** Batches of steps, in the order of their commits. */
export const someBatches: fc.Arbitrary<Step[][]> = fc.array(
  fc.oneof(
    fc.array(step, { maxLength: 6 }),
    trim.map((one) => [one]),
  ),
  { maxLength: 25 },
);

/** All that a store answers about what such batches leave. */
export async function everything(store: InboxStore, hasAges: boolean): Promise<unknown> {
  // First: some stores say a little too much of what is full and how old it is until they have counted.
  const counts = await store.counts();
  const before = hasAges ? [1, 10, 30].map((at) => [...store.inboxesBefore(at)].map(String).sort()) : [];
  const inboxes = await Promise.all(USERS.flatMap((name) => [0, 1].map((part) => store.readInbox(name, part, 0, ALL))));
  const groups = (await store.outboxGroups()).sort();
  const outboxes = await Promise.all(groups.map((group) => store.readOutbox(group, 0, ALL)));
  const records = await Promise.all(
    [RecordKind.layout, RecordKind.home].map(async (kind) => ({
      all: (await store.readRecords(kind)).toSorted((a, b) => a.user.compare(b.user)),
      one: await store.readRecord(kind, Buffer.from('a')),
    })),
  );
  const fullInboxes = USERS.flatMap((name) => [0, 1].map((part) => store.isInboxFull(name, part)));
  const full = { fullInboxes, fullOutboxes: groups.map((group) => store.isOutboxFull(group)) };
  return { counts, before, inboxes, groups, outboxes, records, full, marks: await store.readMarks(['k', 'k\0', '\xfe']) };
}

/** Holds an adapter against the memory store, whose every line can be read at a glance. `open` opens it with `bounds`, if given. */
export function describeInboxStoreModel(name: string, open: OpenStore, bounds?: StoreBounds): void {
  describe(`${name} and the memory store`, () => {
    const folders: string[] = [];
    const folder = () => {
      const path = mkdtempSync(join(tmpdir(), 'iris-store-'));
      folders.push(path);
      return path;
    };
    afterAll(() => {
      for (const path of folders) rmSync(path, { recursive: true, force: true });
    });

    it('give the same answers after any row of batches, and again after a reopening', async () => {
      await fc.assert(
        fc.asyncProperty(someBatches, async (batches) => {
          const directory = folder();
          const memory = openMemoryStore();
          if (bounds !== undefined) memory.disk.bounds = bounds;
          const store = await open(directory);
          for (const [round, steps] of batches.entries()) {
            for (const each of [store, memory]) {
              const batch = each.batch();
              for (const apply of steps) apply(batch, round);
              await each.commit(batch, { sync: false });
            }
          }
          const expected = await everything(memory, bounds !== undefined);
          expect(await everything(store, bounds !== undefined)).toEqual(expected);
          await store.close();
          const reopened = await open(directory);
          expect(await everything(reopened, bounds !== undefined)).toEqual(expected);
          await reopened.close();
        }),
        { numRuns: 40 },
      );
    }, 60_000);
  });
}
