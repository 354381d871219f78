import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { presets } from '../../environments/presets.ts';
import { fleetShape } from '../../infra/local/fleet-shape.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { BUDGETS, type SimulationBudget } from '../../runtime/simulation/budgets.ts';
import { FAULTS, type Fault } from '../../runtime/simulation/fault-injector.ts';
import { verdictLine } from '../../runtime/simulation/history-checker.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { checkHistoryFile } from '../history-file.ts';
import { simulateSeeds } from '../simulation-seeds.ts';
import { simulationText } from '../simulation-text.ts';

/** The first preset. */
const [SMALLEST = ''] = presets.keys();
/** Nodes beyond which the environment is simulated with one edge and one shard group in each region. */
const NODES_MAX = 40;
const PROMOTE_EVERY_S = 30;
const BUDGET_NAMES = Object.keys(BUDGETS) as readonly (keyof typeof BUDGETS)[];
const BUDGET_TEXTS = BUDGET_NAMES.map((name) => {
  const { seeds, hours, promoteEverySeconds } = BUDGETS[name];
  return `${name} is ${seeds} seeds of ${hours} hours, promotions every ${promoteEverySeconds} s`;
});

export const command: Command = {
  name: 'simulate',
  summary: 'Run the production code of an environment on a virtual clock, under seeded faults, and judge what users saw.',
  usage:
    'iris simulate [--environment <environment>] [--seed <n>] [--seeds <n>] [--hours <h>] [--budget <name>] [--engine <kind>] [--store <kind>] [--fault <a,b>] [--promote-every <s>] [--progress <folder>] [--history <file>] [--check <file>] [--json]',
  options: [
    ['--environment <name>', `a preset or a file; default: ${SMALLEST}`],
    ['--seed <n>', 'whole number that decides everything; the same seed gives the same history; default: 1'],
    ['--seeds <n>', 'how many seeds to run, from --seed on; default: 1'],
    ['--hours <h>', 'virtual hours of traffic and faults for each seed; default: 0.5'],
    ['--budget <name>', `seeds, hours and promotions by name: ${BUDGET_TEXTS.join('; ')}; default: none`],
    [
      '--engine <kind>',
      'embedded: a disk of each group; distributed: a log and rows that fail as Kafka and a CQL store do; default: embedded',
    ],
    ['--store <kind>', 'of embedded; log: the production store on a simulated disk; memory: a model of it; default: log'],
    ['--fault <a,b>', `only these faults, or none; reshard moves users by new slot maps; default: ${FAULTS.join(',')}`],
    ['--promote-every <s>', 'virtual seconds between two changes of some inbox’s buckets, on average; default: 30, or the budget’s'],
    [
      '--progress <folder>',
      'keep there what each seed gave: a run that was interrupted or killed goes on when it is started again; default: none',
    ],
    ['--history <file>', 'write what every client saw, one JSON line per event; for one seed'],
    ['--check <file>', 'run nothing: judge such a file, of a simulation or of real processes'],
    ['--json', 'one line for each seed; with --progress it says how many are done'],
  ],
  async run(args, io) {
    const flags = parse(args);
    if (flags.check !== undefined) return await check(io, flags.check, flags.json);
    const plan = createPlan(await loadEnvironment(flags.environment, io.cwd));
    const isShrunk = plan.totals.edges + plan.totals.shardGroups > NODES_MAX;
    if (isShrunk) io.note(`${plan.environment} is simulated with one edge and one shard group in each region`);
    const { regions } = fleetShape(plan, { isShrunk });
    const { seed: first, seeds: count, hours, store, faults, promoteEverySeconds, history, progress, json: isJson } = flags;
    const terms = { regions, hours, store, faults, promoteEverySeconds };
    const reports = await simulateSeeds(io, { terms, first, count, history, progress, isJson });
    if (!flags.json && reports.length > 0) io.result(simulationText(reports));
    const failed = reports.filter((report) => report.broken.length > 0);
    for (const { seed } of failed) io.note(`iris: repeat it with ${repeatFlags(flags, seed)}`);
    return failed.length === 0 ? 0 : 1;
  },
};

