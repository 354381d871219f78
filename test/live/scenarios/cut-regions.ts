import { setTimeout as pause } from 'node:timers/promises';
import type { Direction, FaultPath } from '../../services/toxiproxy.ts';
import { LiveFleet } from '../live-fleet.ts';
import { quantile, report, seeded, Traffic } from '../traffic.ts';
import type { Foundation } from './foundation.ts';

const REGIONS = ['tokyo', 'bangalore'] as const;
const ENVIRONMENT = 'apart';

type Cut = 'both ways' | 'one way' | 'flapping';

export interface CutDrills {
  readonly cuts: readonly Cut[];
  /** Milliseconds. */
  readonly cutMs: number;
  /** Of acknowledgements at p99, half of which are for the other side: who waited for the healing would wait longer. */
  readonly waitMsMax: number;
}

/**
 * F7, L9: two regions cut apart both ways, one way, and again and again. Ten minutes are shortened to seconds; what must hold does not
 * depend on their length until the outbox is full.
 */
export function describeCutRegions({ on, store }: Foundation, { cuts, cutMs, waitMsMax }: CutDrills): void {
  describe(`regions cut apart${on}`, () => {
    let fleet: LiveFleet;
    let traffic: Traffic;
    let paths: FaultPath[];
    /** Users by home. */
    let users: string[][];
    let tests = 0;

    const regionOf = (node: string) => node.split('-')[0];

    beforeAll(async () => {
      fleet = await LiveFleet.start({
        environment: ENVIRONMENT,
        regions: { tokyo: { edges: 1, cores: 1 }, bangalore: { edges: 1, cores: 1 } },
        isProxied: (from, to) => regionOf(from) !== regionOf(to),
        ...(store && { fields: (node: string) => (node.includes('core') ? { store: store(ENVIRONMENT) } : {}) }),
      });
      const [tokyo, bangalore] = fleet.cores as [string, string];
      paths = [fleet.path(tokyo, bangalore), fleet.path(bangalore, tokyo)];
    }, 120_000);
    beforeEach(async () => {
      tests += 1;
      users = fleet.cores.map((core) => fleet.usersOf(core, 6, `user-${tests}`));
      traffic = new Traffic((user) => [fleet.address(`${REGIONS[users[0]?.includes(user) === true ? 0 : 1]}-edge-0`)]);
      for (const user of users.flat()) await traffic.read(user);
    }, 60_000);
    afterEach(async () => await traffic?.close());
    afterAll(async () => await fleet?.stop());

    /** Everybody writes to everybody while `fault` happens; then the regions heal. */
    async function talkThrough(row: string, fault: () => Promise<void>): Promise<void> {
      const everybody = users.flat();
      const stop = new AbortController();
      const running = traffic.run(seeded(), { from: everybody, to: everybody, perSecond: 200, signal: stop.signal });
      await pause(2_000);
      traffic.acknowledgedMs = [];
      const received = traffic.history.receivedCount;
      await fault();
      const [p99, during] = [quantile(traffic.acknowledgedMs, 0.99), traffic.acknowledgedMs.length];
      const receivedMeanwhile = traffic.history.receivedCount - received;
      for (const path of paths) await path.heal();
      const healedMs = performance.now();
      await pause(2_000);
      stop.abort();
      await running;
      await traffic.drained();
      report(
        `${row}${on}: ${during} acknowledged while cut, p99 ${p99.toFixed(0)} ms; ${receivedMeanwhile} received meanwhile, everything ${((performance.now() - healedMs) / 1_000).toFixed(1)} s after healing`,
      );
      traffic.judge(`${row}${on}`);
      expect(traffic.refusals.size).toBe(0);
      // Half of the messages cross the cut; each was acknowledged here and waits in the outbox.
      expect(p99).toBeLessThan(waitMsMax);
    }

    if (cuts.includes('both ways'))
      it('both sides accept everything while they are cut apart, and all is delivered once after healing (F7)', async () => {
        await talkThrough('F7 both ways', async () => {
          await cut(paths);
          await pause(cutMs);
        });
      });

    if (cuts.includes('one way'))
      it.each<[string, Direction]>([
        ['requests', 'up'],
        ['answers', 'down'],
      ])('the same where only %s of one side are lost (F7)', async (what, direction) => {
        await talkThrough(`F7 one way, ${what}`, async () => {
          await cut(paths.slice(0, 1), [direction]);
          await pause(cutMs);
        });
      });

    if (cuts.includes('flapping'))
      it('the same where the network comes and goes (F7)', async () => {
        const random = seeded();
        await talkThrough('F7 flapping', async () => {
          for (let i = 0; i < 12; i++) {
            await cut(paths);
            await pause(random() * 1_500);
            for (const path of paths) await path.heal();
            await pause(random() * 700);
          }
        });
      });
  });
}

async function cut(which: readonly FaultPath[], directions?: readonly Direction[]): Promise<void> {
  for (const path of which) await path.cut(directions);
}
