/** The embedded store on a real disk: the port’s laws, the same answers as the memory store, and kill -9 (L1, F5, B7). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { openLevelStore } from '../../../runtime/adapters/inbox-store-level.ts';
import type { InboxStore, StoreBatch } from '../../../runtime/ports/inbox-store.ts';
import { describeInboxStoreContract } from '../../contract/inbox-store-contract.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { openMemoryStore } from '../../fakes/memory-inbox-store.ts';

const ALL = { envelopesMax: 10_000, bytesMax: 1 << 30 };
const folders: string[] = [];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'iris-store-'));
  folders.push(path);
  return path;
}

afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

describeInboxStoreContract('the embedded store', async () => {
  const directory = folder();
  let store = await openLevelStore(directory);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openLevelStore(directory);
      return store;
    },
    openAgain: () => openLevelStore(directory),
    dispose: () => store.close(),
  };
});

/** Positions grow from batch to batch, as in a log. */
type Step = (batch: StoreBatch, round: number) => void;

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
);
/** A trim looks at what is stored, so it stands in a batch of its own. */
const trim: fc.Arbitrary<Step> = fc.tuple(user, bucket, position, fc.nat({ max: 4 })).map(
  ([name, part, at, index]): Step =>
    (batch) =>
      batch.trimInbox(name, part, { position: at, index }),
);

async function everything(store: InboxStore): Promise<unknown> {
  const inboxes = await Promise.all(USERS.flatMap((name) => [0, 1].map((part) => store.readInbox(name, part, 0, ALL))));
  const groups = (await store.outboxGroups()).sort();
  const outboxes = await Promise.all(groups.map((group) => store.readOutbox(group, 0, ALL)));
  return { inboxes, groups, outboxes, marks: await store.readMarks(['k', 'k\0', '\xfe']) };
}

it('answers like the memory store after any row of batches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.array(step, { maxLength: 6 }),
          trim.map((one) => [one]),
        ),
        { maxLength: 25 },
      ),
      async (batches) => {
        const stores = [await openLevelStore(folder()), openMemoryStore()];
        for (const [round, steps] of batches.entries()) {
          for (const store of stores) {
            const batch = store.batch();
            for (const apply of steps) apply(batch, round);
            await store.commit(batch, { sync: false });
          }
        }
        const [real, model] = await Promise.all(stores.map(everything));
        await Promise.all(stores.map((store) => store.close()));
        expect(real).toEqual(model);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

it('loses no committed batch to kill -9, synced or not, and shows each batch whole or not at all', async () => {
  const directory = folder();
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [resolve(__dirname, 'commit-forever.ts'), directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    const enough = new Promise<void>((done) => {
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
        if (printed.split('\n').length > 40 * (round + 1)) done();
      });
    });
    await enough;
    const exited = once(child, 'close');
    child.kill('SIGKILL');
    await exited;
    const committed = Number(printed.trimEnd().split('\n').at(-1));
    const store = await openLevelStore(directory);
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map(async (name) => (await store.readInbox(Buffer.from(name), 0, 0, ALL)).map((entry) => entry.position)),
    );
    const [mark] = await store.readMarks(['row']);
    await store.close();
    expect(alice?.length).toBeGreaterThanOrEqual(committed);
    expect(alice).toEqual(Array.from({ length: alice?.length ?? 0 }, (_, i) => i + 1));
    expect(bob).toEqual(alice);
    expect(mark?.high).toBeGreaterThanOrEqual(committed);
  }
}, 60_000);
