/** What engines and owners do wrong, any number of times over: nothing committed is lost, doubled or changed (L1, L10, F2, F3, F22). */
import fc from 'fast-check';
import { IrisError } from '../../../runtime/contract/errors.ts';
import type { InboxStore } from '../../../runtime/ports/inbox-store.ts';
import type { RowFaults } from '../../../runtime/simulation/memory-group-rows.ts';
import { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';
import { everything, type Step, someBatches } from '../../contract/inbox-store-model.ts';
import { HurriedTime, MemoryEngines, type TestLease } from '../../fakes/memory-engines.ts';
import { openMemoryStore } from '../../fakes/memory-inbox-store.ts';

const hurried = new HurriedTime();
afterAll(() => hurried.stop());

const BOUNDS = { inbox: { envelopesMax: 3, bytesMax: 150 }, outbox: { envelopesMax: 2, bytesMax: 1_000 } };
const LOG_FAULTS = { refused: 0.03, lost: 0.05, late: 0.05, doubled: 0.1 };
const CALM = { refused: 0, lost: 0, late: 0, doubled: 0 };

function rowFaults(random: SeededRandom): RowFaults {
  const fail = (times: number) => {
    if (random.oneIn(times)) throw new IrisError('ENGINE_UNAVAILABLE', 'the rows are away');
  };
  return {
    before: async () => fail(12),
    endsHere: () => random.oneIn(40),
    after: async () => fail(12),
  };
}

/** What a store shows with nothing left to be applied; asks again while its engines fail. */
async function shown(store: InboxStore): Promise<unknown> {
  for (;;) {
    try {
      return await everything(store, true);
    } catch (error) {
      if (!(error instanceof IrisError) || error.code !== 'ENGINE_UNAVAILABLE') throw error;
    }
  }
}

/** Owners of one group, one after the other; each ends in the middle of what it does. */
class Owners {
  readonly engines: MemoryEngines;
  private readonly random: SeededRandom;
  private readonly batches: readonly Step[][];
  private readonly memory = openMemoryStore();
  private applied = 0;
  private store!: InboxStore;
  private lease!: TestLease;
  private clock!: ReturnType<MemoryEngines['clock']>;

  constructor(seed: number, batches: readonly Step[][]) {
    this.random = new SeededRandom(seed);
    this.engines = new MemoryEngines({ hurried, seed });
    this.batches = batches;
    this.memory.disk.bounds = BOUNDS;
  }

  async run(): Promise<void> {
    await this.next();
    for (let done = 0; done < this.batches.length; ) {
      const endsSoon = this.random.oneIn(3);
      done = await this.commitSome(done, endsSoon);
      if (endsSoon) {
        await this.end();
        await this.next();
      } else if (this.random.oneIn(3)) done = await this.suspended(done);
      else continue;
      done = await this.catchUp(done);
    }
    this.engines.log.faults = CALM;
    this.engines.rowFaults = {};
    await this.end();
    await this.next();
    await this.catchUp(this.batches.length);
    await this.store.close();
    await this.memory.close();
  }

  /** Commits some batches; returns how many of all are answered. */
  private async commitSome(from: number, endsSoon: boolean): Promise<number> {
    const to = Math.min(this.batches.length, from + 1 + this.random.below(3));
    let answered = from;
    const commits = this.batches.slice(from, to).map((steps, i) => {
      const batch = this.store.batch();
      for (const apply of steps) apply(batch, from + i);
      batch.setLastSeen(ROUND, from + i + 1);
      return this.store.commit(batch, { sync: true }).then(() => {
        answered = from + i + 1;
      });
    });
    if (this.random.oneIn(2)) void this.store.counts().catch(() => undefined);
    // Most owners end while their commits are under way.
    if (endsSoon && !this.random.oneIn(4)) await hurriedFor(this.random.between(0, 20));
    else await Promise.all(commits);
    return answered;
  }

  /** The process dies, stands still for ever, or goes on without knowing that its lease is over. */
  private async end(): Promise<void> {
    const how = this.random.below(3);
    if (how === 0) this.clock.kill();
    else if (how === 1) this.clock.stopUntil(hurried.time.nowMs + this.random.between(0, 10_000));
    this.lease.isHeld = false;
  }

  /** The machine stands still with its clock, and goes on while the next owner begins: it believes in its lease. Returns how many of all are answered. */
  private async suspended(from: number): Promise<number> {
    const former = { store: this.store, lease: this.lease };
    const opened = this.next();
    former.lease.isHeld = true;
    let answered = from;
    for (const [i, steps] of this.batches.slice(from, from + 2).entries()) {
      const batch = former.store.batch();
      for (const apply of steps) apply(batch, from + i);
      batch.setLastSeen(ROUND, from + i + 1);
      void former.store.commit(batch, { sync: true }).then(() => {
        answered = from + i + 1;
      });
      await hurriedFor(this.random.between(0, 20));
    }
    await opened;
    former.lease.isHeld = false;
    return answered;
  }

  private async next(): Promise<void> {
    this.lease = this.engines.newLease();
    this.clock = this.engines.clock();
    this.engines.log.faults = LOG_FAULTS;
    this.engines.rowFaults = rowFaults(this.random);
    this.store = await this.engines.openAs(this.lease, { bounds: BOUNDS, clock: this.clock });
  }

  /** Whatever was answered is there, whole batches in their order; returns how many. */
  private async catchUp(answered: number): Promise<number> {
    const held = (await this.seen()) ?? 0;
    expect(held).toBeGreaterThanOrEqual(answered);
    while (this.applied < held) {
      const batch = this.memory.batch();
      for (const apply of this.batches[this.applied] as Step[]) apply(batch, this.applied);
      await this.memory.commit(batch, { sync: false });
      this.applied++;
    }
    expect(await shown(this.store)).toEqual(await everything(this.memory, true));
    return held;
  }

  private async seen(): Promise<number | undefined> {
    for (;;) {
      try {
        return await this.store.readLastSeen(ROUND);
      } catch (error) {
        if (!(error instanceof IrisError) || error.code !== 'ENGINE_UNAVAILABLE') throw error;
      }
    }
  }
}

const ROUND = Buffer.from('round');

function hurriedFor(ms: number): Promise<void> {
  return new Promise((resolve) => hurried.time.schedule(hurried.time.nowMs + ms, resolve));
}

it('keeps what was answered, whole and in order, whoever owns the group next and whatever the engines do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), someBatches, (seed, batches) => new Owners(seed, batches).run()),
    { numRuns: 20 },
  );
}, 60_000);
