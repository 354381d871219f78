/**
 * L10, F22: owners of one log follow each other while the former ones are stopped in the middle of anything, go on later, and finish what
 * they had begun. L1, F5: in between the power goes.
 */
import fc from 'fast-check';
import { openLogStore } from '../../../../runtime/adapters/inbox-store-log.ts';
import type { InboxStore } from '../../../../runtime/ports/inbox-store.ts';
import { SectorDisk } from '../../../../runtime/simulation/sector-disk.ts';
import { SeededRandom } from '../../../../runtime/simulation/seeded-random.ts';
import { envelopeOf } from '../../../fakes/envelopes.ts';
import { ProcessDisk } from '../../../fakes/process-disk.ts';

const DIRECTORY = '/store';
const ALL = { envelopesMax: 100_000, bytesMax: 1 << 30 };
/** More of them: IRIS_RUNS=500 npx jest test/runtime/adapters/inbox-log/fencing */
const RUNS = Number(process.env['IRIS_RUNS'] ?? 15);
const bob = Buffer.from('bob');

interface State {
  readonly waiting: ReadonlySet<number>;
  /** What the mark of the row says. */
  readonly mark: number;
}

/** One process that owned the log once. */
class Owner {
  readonly disk: ProcessDisk;
  readonly lease: { epoch: number; isHeld: boolean; release(): Promise<void> };
  /** As of the last commit that was answered. */
  answered: State = { waiting: new Set(), mark: 0 };
  /** As the commit under way would leave it. */
  asked: State = this.answered;
  /** The lease is over, and what had been decided before has been said. */
  isOver = false;
  /** Commits that were answered then. */
  answeredLate = 0;
  private store: InboxStore | undefined;

  constructor(disk: SectorDisk, epoch: number) {
    this.disk = new ProcessDisk(disk);
    this.lease = { epoch, isHeld: true, release: async () => undefined };
  }

  /** What the log says at its opening. */
  async open(): Promise<State> {
    this.store = await openLogStore(DIRECTORY, { disk: this.disk, lease: this.lease, segmentBytes: 1_024, cacheBytes: 1 });
    const waiting = new Set((await this.store.readInbox(bob, 0, 0, ALL)).map(({ position }) => position));
    const [mark] = await this.store.readMarks(['row']);
    this.answered = { waiting, mark: mark?.high ?? 0 };
    this.asked = this.answered;
    return this.answered;
  }

  /** Appends one message and removes some. Never settles once the lease is lost; then nothing was answered. */
  async commit(position: number, random: SeededRandom): Promise<void> {
    const store = this.store as InboxStore;
    const batch = store.batch();
    const waiting = new Set(this.answered.waiting).add(position);
    batch.appendInbox(bob, 0, position, envelopeOf({ sequence: position, bodies: ['x'.repeat(random.below(400))] }));
    for (const other of this.answered.waiting) {
      if (!random.oneIn(3)) continue;
      batch.removeInbox(bob, 0, other);
      waiting.delete(other);
    }
    batch.mark('row', { high: position, holes: [] }, position);
    this.asked = { waiting, mark: position };
    await store.commit(batch, { sync: true });
    if (this.isOver) this.answeredLate++;
    this.answered = this.asked;
  }

  /** Marks move to runs, which are merged. */
  async flush(): Promise<void> {
    await this.store?.expireMarks(0);
  }
}

function same(a: State, b: State): boolean {
  return a.mark === b.mark && a.waiting.size === b.waiting.size && [...a.waiting].every((position) => b.waiting.has(position));
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** One row of owners. Returns how many of them did something after their successor had begun. */
async function succession(seed: number, { power }: { power: boolean }): Promise<number> {
  const random = new SeededRandom(seed);
  const disk = new SectorDisk({ random });
  const former: Owner[] = [];
  const all: Owner[] = [];
  let late = 0;
  let expected: readonly State[] = [{ waiting: new Set(), mark: 0 }];
  let position = 0;
  for (let epoch = 1; epoch <= 6; epoch++) {
    const owner = new Owner(disk, epoch);
    all.push(owner);
    const seen = await owner.open();
    // What was answered is there; what was under way is there whole or not at all.
    if (!expected.some((state) => same(state, seen)))
      throw new Error(`seed ${seed}, epoch ${epoch}: found ${show(seen)}, expected ${expected.map(show).join(' or ')}`);
    const reached = owner.disk.stopAfter(random.below(120));
    const work = async () => {
      for (;;) {
        await owner.commit(++position, random);
        if (random.oneIn(6)) await owner.flush();
        // Former owners wake at any time, do what they had begun, and are stopped again or not.
        for (const one of former) if (random.oneIn(8) && one.disk.isStopped) late += wake(one);
        await settle();
      }
    };
    work().catch((error: unknown) => {
      if (owner.lease.isHeld) throw error;
    });
    await reached;
    owner.lease.isHeld = false;
    await settle();
    owner.isOver = true;
    expected = [owner.answered, owner.asked];
    former.push(owner);
    if (!power || random.oneIn(2)) continue;
    // No process outlives it.
    disk.losePower();
    former.length = 0;
  }
  for (const one of former) one.disk.go();
  await settle();
  const last = await new Owner(disk, 7).open();
  if (!expected.some((state) => same(state, last)))
    throw new Error(`seed ${seed}, at the end: found ${show(last)}, expected ${expected.map(show).join(' or ')}`);
  if (all.some(({ answeredLate }) => answeredLate > 0)) throw new Error(`seed ${seed}: answered without the lease`);
  return late;
}

function wake(owner: Owner): number {
  const before = owner.disk.operations;
  owner.disk.go();
  return owner.disk.operations >= before ? 1 : 0;
}

function show({ waiting, mark }: State): string {
  return `${mark}: ${[...waiting].join(' ')}`;
}

it('what a stale owner writes, cuts off or deletes is not seen by its successors, and nothing answered is missed', async () => {
  let late = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      late += await succession(seed, { power: false });
    }),
    { numRuns: RUNS },
  );
  expect(late).toBeGreaterThan(RUNS);
}, 120_000);

it('the same with losses of power between owners', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      await succession(seed, { power: true });
    }),
    { numRuns: RUNS },
  );
}, 120_000);

it('an owner whose epoch is not above what the log has is refused', async () => {
  const disk = new SectorDisk({ random: new SeededRandom(1) });
  await new Owner(disk, 5).open();
  await expect(new Owner(disk, 5).open()).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' });
  await expect(new Owner(disk, 4).open()).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' });
  expect(await new Owner(disk, 6).open()).toEqual({ waiting: new Set(), mark: 0 });
});

it('a commit that ends after the lease is neither acknowledged nor refused, and the node is told to end', async () => {
  const disk = new ProcessDisk(new SectorDisk({ random: new SeededRandom(1) }));
  const lease = { epoch: 1, isHeld: true, release: async () => undefined };
  const lost: string[] = [];
  const store = await openLogStore(DIRECTORY, { disk, lease, lost: (reason) => void lost.push(reason) });
  const batch = store.batch();
  batch.appendInbox(bob, 0, 1, envelopeOf({}));
  let isSettled = false;
  const reached = disk.stopAfter(1);
  store.commit(batch, { sync: true }).then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  await reached;
  lease.isHeld = false;
  disk.go();
  await settle();
  expect([isSettled, lost]).toEqual([false, [expect.stringContaining('the lease of epoch 1 has run out')]]);
  await store.close();
});
