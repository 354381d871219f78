/** L10, F2, F22, F25: leases as a row of a CQL store whose answers may be lost. The same runs against Cassandra in test/live/cql-store. */
import { CqlOwnership, type CqlOwnershipParts } from '../../../runtime/adapters/ownership-cql.ts';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { OWNERSHIP_LEASE_MS, OWNERSHIP_MARGIN_MS } from '../../../runtime/contract/limits.ts';
import type { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';
import { describeOwnershipContract, type LeaseGround, LeaseNode } from '../../contract/ownership-contract.ts';
import { GatedSession } from '../../fakes/gated-session.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

type Row = Record<string, unknown>;
const lost = () => new IrisError('ENGINE_UNAVAILABLE', 'no answer');

/** The table of leases with one row, as compare-and-set sees it. */
class LeaseTable {
  row: Row | undefined;
  isAway = false;
  /** What becomes of the next compare-and-sets: answered, done without an answer, or lost on the way there. */
  readonly fates: ('answered' | 'done' | 'lost')[] = [];
  asksLost = 0;
  private readonly random: SeededRandom | undefined;

  constructor(random?: SeededRandom) {
    this.random = random;
  }

  async ask(): Promise<Row | undefined> {
    if (this.isAway || this.asksLost-- === 1) throw lost();
    return this.row;
  }

  async compareAndSet(query: string, params: unknown[]): Promise<boolean> {
    const fate = this.fates.shift() ?? (this.random?.oneIn(20) === true ? this.random.pick(['done', 'lost'] as const) : 'answered');
    if (this.isAway || fate === 'lost') throw lost();
    const isDone = this.change(query.replaceAll(/\s+/g, ' '), params);
    if (fate === 'done') throw lost();
    return isDone;
  }

  private change(query: string, params: unknown[]): boolean {
    if (query.startsWith('INSERT')) {
      if (this.row !== undefined) return false;
      const [, epoch, id, holder, process] = params;
      this.row = { epoch, lease_id: id, holder, process, renewals: 0, released: false };
      return true;
    }
    if (query.includes('SET epoch')) {
      const [epoch, id, holder, process, , ...seen] = params;
      const { row } = this;
      if (row === undefined || [row['epoch'], row['lease_id'], row['renewals'], row['released']].some((value, i) => value !== seen[i]))
        return false;
      this.row = { epoch, lease_id: id, holder, process, renewals: 0, released: false };
      return true;
    }
    const [renewals, released, , id] = params;
    if (this.row?.['lease_id'] !== id) return false;
    this.row = { ...this.row, renewals, released };
    return true;
  }
}

function groundOn(table: LeaseTable): LeaseGround {
  return {
    clock: new ManualClock(),
    taker(delay) {
      const session = new GatedSession(table as unknown as CqlOwnershipParts['session'], delay);
      return {
        get isStopped() {
          return session.isStopped;
        },
        open: (parts) => new CqlOwnership({ ...parts, session, group: 'tokyo-1' }),
        stop: () => session.stop(),
        go: () => session.go(),
      };
    },
    async removeLeases() {
      table.row = undefined;
    },
  };
}

describeOwnershipContract('a row', {
  ground: () => groundOn(new LeaseTable()),
  roughGround: (random) => groundOn(new LeaseTable(random)),
  runs: 60,
});

it.each([
  ['done', [1], true],
  ['lost', [], false],
] as const)('reads back what became of a taking without an answer: %s', async (fate, epochs, isHeld) => {
  const table = new LeaseTable();
  const node = new LeaseNode('a', groundOn(table));
  table.fates.push(fate);
  expect(await node.ask()).toBe(isHeld);
  expect(node.epochs).toEqual(epochs);
  table.fates.push(fate);
  const other = new LeaseNode('b', groundOn(table));
  expect(await other.ask()).toBe(false);
});

it('does not hold what it cannot read back', async () => {
  const table = new LeaseTable();
  const ground = groundOn(table);
  const node = new LeaseNode('a', ground);
  table.fates.push('done');
  // The first asks who holds it, the second what became of the taking.
  table.asksLost = 2;
  await expect(node.ask()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  // It stands there under its name, and nobody renews it.
  const next = new LeaseNode('b', ground);
  expect(await next.ask()).toBe(false);
  await ground.clock.advance(OWNERSHIP_LEASE_MS);
  expect([await next.ask(), next.epochs]).toEqual([true, [2]]);
});

it('a store that is away costs the lease only when it lasts, and then nobody holds it until it is back (F25)', async () => {
  const table = new LeaseTable();
  const ground = groundOn(table);
  const { clock } = ground;
  const [owner, standby] = ['a', 'b'].map((name) => new LeaseNode(name, ground)) as [LeaseNode, LeaseNode];
  await owner.ask();
  await standby.ask();
  standby.start();
  table.isAway = true;
  await clock.advance(OWNERSHIP_LEASE_MS - OWNERSHIP_MARGIN_MS - 2_500);
  table.isAway = false;
  await clock.advance(10 * OWNERSHIP_LEASE_MS);
  expect([owner.lease?.isHeld, standby.epochs]).toEqual([true, []]);
  table.isAway = true;
  await clock.advance(2 * OWNERSHIP_LEASE_MS);
  expect([owner.lease?.isHeld, standby.lease?.isHeld ?? false]).toEqual([false, false]);
  expect(owner.lost).toEqual([expect.stringMatching(/could not be renewed/)]);
  table.isAway = false;
  await clock.advance(OWNERSHIP_LEASE_MS);
  expect([owner.lease?.isHeld, standby.lease?.isHeld, standby.epochs]).toEqual([false, true, [2]]);
});

it('tells who held it last, also when it was given back or its holder died', async () => {
  const session = new LeaseTable() as unknown as CqlOwnershipParts['session'];
  const parts = { session, group: 'tokyo-1', clock: new ManualClock(), epochInLog: async () => 0, lost: () => undefined };
  const [first, second] = ['a', 'b'].map((holder) => new CqlOwnership({ ...parts, holder })) as [CqlOwnership, CqlOwnership];
  expect(await second.lastHolder()).toBeUndefined();
  const acquired = await first.acquire();
  expect(await second.lastHolder()).toBe('a');
  if (acquired.kind === 'held') await acquired.lease.release();
  expect(await second.lastHolder()).toBe('a');
  await second.acquire();
  expect(await first.lastHolder()).toBe('b');
});
