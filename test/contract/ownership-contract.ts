import fc from 'fast-check';
import type { LeasedOwnershipParts } from '../../runtime/adapters/leased-ownership.ts';
import { OWNERSHIP_LEASE_MS, OWNERSHIP_MARGIN_MS, STANDBY_POLL_MS } from '../../runtime/contract/limits.ts';
import type { Clock, Timer } from '../../runtime/ports/clock.ts';
import type { Lease, Ownership } from '../../runtime/ports/ownership.ts';
import { SeededRandom } from '../../runtime/simulation/seeded-random.ts';
import type { ManualClock } from '../fakes/manual-clock.ts';

/** A process that asks for leases: what it does stands still while it is stopped. */
export interface LeaseTaker {
  readonly isStopped: boolean;
  open(parts: Omit<LeasedOwnershipParts, 'leases'>): Ownership;
  stop(): void;
  go(): void;
}

/** Where the leases of one group stand. */
export interface LeaseGround {
  readonly clock: ManualClock;
  /** `delay` is how long each of its steps takes. */
  taker(delay?: () => Promise<void>): LeaseTaker;
  removeLeases(): Promise<void>;
}

export interface OwnershipUnderTest {
  ground(): LeaseGround;
  /** The same for the property, where it may be rougher. @default ground */
  roughGround?(random: SeededRandom): LeaseGround;
  /** Runs of the property; a real store takes longer for each. */
  readonly runs: number;
}

/** A node that wants the lease, with a clock that runs at a rate of its own. */
export class LeaseNode implements Clock {
  readonly taker: LeaseTaker;
  readonly lost: string[] = [];
  readonly epochs: number[] = [];
  lease: Lease | undefined;
  private readonly base: ManualClock;
  private readonly rate: number;
  private readonly ownership: Ownership;
  private held: (() => void)[] = [];

  constructor(
    name: string,
    ground: LeaseGround,
    { rate = 1, delay, ...parts }: { rate?: number; delay?: () => Promise<void> } & Partial<LeasedOwnershipParts> = {},
  ) {
    this.base = ground.clock;
    this.rate = rate;
    this.taker = ground.taker(delay);
    const lost = (reason: string) => void this.lost.push(reason);
    this.ownership = this.taker.open({ clock: this, holder: name, lost, epochInLog: async () => 0, ...parts });
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
    this.taker.stop();
  }

  go(): void {
    this.taker.go();
    for (const callback of this.held.splice(0)) callback();
  }

  nowMs(): number {
    return this.base.nowMs();
  }

  monotonicMs(): number {
    return this.base.monotonicMs() * this.rate;
  }

  after(ms: number, callback: () => void): Timer {
    return this.base.after(ms / this.rate, () => (this.taker.isStopped ? void this.held.push(callback) : callback()));
  }

  soon(callback: () => void): void {
    this.base.soon(callback);
  }
}

