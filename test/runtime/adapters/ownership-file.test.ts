/** L10, F2, F11, F22: one holder at a time, whatever stops, drifts or dies; epochs grow for ever. */
import fc from 'fast-check';
import { FileOwnership, type FileOwnershipParts } from '../../../runtime/adapters/ownership-file.ts';
import { OWNERSHIP_LEASE_MS, OWNERSHIP_MARGIN_MS, STANDBY_POLL_MS } from '../../../runtime/contract/limits.ts';
import type { Clock, Timer } from '../../../runtime/ports/clock.ts';
import type { Lease } from '../../../runtime/ports/ownership.ts';
import { SectorDisk } from '../../../runtime/simulation/sector-disk.ts';
import { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { ProcessDisk } from '../../fakes/process-disk.ts';

const DIRECTORY = '/store/lease';

/** A node that wants the lease: a process of its own, with a clock that runs at a rate of its own. */
class Node implements Clock {
  readonly disk: ProcessDisk;
  readonly lost: string[] = [];
  readonly epochs: number[] = [];
  lease: Lease | undefined;
  private readonly base: ManualClock;
  private readonly rate: number;
  private readonly ownership: FileOwnership;
  private held: (() => void)[] = [];

  constructor(
    name: string,
    base: ManualClock,
    options: { disk: SectorDisk; rate?: number; delay?: () => Promise<void> } & Partial<FileOwnershipParts>,
  ) {
    this.base = base;
    this.rate = options.rate ?? 1;
    this.disk = new ProcessDisk(options.disk, options.delay);
    const parts = {
      directory: DIRECTORY,
      clock: this,
      holder: name,
      lost: (reason: string) => void this.lost.push(reason),
      epochInLog: async () => 0,
    };
    this.ownership = new FileOwnership({ ...parts, ...options, disk: this.disk });
  }

  /** Asks once; true when it holds the lease now. */
  async ask(): Promise<boolean> {
    const acquired = await this.ownership.acquire();
    if (acquired.kind === 'held') {
      this.lease = acquired.lease;
      this.epochs.push(acquired.lease.epoch);
    }
    return acquired.kind === 'held';
  }

  /** Asks again and again while it does not hold the lease. */
  start(): void {
    this.after(STANDBY_POLL_MS, () => {
      const asked = this.lease?.isHeld === true ? Promise.resolve(true) : this.ask();
      asked.then(() => this.start()).catch(() => this.start());
    });
  }

  stop(): void {
    this.disk.stop();
  }

  go(): void {
    this.disk.go();
    for (const callback of this.held.splice(0)) callback();
  }

  nowMs(): number {
    return this.base.nowMs();
  }

  monotonicMs(): number {
    return this.base.monotonicMs() * this.rate;
  }

  after(ms: number, callback: () => void): Timer {
    return this.base.after(ms / this.rate, () => (this.disk.isStopped ? void this.held.push(callback) : callback()));
  }

  soon(callback: () => void): void {
    this.base.soon(callback);
  }
}

function world(seed = 1) {
  const random = new SeededRandom(seed);
  return { random, clock: new ManualClock(), disk: new SectorDisk({ random }) };
}

it('never has two holders while nodes stop, fall behind, give back and come again, with clocks that drift by 4 %', async () => {
  let leases = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const { random, clock, disk } = world(seed);
      const delay = () =>
        new Promise<void>((resolve) => void clock.after(random.oneIn(40) ? random.between(0, 4_000) : random.between(0, 20), resolve));
      const nodes: Node[] = [];
      // An owner writes to the log at once; the first one had done so.
      const epochInLog = async () => Math.max(1, ...nodes.flatMap(({ epochs }) => epochs));
      for (let i = 0; i < 3; i++) nodes.push(new Node(`node-${i}`, clock, { disk, rate: random.between(0.96, 1.04), delay, epochInLog }));
      for (const node of nodes) node.start();
      for (let round = 0; round < 60; round++) {
        await clock.advance(random.between(0, 1_500));
        const holders = nodes.filter(({ lease }) => lease?.isHeld === true);
        if (holders.length > 1)
          throw new Error(`seed ${seed}, round ${round}: ${holders.map(({ lease }) => lease?.epoch).join(' and ')} are held`);
        const node = random.pick(nodes);
        if (node.disk.isStopped) node.go();
        else if (random.oneIn(4)) node.stop();
        else if (random.oneIn(6)) void node.lease?.release();
      }
      const epochs = nodes.flatMap((one) => one.epochs);
      expect(new Set(epochs).size).toBe(epochs.length);
      for (const one of nodes) expect(one.epochs).toEqual(one.epochs.toSorted((a, b) => a - b));
      leases += epochs.length;
    }),
    { numRuns: 60 },
  );
  expect(leases).toBeGreaterThan(100);
}, 120_000);

