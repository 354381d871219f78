import type { IrisClient } from '../../runtime/client/index.ts';
import { LiveFleet } from './live-fleet.ts';
import { Traffic } from './traffic.ts';

/** An edge, a core and traffic over them, for a whole test file. */
export class OneEdge {
  static readonly EDGE = 'tokyo-edge-0';
  static readonly CORE = 'tokyo-core-0';
  fleet!: LiveFleet;
  traffic!: Traffic;

  /** Starts before the tests of the file that calls it, and stops behind them. */
  static forThisFile(): OneEdge {
    const one = new OneEdge();
    beforeAll(async () => {
      one.fleet = await LiveFleet.start({ regions: { tokyo: { edges: 1, cores: 1 } } });
      one.traffic = new Traffic(() => [one.address]);
    }, 60_000);
    afterAll(async () => {
      await one.traffic?.close();
      await one.fleet?.stop();
    });
    return one;
  }

  get address(): string {
    return this.fleet.address(OneEdge.EDGE);
  }

  get edge() {
    return this.fleet.process(OneEdge.EDGE);
  }

  get core() {
    return this.fleet.process(OneEdge.CORE);
  }
}

/** Messages of one envelope, and envelopes to one user that are under way at once. */
const [BATCH, AT_ONCE] = [20, 20];

/** So many messages wait for each of the users, each with its number in front, as 8 digits. Rejects when one is not stored. */
export async function fill(filler: IrisClient, users: readonly string[], { each, bodyBytes }: { each: number; bodyBytes: number }) {
  const batchFrom = (first: number) =>
    Array.from({ length: Math.min(BATCH, each - first) }, (_, i) => `${String(first + i).padStart(8, '0')} `.padEnd(bodyBytes, 'x'));
  for (let first = 0; first < each; first += BATCH * AT_ONCE) {
    const sends: Promise<unknown>[] = [];
    for (let from = first; from < Math.min(each, first + BATCH * AT_ONCE); from += BATCH) {
      const bodies = batchFrom(from);
      for (const user of users) sends.push(filler.sendBatch(user, bodies));
    }
    await Promise.all(sends);
  }
}
