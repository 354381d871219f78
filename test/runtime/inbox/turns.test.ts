/** D6: a large commit holds nobody: it is decided, stored and announced in turns, with the same answers in the same order (L1, L3). */
import { openLogStore } from '../../../runtime/adapters/inbox-store-log.ts';
import { TURN_BYTES, TURN_ITEM_BYTES } from '../../../runtime/contract/limits.ts';
import { SectorDisk } from '../../../runtime/simulation/sector-disk.ts';
import { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';
import { envelopeOf } from '../../fakes/envelopes.ts';
import { CoreUnderTest, TestReader } from './core-under-test.ts';

const COUNT = 6_000;
const bodies = Array.from({ length: COUNT }, (_, i) => `m${i + 1}`);
const bob = Buffer.from('bob');

it('between two turns at most one turn’s worth was answered or pushed, nothing before the commit, all in order', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  const reader = new TestReader();
  core.attach(reader, 'bob', { creditBytes: 1 << 30 });
  await core.settle();
  const before = core.disk.syncedCommits;
  for (const [i, body] of bodies.entries()) origin.send({ sequence: i + 1, previous: i, bodies: [body] });
  const looks: { commits: number; answers: number; pushes: number }[] = [];
  const look = () => {
    looks.push({ commits: core.disk.syncedCommits - before, answers: origin.answers.size, pushes: reader.pushes.length });
    if (reader.pushes.length < COUNT) core.clock.soon(look);
  };
  core.clock.soon(look);
  await core.settle();
  const atOnce = TURN_BYTES / TURN_ITEM_BYTES;
  for (const [i, now] of looks.entries()) {
    const last = looks[i - 1] ?? { answers: 0, pushes: 0 };
    expect(now.answers - last.answers + (now.pushes - last.pushes)).toBeLessThanOrEqual(atOnce);
    if (now.commits === 0) expect(now.answers + now.pushes).toBe(0);
  }
  expect(looks.at(-1)).toEqual({ commits: 1, answers: COUNT, pushes: COUNT });
  expect(looks.filter(({ commits }) => commits === 0).length).toBeGreaterThan(COUNT / atOnce);
  expect(origin.order).toEqual(bodies.map((_, i) => i + 1));
  expect(reader.bodies).toEqual(bodies);
});

it('a reader who comes while a commit is announced gets everything once and in order', async () => {
  const core = await CoreUnderTest.start();
  const origin = core.origin();
  for (const [i, body] of bodies.entries()) origin.send({ sequence: i + 1, previous: i, bodies: [body] });
  const readers: TestReader[] = [];
  const look = () => {
    if (origin.answers.size > 0 && readers.length < 3) {
      const reader = new TestReader();
      readers.push(reader);
      core.attach(reader, 'bob', { creditBytes: 1 << 30 });
    }
    if (readers.length < 3) core.clock.soon(look);
  };
  core.clock.soon(look);
  await core.settle();
  expect(readers).toHaveLength(3);
  expect(readers.at(-1)?.bodies).toEqual(bodies);
});

describe('while the log takes in a commit', () => {
  const commit = async (during: (store: Awaited<ReturnType<typeof openLogStore>>) => Promise<void>) => {
    const disk = new SectorDisk({ random: new SeededRandom(1) });
    const open = () => openLogStore('/store', { disk, turnBytes: 1 });
    const store = await open();
    const batch = store.batch();
    for (let i = 1; i <= 200; i++) batch.appendInbox(bob, 0, i, envelopeOf({ sequence: i, bodies: [`m${i}`] }));
    for (let i = 1; i <= 200; i++) batch.mark(`key-${i}`, { high: i, holes: [] }, i);
    let isDone = false;
    const done = store.commit(batch, { sync: true }).then(() => {
      isDone = true;
    });
    while (!isDone) {
      await during(store);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    await store.close();
    return await open();
  };

  it('a read sees its beginning, never a part without what came before (L3)', async () => {
    const seen = new Set<number>();
    const torn: number[] = [];
    const store = await commit(async (open) => {
      const page = await open.readInbox(bob, 0, 0, { envelopesMax: 1_000, bytesMax: 1 << 30 });
      if (page.some(({ position }, i) => position !== i + 1)) torn.push(page.length);
      seen.add(page.length);
    });
    expect(torn).toEqual([]);
    expect(seen.size).toBeGreaterThan(2);
    await store.close();
  });

  it('a flush of marks loses none of those that come after it (L2)', async () => {
    let flushes = 0;
    const store = await commit(async (open) => {
      const [first, last] = await open.readMarks(['key-1', 'key-200']);
      if (flushes > 0 || first === undefined || last !== undefined) return;
      flushes++;
      await open.expireMarks(0);
    });
    expect(flushes).toBe(1);
    const keys = Array.from({ length: 200 }, (_, i) => `key-${i + 1}`);
    expect((await store.readMarks(keys)).map((mark) => mark?.high)).toEqual(keys.map((_, i) => i + 1));
    await store.close();
  });
});