/** L10, F2, F11, F22, F25: one holder at a time, whatever stops, drifts or dies; epochs grow for ever. */
export function describeOwnershipContract(name: string, under: OwnershipUnderTest): void {
  const groundOf = () => under.ground();

  describe(`${name} as where leases stand`, () => {
    it('never has two holders while nodes stop, fall behind, give back and come again, with clocks that drift by 4 %', async () => {
      let leases = 0;
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          const random = new SeededRandom(seed);
          const ground = under.roughGround?.(random) ?? under.ground();
          const { clock } = ground;
          const delay = () =>
            new Promise<void>((resolve) => void clock.after(random.oneIn(40) ? random.between(0, 4_000) : random.between(0, 20), resolve));
          const nodes: LeaseNode[] = [];
          // An owner writes to the log at once; the first one had done so.
          const epochInLog = async () => Math.max(1, ...nodes.flatMap(({ epochs }) => epochs));
          for (let i = 0; i < 3; i++)
            nodes.push(new LeaseNode(`node-${i}`, ground, { rate: random.between(0.96, 1.04), delay, epochInLog }));
          for (const node of nodes) node.start();
          for (let round = 0; round < 60; round++) {
            await clock.advance(random.between(0, 1_500));
            const holders = nodes.filter(({ lease }) => lease?.isHeld === true);
            if (holders.length > 1)
              throw new Error(`seed ${seed}, round ${round}: ${holders.map(({ lease }) => lease?.epoch).join(' and ')} are held`);
            const node = random.pick(nodes);
            if (node.taker.isStopped) node.go();
            else if (random.oneIn(4)) node.stop();
            // What cannot be told to the store is waited for by the next holder.
            else if (random.oneIn(6)) node.lease?.release().catch(() => undefined);
          }
          const epochs = nodes.flatMap((one) => one.epochs);
          expect(new Set(epochs).size).toBe(epochs.length);
          for (const one of nodes) expect(one.epochs).toEqual(one.epochs.toSorted((a, b) => a - b));
          leases += epochs.length;
        }),
        { numRuns: under.runs },
      );
      expect(leases).toBeGreaterThan(under.runs);
    }, 120_000);

    it('a node whose holder has died silently waits for the lease to run out, and takes it then', async () => {
      const ground = groundOf();
      const { clock } = ground;
      const [owner, standby] = ['a', 'b'].map((one) => new LeaseNode(one, ground)) as [LeaseNode, LeaseNode];
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
      const ground = groundOf();
      const { clock } = ground;
      const owner = new LeaseNode('a', ground);
      await owner.ask();
      owner.stop();
      await clock.advance(OWNERSHIP_LEASE_MS - OWNERSHIP_MARGIN_MS);
      expect(owner.lease?.isHeld).toBe(false);
      owner.go();
      await clock.advance(100);
      expect([owner.lease?.isHeld, owner.lost]).toEqual([false, [expect.stringMatching(/ran out/)]]);
      await clock.advance(OWNERSHIP_LEASE_MS);
      const next = new LeaseNode('a', ground);
      await next.ask();
      await clock.advance(OWNERSHIP_LEASE_MS);
      expect([await next.ask(), next.epochs]).toEqual([true, [2]]);
    });

    it('a holder that goes on after the end of its lease does not make who waits for it begin to wait anew', async () => {
      const ground = groundOf();
      const { clock } = ground;
      const [owner, standby] = ['a', 'b'].map((one) => new LeaseNode(one, ground)) as [LeaseNode, LeaseNode];
      await owner.ask();
      owner.stop();
      const stoppedMs = clock.monotonicMs();
      while (owner.lease?.isHeld === true) {
        await standby.ask();
        await clock.advance(STANDBY_POLL_MS);
      }
      owner.go();
      while (!(await standby.ask())) await clock.advance(STANDBY_POLL_MS);
      expect(clock.monotonicMs() - stoppedMs).toBeLessThanOrEqual(OWNERSHIP_LEASE_MS + STANDBY_POLL_MS);
      expect([owner.lost, standby.epochs]).toEqual([[expect.stringMatching(/ran out/)], [2]]);
    });

    it('what was given back, or held by a process that is gone, is taken at once', async () => {
      const ground = groundOf();
      const gone = new Set<string>();
      const life = (self: string) => ({ life: { self, isGone: (process: string) => gone.has(process) } });
      const [a, b, c] = ['a', 'b', 'c'].map((one) => new LeaseNode(one, ground, life(`process of ${one}`))) as [
        LeaseNode,
        LeaseNode,
        LeaseNode,
      ];
      await a.ask();
      expect(await b.ask()).toBe(false);
      await a.lease?.release();
      expect([await b.ask(), a.lost]).toEqual([true, []]);
      expect(await c.ask()).toBe(false);
      gone.add('process of b');
      expect(await c.ask()).toBe(true);
      expect([a.epochs, b.epochs, c.epochs]).toEqual([[1], [2], [3]]);
    });

    it('of two that ask at the same time one holds it', async () => {
      const ground = groundOf();
      const nodes = Array.from({ length: 5 }, (_, i) => new LeaseNode(`node-${i}`, ground));
      const asked = await Promise.all(nodes.map((node) => node.ask().catch(() => false)));
      expect(asked.filter(Boolean).length).toBeLessThanOrEqual(1);
      await ground.clock.advance(100);
      expect(nodes.filter(({ lease }) => lease?.isHeld === true).length).toBeLessThanOrEqual(1);
    });

    it('epochs grow on from the log when the leases were deleted, and the owner that was deleted is waited for', async () => {
      const ground = groundOf();
      const { clock } = ground;
      const [owner, other] = ['a', 'b'].map((one) => new LeaseNode(one, ground, { epochInLog: async () => 41 })) as [LeaseNode, LeaseNode];
      await owner.ask();
      await clock.advance(OWNERSHIP_LEASE_MS);
      await owner.ask();
      await ground.removeLeases();
      expect(await other.ask()).toBe(false);
      await clock.advance(OWNERSHIP_LEASE_MS);
      expect([owner.lease?.isHeld, owner.lost, await other.ask()]).toEqual([false, [expect.stringMatching(/gone/)], true]);
      expect([owner.epochs, other.epochs]).toEqual([[42], [42]]);
    });
  });
}
