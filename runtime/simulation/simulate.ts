import { createHash } from 'node:crypto';
import { type Fault, FaultInjector } from './fault-injector.ts';
import { History } from './history.ts';
import type { StoreSabotage } from './simulated-disk.ts';
import { Workload } from './workload.ts';
import { type SimulatedRegion, World } from './world.ts';

export interface SimulateOptions {
  readonly regions: readonly SimulatedRegion[];
  readonly seed: number;
  /** Virtual hours of traffic and faults. */
  readonly hours: number;
  readonly faults: readonly Fault[];
  /** @default 6 */
  readonly usersPerRegion?: number;
  /** @default 5 */
  readonly sendsPerSecond?: number;
  /** A planted bug, to show that the judge finds it. */
  readonly sabotage?: StoreSabotage;
}

export interface SimulationReport {
  readonly seed: number;
  readonly hours: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly received: number;
  readonly parked: number;
  readonly duplicatesDropped: number;
  readonly restarts: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly steps: number;
  /** Broken laws with the first messages that show it; empty when every law held. */
  readonly broken: readonly { readonly law: string; readonly count: number; readonly first: readonly string[] }[];
  /** SHA-256 of everything every user received, in order: equal for equal seeds. */
  readonly historySha256: string;
}

/** Virtual milliseconds that everything may take to arrive after the last fault: an outbox that waits, and an order that is given up. */
const SETTLE_MS = 15 * 60_000;

/** Runs the production nodes and clients of an environment on a virtual clock, under faults, and judges what the users saw (L1-L3). */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const world = new World(options.regions, options.seed);
  const history = new History();
  const workload = new Workload(world, history, {
    usersPerRegion: options.usersPerRegion ?? 6,
    sendsPerSecond: options.sendsPerSecond ?? 5,
  });
  const injector = new FaultInjector(world, options.faults);
  world.sabotage(options.sabotage);
  for (const node of world.nodes) world.start(node);
  workload.start();
  injector.start();
  await world.time.run(options.hours * 3_600_000);
  injector.finish();
  workload.finish();
  const endMs = world.time.nowMs + SETTLE_MS;
  while (world.time.nowMs < endMs && !(workload.underWay === 0 && history.isComplete)) await world.time.run(world.time.nowMs + 1_000);
  // A double or a late stray would come now.
  await world.time.run(world.time.nowMs + 5_000);
  return report(options, { world, history, workload, injector });
}

interface Ended {
  readonly world: World;
  readonly history: History;
  readonly workload: Workload;
  readonly injector: FaultInjector;
}

function report({ seed, hours }: SimulateOptions, { world, history, workload, injector }: Ended): SimulationReport {
  const verdict = history.verdict();
  const laws = {
    'L1 durable': verdict.lost,
    'L2 once': verdict.doubled,
    'L3 order': verdict.outOfOrder,
    'L5 true sender': verdict.neverSent,
  };
  const broken = Object.entries(laws).flatMap(([law, bodies]) =>
    bodies.length > 0 ? [{ law, count: bodies.length, first: bodies.slice(0, 5) }] : [],
  );
  return {
    seed,
    hours,
    sent: verdict.sent,
    acknowledged: verdict.acknowledged,
    refused: workload.refused,
    received: verdict.received,
    parked: world.counter('iris_envelopes_parked_total').value,
    duplicatesDropped: world.counter('iris_duplicates_total').value,
    restarts: world.nodes.reduce((sum, node) => sum + node.starts - 1, 0),
    faults: Object.fromEntries([...injector.injected].toSorted(([a], [b]) => a.localeCompare(b))),
    steps: world.time.steps,
    broken,
    historySha256: createHash('sha256').update(history.transcript()).digest('hex'),
  };
}
