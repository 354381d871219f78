/** F5, F6, F10, B7: the real store on a disk that forgets what was not synced, tears, fails, fills and flips bits. */
import fc from 'fast-check';
import { openLogStore } from '../../../../runtime/adapters/inbox-store-log.ts';
import type { InboxStore } from '../../../../runtime/ports/inbox-store.ts';
import { SectorDisk } from '../../../../runtime/simulation/sector-disk.ts';
import { SeededRandom } from '../../../../runtime/simulation/seeded-random.ts';
import { bodiesOf, envelopeOf } from '../../../fakes/envelopes.ts';
import { ProcessDisk } from '../../../fakes/process-disk.ts';

const DIRECTORY = '/store';
const ALL = { envelopesMax: 100_000, bytesMax: 1 << 30 };
/** More of them: IRIS_RUNS=500 npx jest test/runtime/adapters/inbox-log/simulated-disk */
const RUNS = Number(process.env['IRIS_RUNS'] ?? 15);
const bob = Buffer.from('bob');
const release = async () => undefined;

function open(disk: SectorDisk | ProcessDisk, epoch: number, segmentBytes = 2_048): Promise<InboxStore> {
  return openLogStore(DIRECTORY, { disk, lease: { epoch, isHeld: true, release }, segmentBytes, cacheBytes: 1 });
}

async function append(store: InboxStore, number: number, { sync }: { sync: boolean }): Promise<void> {
  const batch = store.batch();
  batch.appendInbox(bob, 0, number, envelopeOf({ sequence: number, bodies: [`message ${number}`] }));
  batch.mark(`row ${number % 7}`, { high: number, holes: [] }, number);
  await store.commit(batch, { sync });
}

async function contentsOf(store: InboxStore): Promise<{ numbers: number[]; marks: (number | undefined)[] }> {
  const page = await store.readInbox(bob, 0, 0, ALL);
  for (const { position, envelope } of page) expect(bodiesOf(envelope)).toEqual([`message ${position}`]);
  const marks = await store.readMarks(Array.from({ length: 7 }, (_, i) => `row ${i}`));
  return { numbers: page.map(({ position }) => position), marks: marks.map((mark) => mark?.high) };
}

/** The mark of each row after messages 1 … `last`. */
const marksAfter = (last: number) =>
  Array.from({ length: 7 }, (_, row) => {
    for (let number = last; number > 0; number--) if (number % 7 === row) return number;
    return undefined;
  });
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

it('the power goes at any step: what was acknowledged as D2 is there, and of the rest a beginning', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = new SeededRandom(seed);
      const disk = new SectorDisk({ random });
      let written = 0;
      let epoch = 0;
      for (let life = 1; life <= 5; life++) {
        const process = new ProcessDisk(disk);
        epoch++;
        const gone = process.stopAfter(random.below(150));
        let durable = written;
        const work = async () => {
          const store = await open(process, epoch);
          for (;;) {
            const sync = random.oneIn(2);
            written++;
            await append(store, written, { sync });
            if (sync) durable = written;
            if (random.oneIn(8)) await store.expireMarks(0);
          }
        };
        // A step that was let through before the stop may meet the disk after it: what becomes of it nobody hears.
        let isGone = false;
        const failures: unknown[] = [];
        work().catch((error: unknown) => void (isGone || failures.push(error)));
        await gone;
        isGone = true;
        disk.losePower();
        expect(failures).toEqual([]);
        const store = await open(disk, ++epoch);
        const { numbers, marks } = await contentsOf(store);
        const last = numbers.length;
        expect(numbers).toEqual(upTo(last));
        expect(last).toBeGreaterThanOrEqual(durable);
        expect(last).toBeLessThanOrEqual(written);
        expect(marks).toEqual(marksAfter(last));
        await store.close();
        written = last;
      }
    }),
    { numRuns: RUNS },
  );
}, 120_000);

it('a bit flipped anywhere in a run of marks is found when it is read, and no wrong mark is ever given', async () => {
  const random = new SeededRandom(1);
  const make = async () => {
    const disk = new SectorDisk({ random });
    const store = await open(disk, 1);
    for (let number = 1; number <= 9; number++) await append(store, number, { sync: true });
    await store.expireMarks(0);
    await store.close();
    return disk;
  };
  const disk = await make();
  const [name = ''] = await disk.list(`${DIRECTORY}/marks`);
  const path = `${DIRECTORY}/marks/${name}`;
  const bytes = disk.contents(path).length;
  expect(bytes).toBeGreaterThan(200);
  let epoch = 1;
  for (let byte = 0; byte < bytes; byte++) {
    const bit = byte * 8 + (byte % 8);
    disk.flip(path, bit);
    const outcome = await open(disk, ++epoch).then(
      async (store) => {
        const marks = await store.readMarks(['row 1', 'nobody']).catch((error: { code: string; message: string }) => error);
        await store.close();
        return marks;
      },
      (error: { code: string; message: string }) => error,
    );
    expect({ byte, outcome }).toMatchObject({ byte, outcome: { code: 'STORE_FAILED', message: expect.stringContaining(path) } });
    disk.flip(path, bit);
  }
  expect(await contentsOf(await open(disk, ++epoch))).toEqual({ numbers: upTo(9), marks: marksAfter(9) });
}, 60_000);

it('after a sync that failed nothing more is acknowledged, though a later one would succeed; what had been acknowledged is there (F3)', async () => {
  const disk = new SectorDisk({ random: new SeededRandom(7) });
  const store = await open(disk, 1);
  for (let number = 1; number <= 5; number++) await append(store, number, { sync: true });
  disk.failures.push({ operation: 'sync', code: 'EIO' });
  for (let number = 6; number <= 8; number++)
    await expect(append(store, number, { sync: true })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('nothing more is written until the node is started again'),
    });
  await store.close();
  disk.losePower();
  const { numbers } = await contentsOf(await open(disk, 2));
  expect(numbers.slice(0, 5)).toEqual(upTo(5));
  expect(numbers.length).toBeLessThanOrEqual(6);
});

it('what a failed sync left in the system’s memory only is on the disk once the store is open again: the next loss of power takes nothing (F3, F5)', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SectorDisk({ random: new SeededRandom(seed) });
    const store = await open(disk, 1);
    for (let number = 1; number <= 5; number++) await append(store, number, { sync: number % 2 === 0 });
    disk.failures.push({ operation: 'sync', code: 'EIO' });
    await expect(append(store, 6, { sync: true })).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await store.close();
    const second = await open(disk, 2);
    const seen = await contentsOf(second);
    await append(second, 7, { sync: true });
    disk.losePower();
    const { numbers } = await contentsOf(await open(disk, 3));
    expect({ seed, numbers }).toEqual({ seed, numbers: [...seen.numbers, 7] });
  }
});

it('writes that fail for want of space refuse what they carry and nothing else, at any step (F10)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = new SeededRandom(seed);
      const disk = new SectorDisk({ random });
      let store = await open(disk, 1);
      const taken: number[] = [];
      for (let number = 1; number <= 60; number++) {
        if (random.oneIn(5)) disk.failures.push({ operation: 'write', code: 'ENOSPC' });
        await append(store, number, { sync: true }).then(
          () => taken.push(number),
          (error: { code: string }) => expect(error.code).toBe('STORE_FAILED'),
        );
      }
      disk.failures.length = 0;
      expect((await contentsOf(store)).numbers).toEqual(taken);
      await store.close();
      if (random.oneIn(2)) disk.losePower();
      store = await open(disk, 2);
      expect((await contentsOf(store)).numbers).toEqual(taken);
    }),
    { numRuns: RUNS },
  );
}, 60_000);
