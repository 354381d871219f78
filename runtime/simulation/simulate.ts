import { createHash } from 'node:crypto';
import { type Fault, FaultInjector } from './fault-injector.ts';
import { History } from './history.ts';
import type { Verdict } from './history-checker.ts';
import { PromotionEvents } from './promotion-events.ts';
import type { Sabotage } from './sabotage.ts';
import { Watchers } from './watchers.ts';
import { Workload } from './workload.ts';
import { type Ownership, type SimulatedRegion, World } from './world.ts';

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
  /** `log`: the production store on a simulated disk, where a seed is odd with a standby beside each core. `memory`: a model of it, many times as fast. `engines`: the production store on a log and rows that fail as engines do. @default 'log' */
  readonly store?: 'log' | 'memory' | 'engines';
  /** Virtual seconds between two changes of some inbox’s buckets, on average. @default 30 */
  readonly promoteEverySeconds?: number;
  /** Planted bugs, to show that the judge finds them. */
  readonly sabotage?: readonly Sabotage[];
  /** Gets the history, one JSON line per event, without its end of line. */
  line?(line: string): void;
}

export interface SimulationReport extends Verdict {
  readonly seed: number;
  readonly hours: number;
  readonly parked: number;
  readonly duplicatesDropped: number;
  readonly restarts: number;
  /** Times that an inbox got another number of buckets. */
  readonly promotions: number;
  readonly faults: Readonly<Record<string, number>>;
  /** fault → state of the node it met → count. */
  readonly met: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly steps: number;
  /** SHA-256 of the history’s lines: equal for equal seeds. */
  readonly historySha256: string;
}

/** Virtual milliseconds that everything may take to arrive after the last fault: an outbox that waits, and an order that is given up. */
const SETTLE_MS = 40 * 60_000;
/** Virtual milliseconds for a status to cross regions and be written, and for its sender to ask for it; behind an engine whose last answer was lost. */
const STATUS_MS = 25_000;
/** Virtual milliseconds for a last reading of whole inboxes: a few leave and log in, over whatever distance. */
const READ_AGAIN_MS = 30_000;
/** Virtual milliseconds for users to go and their watchers to hear of it: twice what a change may take (R15). */
const PRESENCE_MS = 10_000;

/** Runs the production nodes and clients of an environment on a virtual clock, under faults, and judges what the users saw. */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const digest = createHash('sha256');
  const line = (text: string) => {
    digest.update(text).update('\n');
    options.line?.(text);
  };
  const history = new History({ nowMs: () => world.time.nowMs, line });
  const { seed, store = 'log', sabotage = [] } = options;
  const hasStandbys = store !== 'memory' && seed % 2 === 1;
  const owns = (owned: Ownership) => history.record({ event: 'own', ...owned });
  const world = new World(options.regions, { seed, store, hasStandbys, sabotage, owns });
  const workload = new Workload(world, history, {
    usersPerRegion: options.usersPerRegion ?? 6,
    sendsPerSecond: options.sendsPerSecond ?? 5,
  });
  const watchers = new Watchers(world, history, workload.users);
  const injector = new FaultInjector(world, options.faults);
  const promotions = new PromotionEvents(world, {
    users: workload.users.map((user) => user.name),
    everyMs: (options.promoteEverySeconds ?? 30) * 1_000,
  });
  world.users = workload.users.map(({ name }) => name);
  world.stranded = (isMeant) => {
    const users = workload.users.filter(({ name }) => isMeant(Buffer.from(name, 'utf8')) || promotions.promoted.has(name));
    history.record({ event: 'stranded', users: users.map(({ name }) => name) });
    for (const user of users) user.stranded();
  };
  for (const node of world.nodes) world.start(node);
  workload.start();
  watchers.start();
  injector.start();
  promotions.start();
  await world.time.run(options.hours * 3_600_000);
  injector.finish();
  promotions.finish();
  workload.finish();
  const endMs = world.time.nowMs + SETTLE_MS;
  const isSettled = () =>
    workload.isSettled && history.isComplete && world.awayRegion === undefined && world.router.map.moving === undefined;
  while (world.time.nowMs < endMs && !isSettled()) await world.time.run(world.time.nowMs + 1_000);
  workload.acknowledgeAgain();
  // The last acknowledgements come back to their senders.
  await world.time.run(world.time.nowMs + STATUS_MS);
  workload.askStatuses();
  await world.time.run(world.time.nowMs + STATUS_MS);
  workload.readAgain();
  // A double or a late stray would come now.
  await world.time.run(world.time.nowMs + READ_AGAIN_MS);
  workload.endReads();
  watchers.someLeave();
  await world.time.run(world.time.nowMs + PRESENCE_MS);
  watchers.end();
  return report(options, { world, history, injector, promotions, historySha256: digest.digest('hex') });
}

interface Ended {
  readonly world: World;
  readonly history: History;
  readonly injector: FaultInjector;
  readonly promotions: PromotionEvents;
  readonly historySha256: string;
}

function report({ seed, hours }: SimulateOptions, { world, history, injector, promotions, historySha256 }: Ended): SimulationReport {
  return {
    seed,
    hours,
    ...history.verdict(),
    parked: world.counter('iris_envelopes_parked_total').value,
    duplicatesDropped: world.counter('iris_duplicates_total').value,
    restarts: world.nodes.reduce((sum, node) => sum + node.starts - 1, 0),
    faults: Object.fromEntries([...injector.injected].toSorted(([a], [b]) => a.localeCompare(b))),
    promotions: promotions.made,
    met: injector.encounters.table(),
    steps: world.time.steps,
    historySha256,
  };
}