type Flags = ReturnType<typeof parse>;

/** Everything that decides the history, but the release. */
function repeatFlags({ environment, hours, store, faults, promoteEverySeconds }: Flags, seed: number): string {
  const names = faults.length === FAULTS.length ? '' : ` --fault ${faults.join(',') || 'none'}`;
  const promotions = promoteEverySeconds === PROMOTE_EVERY_S ? '' : ` --promote-every ${promoteEverySeconds}`;
  return `--environment ${environment} --seed ${seed} --hours ${hours}${storeFlag(store)}${names}${promotions}`;
}

function storeFlag(store: Flags['store']): string {
  if (store === 'log') return '';
  return store === 'engines' ? ' --engine distributed' : ` --store ${store}`;
}

async function check(io: CommandIo, path: string, isJson: boolean): Promise<number> {
  const verdict = await checkHistoryFile(path);
  const shown = verdict.broken.map(({ law, first }) => `${law}: ${first.join(', ')}`);
  io.result(isJson ? JSON.stringify(verdict) : [verdictLine(verdict), ...shown].join('\n'));
  return verdict.broken.length === 0 ? 0 : 1;
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      environment: { type: 'string', default: SMALLEST },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string' },
      hours: { type: 'string' },
      budget: { type: 'string' },
      engine: { type: 'string', default: 'embedded' },
      store: { type: 'string' },
      fault: { type: 'string', default: FAULTS.join(',') },
      'promote-every': { type: 'string' },
      progress: { type: 'string' },
      history: { type: 'string' },
      check: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const budget = budgetOf(values.budget);
  const seeds = values.seeds === undefined ? budget.seeds : wholeNumber('--seeds', values.seeds, 1);
  if (values.history !== undefined && seeds !== 1) throw new UsageError(`--history takes one seed, this runs ${seeds}; give --seeds 1`);
  if (values.history !== undefined && values.progress !== undefined)
    throw new UsageError('--history keeps no progress; give one of the two');
  return {
    environment: values.environment,
    seed: wholeNumber('--seed', values.seed, 0),
    seeds,
    hours: values.hours === undefined ? budget.hours : hoursOf(values.hours),
    store: storeOf(values.engine, values.store),
    faults: faultsOf(values.fault),
    promoteEverySeconds: wholeNumber('--promote-every', values['promote-every'] ?? String(budget.promoteEverySeconds), 1),
    progress: values.progress,
    history: values.history,
    check: values.check,
    json: values.json,
  };
}

function budgetOf(name: string | undefined): SimulationBudget {
  if (name === undefined) return { seeds: 1, hours: 0.5, promoteEverySeconds: PROMOTE_EVERY_S };
  const known = BUDGET_NAMES.find((candidate) => candidate === name);
  if (known === undefined) throw new UsageError(`no budget is called '${name}'; there are ${BUDGET_NAMES.join(' and ')}`);
  return BUDGETS[known];
}

function storeOf(engine: string, name: string | undefined): 'log' | 'memory' | 'engines' {
  if (engine === 'distributed') {
    if (name !== undefined) throw new UsageError(`--store ${name} is of --engine embedded; leave one of them out`);
    return 'engines';
  }
  if (engine !== 'embedded') throw new UsageError(`no engine is called '${engine}'; there are embedded and distributed`);
  if (name === undefined || name === 'log' || name === 'memory') return name ?? 'log';
  throw new UsageError(`no store is called '${name}'; there are log and memory`);
}

function faultsOf(text: string): Fault[] {
  const names = text === 'none' ? [] : text.split(',');
  const unknown = names.find((name) => !FAULTS.some((fault) => fault === name));
  if (unknown !== undefined) throw new UsageError(`no fault is called '${unknown}'; there are ${FAULTS.join(', ')}, or none`);
  return FAULTS.filter((fault) => names.includes(fault));
}

function wholeNumber(flag: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min) throw new UsageError(`${flag} ${text} must be a whole number of ${min} or more`);
  return value;
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (!(hours > 0 && hours <= 1_000)) throw new UsageError(`--hours ${text} must be above 0 and at most 1000`);
  return hours;
}
