/** F1, F2, L1-L4, B7: nodes of `iris up` are killed with -9 under load; the supervisor brings them back, and users hardly notice. */
import { setTimeout as pause } from 'node:timers/promises';
import { freePortRow } from '../infra/local/free-port-row.ts';
import { LocalFleet } from '../scenarios/local-fleet.ts';
import { pick, quantile, report, seeded, shuffled, Traffic } from './traffic.ts';

const REGIONS = ['tokyo', 'sao-paulo', 'bangalore'];
let fleet: LocalFleet;
let traffic: Traffic;
let senders: string[];
let readers: string[];

beforeEach(async () => {
  fleet = await LocalFleet.start('proof', await freePortRow());
  traffic = new Traffic((user) => {
    const own = REGIONS[Number(user.split('-')[1]) % REGIONS.length] as string;
    return [own, ...REGIONS.filter((region) => region !== own)].flatMap((region) => fleet.edgesOf(region));
  });
  senders = Array.from({ length: 12 }, (_, i) => `sender-${i}`);
  readers = Array.from({ length: 12 }, (_, i) => `reader-${i}`);
  for (const sender of senders) await traffic.connect(sender);
  for (const reader of readers) await traffic.read(reader);
}, 90_000);
afterEach(async () => {
  await traffic?.close();
  await fleet?.stop();
}, 60_000);

/** Kills one victim after the other under load; the longest any message took from its send to its reader. */
async function killUnderLoad(victims: readonly string[], everyMs: number): Promise<number> {
  const stop = new AbortController();
  const running = traffic.run(seeded(), { from: senders, to: readers, perSecond: 200, signal: stop.signal });
  for (const victim of victims) {
    await pause(everyMs);
    while (!fleet.killNode(victim)) await pause(50);
  }
  await pause(everyMs);
  stop.abort();
  await running;
  await traffic.drained();
  return Math.max(...traffic.latenciesMs);
}

function nodesOf(role: 'edge' | 'core'): string[] {
  return fleet.nodes.filter((node) => node.role === role).map(({ id }) => id);
}

it('20 edges killed: clients go on elsewhere from their cursor within 5 s (F1)', async () => {
  const random = seeded();
  const victims = Array.from({ length: 5 }, () => shuffled(random, nodesOf('edge'))).flat();
  expect(victims).toHaveLength(20);
  const longestMs = await killUnderLoad(victims, 2_500);
  report(
    `F1: 20 edges killed; from send to receipt ${quantile(traffic.latenciesMs, 0.99).toFixed(0)} ms at p99, ${longestMs.toFixed(0)} ms at most`,
  );
  traffic.judge('F1');
  expect(traffic.refusals.size).toBe(0);
  expect(longestMs).toBeLessThan(5_000);
}, 180_000);

it('6 cores killed: their shards are served again within 10 s (F2)', async () => {
  const random = seeded();
  const victims = Array.from({ length: 6 }, () => pick(random, nodesOf('core')));
  const longestMs = await killUnderLoad(victims, 5_000);
  report(
    `F2: 6 cores killed; from send to receipt ${quantile(traffic.latenciesMs, 0.99).toFixed(0)} ms at p99, ${longestMs.toFixed(0)} ms at most`,
  );
  traffic.judge('F2');
  expect(traffic.refusals.size).toBe(0);
  expect(longestMs).toBeLessThan(10_000);
}, 180_000);
