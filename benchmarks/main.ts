import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { FleetEngine } from '../infra/local/local-engines.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { type Benchmark, UsageError } from './benchmark.ts';
import { cpuPair } from './process-meter.ts';
import { renderReport } from './report.ts';

/** Loaded by name, so that one scenario does not pay for the imports of the others. */
const SCENARIOS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  durable: async () => (await import('./scenarios/durable.ts')).benchmark,
  floors: async () => (await import('./scenarios/floors.ts')).benchmark,
  idle: async () => (await import('./scenarios/idle.ts')).benchmark,
  's-1': async () => (await import('./scenarios/s-1-online.ts')).benchmark,
  's-2': async () => (await import('./scenarios/s-2-offline.ts')).benchmark,
  's-3': async () => (await import('./scenarios/s-3-celebrity.ts')).benchmark,
  's-5': async () => (await import('./scenarios/s-5-day.ts')).benchmark,
  overload: async () => (await import('./scenarios/overload.ts')).benchmark,
  store: async () => (await import('./scenarios/store.ts')).benchmark,
  engines: async () => (await import('./scenarios/engines.ts')).benchmark,
  turns: async () => (await import('./scenarios/turns.ts')).benchmark,
  waiting: async () => (await import('./scenarios/waiting.ts')).benchmark,
  presence: async () => (await import('./scenarios/presence.ts')).benchmark,
  synth: async () => (await import('./scenarios/synth.ts')).benchmark,
  plan: async () => (await import('./scenarios/plan.ts')).benchmark,
};

/** Scenarios that run on the engines too. */
const ON_ENGINES: readonly string[] = ['s-2', 's-3', 'idle', 'waiting'];
const ON_ENGINES_TEXT = new Intl.ListFormat('en-GB').format(ON_ENGINES);

process.exit(await main(process.argv.slice(2)));

/** Exit code: 0 measured, 1 the run failed, 2 wrong usage. A void figure is said in the table and is no failure. */
async function main([name, ...args]: readonly string[]): Promise<number> {
  try {
    if (name === undefined || name === '--help') {
      process.stdout.write(await usage());
      return 0;
    }
    if (name === 'all') return await everything(args);
    if (!Object.hasOwn(SCENARIOS, name)) {
      throw new UsageError(`no scenario is called '${name}'; there are ${Object.keys(SCENARIOS).join(', ')}, all`);
    }
    const benchmark = await SCENARIOS[name]!();
    const { flag, stateRoot, profileDirectory, engine } = parse(benchmark, args);
    const note = (text: string) => void process.stderr.write(`${text}\n`);
    const io = { note, stateRoot, cpus: cpuPair(), engine, ...(profileDirectory === undefined ? {} : { profileDirectory }) };
    process.stdout.write(`${renderReport(await benchmark.run(flag, io))}\n`);
    return 0;
  } catch (error) {
    const isUsage =
      error instanceof UsageError || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    const reason = error instanceof IrisError ? `${error.code}: ${error.message}` : error instanceof Error ? error.message : String(error);
    process.stderr.write(`benchmark: ${reason}\n`);
    return isUsage ? 2 : 1;
  }
}

/** Each scenario as a process of its own, since one pins itself to a CPU, with its own defaults. @returns 1 when one of them failed. */
async function everything(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg.startsWith('--engine'))) throw new UsageError(`--engine is of ${ON_ENGINES_TEXT}, not of all`);
  let worst = 0;
  for (const name of Object.keys(SCENARIOS)) {
    const child = spawn(process.execPath, [import.meta.filename, name, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) worst = 1;
  }
  return worst;
}

function parse({ name, flags }: Benchmark, args: readonly string[]) {
  const options = Object.fromEntries(
    [...flags.map((flag) => flag.name), 'state', 'profile', 'engine'].map((flag) => [flag, { type: 'string' as const }]),
  );
  const { values } = parseArgs({ args: [...args], options });
  const numbers = new Map(flags.map((flag) => [flag.name, wholeNumber(flag.name, values[flag.name] ?? String(flag.fallback))]));
  return {
    flag: (wanted: string): number => {
      const value = numbers.get(wanted);
      if (value === undefined) throw new UsageError(`${name} has no flag --${wanted}`);
      return value;
    },
    stateRoot: values['state'] ?? tmpdir(),
    profileDirectory: values['profile'],
    engine: engineOf(name, values['engine'] ?? 'embedded'),
  };
}

function engineOf(scenario: string, engine: string): FleetEngine {
  if (engine !== 'embedded' && engine !== 'distributed') {
    throw new UsageError(`no engine is called '${engine}'; there are embedded and distributed`);
  }
  if (engine === 'distributed' && !ON_ENGINES.includes(scenario)) {
    throw new UsageError(`${scenario} has no --engine distributed; ${ON_ENGINES_TEXT} have it`);
  }
  return engine;
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${flag} is '${text}', it must be a whole number from 1 on`);
  return value;
}

async function usage(): Promise<string> {
  const lines = ['npm run benchmark -- <scenario> [flags]', ''];
  for (const load of Object.values(SCENARIOS)) {
    const { name, summary, flags } = await load();
    lines.push(`${name.padEnd(10)}${summary}`);
    for (const flag of flags) lines.push(`         --${flag.name} ${flag.fallback}: ${flag.meaning}`);
  }
  lines.push('all       every scenario with its defaults, one after the other; takes the flags below only');
  lines.push('', '--state DIR: where stores are made (default: the system’s temporary folder); its disk is what D2 measures');
  lines.push(`--engine distributed, of ${ON_ENGINES_TEXT}: measures a core on a Kafka and a Cassandra of this run beside an embedded one`);
  lines.push('--profile DIR: a CPU profile of every server process');
  return `${lines.join('\n')}\n`;
}