it('a node whose holder has died silently waits for the lease to run out, and takes it then', async () => {
  const { clock, disk } = world();
  const [owner, standby] = ['a', 'b'].map((name) => new Node(name, clock, { disk })) as [Node, Node];
  expect([await owner.ask(), await standby.ask()]).toEqual([true, false]);
  await clock.advance(60_000);
  expect([owner.lease?.isHeld, await standby.ask(), owner.lost]).toEqual([true, false, []]);
  owner.stop();
  const diedMs = clock.monotonicMs();
  while (!(await standby.ask())) await clock.advance(STANDBY_POLL_MS);
  const tookMs = clock.monotonicMs() - diedMs;
  expect(tookMs).toBeLessThanOrEqual(OWNERSHIP_LEASE_MS + STANDBY_POLL_MS);
  expect(owner.lease?.isHeld).toBe(false);
  expect([owner.epochs, standby.epochs]).toEqual([[1], [2]]);
  owner.go();
  await clock.advance(100);
  expect(owner.lost).toEqual([expect.stringMatching(/gone|ran out/)]);
});

it('a holder that was stopped beyond its lease has lost it, also when nobody took it', async () => {
  const { clock, disk } = world();
  const owner = new Node('a', clock, { disk });
  await owner.ask();
  owner.stop();
  await clock.advance(OWNERSHIP_LEASE_MS - OWNERSHIP_MARGIN_MS);
  expect(owner.lease?.isHeld).toBe(false);
  owner.go();
  await clock.advance(100);
  expect([owner.lease?.isHeld, owner.lost]).toEqual([false, [expect.stringMatching(/ran out/)]]);
  await clock.advance(OWNERSHIP_LEASE_MS);
  const next = new Node('a', clock, { disk });
  await next.ask();
  await clock.advance(OWNERSHIP_LEASE_MS);
  expect([await next.ask(), next.epochs]).toEqual([true, [2]]);
});

it('what was given back, or held by a process that is gone, is taken at once', async () => {
  const { clock, disk } = world();
  const gone = new Set<string>();
  const life = (self: string) => ({ life: { self, isGone: (process: string) => gone.has(process) } });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Node(name, clock, { disk, ...life(`process of ${name}`) })) as [Node, Node, Node];
  await a.ask();
  expect(await b.ask()).toBe(false);
  await a.lease?.release();
  expect([await b.ask(), a.lost]).toEqual([true, []]);
  expect(await c.ask()).toBe(false);
  gone.add('process of b');
  expect(await c.ask()).toBe(true);
  expect([a.epochs, b.epochs, c.epochs]).toEqual([[1], [2], [3]]);
});

it('epochs grow on from the log when the leases were deleted, and the owner that was deleted is waited for', async () => {
  const { clock, disk } = world();
  const [owner, other] = ['a', 'b'].map((name) => new Node(name, clock, { disk, epochInLog: async () => 41 })) as [Node, Node];
  await owner.ask();
  await clock.advance(OWNERSHIP_LEASE_MS);
  await owner.ask();
  for (const name of await disk.list(DIRECTORY)) await disk.remove(`${DIRECTORY}/${name}`);
  expect(await other.ask()).toBe(false);
  await clock.advance(OWNERSHIP_LEASE_MS);
  expect([owner.lease?.isHeld, owner.lost, await other.ask()]).toEqual([false, [expect.stringMatching(/gone/)], true]);
  expect([owner.epochs, other.epochs]).toEqual([[42], [42]]);
});

it('a full or failing disk costs the lease only when it lasts', async () => {
  const { clock, disk } = world();
  const owner = new Node('a', clock, { disk });
  await owner.ask();
  disk.capacityBytes = 0;
  await clock.advance(10 * OWNERSHIP_LEASE_MS);
  expect(owner.lease?.isHeld).toBe(true);
  disk.failures.push(...Array.from({ length: 5 }, () => ({ operation: 'write' as const, code: 'EIO' })));
  await clock.advance(OWNERSHIP_LEASE_MS);
  expect(owner.lease?.isHeld).toBe(true);
  disk.failures.push(...Array.from({ length: 1_000 }, () => ({ operation: 'write' as const, code: 'EIO' })));
  await clock.advance(2 * OWNERSHIP_LEASE_MS);
  expect([owner.lease?.isHeld, owner.lost]).toEqual([false, [expect.stringMatching(/could not be renewed/)]]);
});
