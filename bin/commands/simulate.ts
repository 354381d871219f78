import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { presets } from '../../environments/presets.ts';
import { fleetShape } from '../../infra/local/fleet-shape.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { FAULTS, type Fault } from '../../runtime/simulation/fault-injector.ts';
import { verdictLine } from '../../runtime/simulation/history-checker.ts';
import { type SimulationReport, simulate } from '../../runtime/simulation/simulate.ts';
import type { SimulatedRegion } from '../../runtime/simulation/world.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { checkHistoryFile, createHistoryFile } from '../history-file.ts';
import { textTable } from '../text-table.ts';

/** The first preset. */
const [SMALLEST = ''] = presets.keys();
/** Nodes beyond which the environment is simulated with one edge and one shard group in each region. */
const NODES_MAX = 40;

export const command: Command = {
  name: 'simulate',
  summary: 'Run the production code of an environment on a virtual clock, under seeded faults, and judge what users saw.',
  usage:
    'iris simulate [--environment <environment>] [--seed <n>] [--seeds <n>] [--hours <h>] [--fault <a,b>] [--history <file>] [--check <file>] [--json]',
  options: [
    ['--environment <name>', `a preset or a file; default: ${SMALLEST}`],
    ['--seed <n>', 'whole number that decides everything; the same seed gives the same history; default: 1'],
    ['--seeds <n>', 'how many seeds to run, from --seed on; default: 1'],
    ['--hours <h>', 'virtual hours of traffic and faults for each seed; default: 0.5'],
    ['--fault <a,b>', `only these faults, or none; default: ${FAULTS.join(',')}`],
    ['--history <file>', 'write what every client saw, one JSON line per event; for one seed'],
    ['--check <file>', 'run nothing: judge such a file, of a simulation or of real processes'],
    ['--json', 'one line for each seed'],
  ],
  async run(args, io) {
    const flags = parse(args);
    if (flags.check !== undefined) return await check(io, flags.check, flags.json);
    const plan = createPlan(await loadEnvironment(flags.environment, io.cwd));
    const isShrunk = plan.totals.edges + plan.totals.shardGroups > NODES_MAX;
    if (isShrunk) io.note(`${plan.environment} is simulated with one edge and one shard group in each region`);
    const { regions } = fleetShape(plan, { isShrunk });
    let failed: SimulationReport | undefined;
    for (let seed = flags.seed; seed < flags.seed + flags.seeds && !io.signal.aborted; seed++) {
      const report = await simulateSeed(io, { regions, seed, hours: flags.hours, faults: flags.faults }, flags.history);
      io.result(flags.json ? JSON.stringify(report) : renderReport(report));
      if (report.broken.length > 0) failed ??= report;
    }
    if (failed === undefined) return 0;
    const laws = failed.broken.map(({ law, count }) => `${law} (${count})`).join(', ');
    io.note(`iris: broken ${laws} with seed ${failed.seed}; repeat it with --seed ${failed.seed} --hours ${failed.hours}`);
    return 1;
  },
};

interface SeedOptions {
  readonly regions: readonly SimulatedRegion[];
  readonly seed: number;
  readonly hours: number;
  readonly faults: readonly Fault[];
}

async function simulateSeed(io: CommandIo, options: SeedOptions, history: string | undefined): Promise<SimulationReport> {
  io.note(`seed ${options.seed}: ${options.hours} virtual hours in ${options.regions.length} regions`);
  if (history === undefined) return await simulate(options);
  const file = createHistoryFile(history);
  try {
    return await simulate({ ...options, line: (text) => file.line(text) });
  } finally {
    file.close();
  }
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
      seeds: { type: 'string', default: '1' },
      hours: { type: 'string', default: '0.5' },
      fault: { type: 'string', default: FAULTS.join(',') },
      history: { type: 'string' },
      check: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.history !== undefined && values.seeds !== '1') throw new UsageError('--history takes one seed; leave out --seeds');
  const names = values.fault === 'none' ? [] : values.fault.split(',');
  const unknown = names.find((name) => !FAULTS.some((fault) => fault === name));
  if (unknown !== undefined) throw new UsageError(`no fault is called '${unknown}'; there are ${FAULTS.join(', ')}, or none`);
  return {
    environment: values.environment,
    seed: wholeNumber('--seed', values.seed, 0),
    seeds: wholeNumber('--seeds', values.seeds, 1),
    hours: hoursOf(values.hours),
    faults: FAULTS.filter((fault) => names.includes(fault)),
    history: values.history,
    check: values.check,
    json: values.json,
  };
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

function renderReport(report: SimulationReport): string {
  const faults = Object.entries(report.faults).map(([fault, count]) => `${fault} ${count}`);
  const rows = [
    ['seed', 'hours', 'sent', 'acknowledged', 'refused', 'received', 'restarts', 'parked', 'verdict'],
    [
      String(report.seed),
      String(report.hours),
      String(report.sent),
      String(report.acknowledged),
      String(report.refused),
      String(report.received),
      String(report.restarts),
      String(report.parked),
      report.broken.length === 0 ? 'every law held' : report.broken.map(({ law, count }) => `${law} broken ${count} times`).join(', '),
    ],
  ];
  const shown = report.broken.map(({ law, first }) => `${law}: ${first.join(', ')}`);
  return [textTable(rows), `faults: ${faults.join(', ') || 'none'}; history ${report.historySha256.slice(0, 16)}`, ...shown].join('\n');
}
