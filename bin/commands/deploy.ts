import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import type { RolloutWave } from '../../infra/reports/rollout.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { type Command, type CommandIo, UsageError } from '../command.ts';
import { synthesizeInto } from '../synthesized-templates.ts';

/** Stacks deployed at a time; AWS throttles above ten in one account and region. */
const CONCURRENCY = 8;

export const command: Command = {
  name: 'deploy',
  summary: 'Deploy one wave of an environment’s rollout: change sets to be reviewed, or with --execute the deployment.',
  usage: 'iris deploy <environment> --wave <n> [--execute | --print] [--out DIR]',
  options: [
    ['--wave <n>', 'number of the wave, as iris rollout shows it'],
    ['--execute', 'deploy; without it the change sets are made and left for review'],
    ['--print', 'print the command and run nothing'],
    ['--out DIR', 'folder of the assembly; default: cdk.out'],
    ['exit code', 'that of the CDK’s command line'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        wave: { type: 'string' },
        execute: { type: 'boolean', default: false },
        print: { type: 'boolean', default: false },
        out: { type: 'string', default: 'cdk.out' },
      },
    });
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined || values.wave === undefined)
      throw new UsageError('iris deploy takes one environment and --wave <n>; iris rollout shows the waves');
    if (values.execute && values.print) throw new UsageError('iris deploy takes --execute or --print, not both');
    const plan = createPlan(await loadEnvironment(name, io.cwd));
    const directory = resolve(io.cwd, values.out);
    const rollout = await synthesizeInto(io, plan, directory);
    const wave = rollout.waves.find(({ number }) => String(number) === values.wave);
    if (wave === undefined) throw new UsageError(`${plan.environment} has waves 0 to ${rollout.waves.length - 1}, not ${values.wave}`);
    const command = cdkArguments(wave, relative(io.cwd, directory) || '.', values.execute);
    io.note(`wave ${wave.number} of ${rollout.waves.length - 1}: ${wave.stacks.length} stacks, ${wave.regions.join(' ') || wave.kind}`);
    if (values.print) {
      io.result(`cdk ${command.join(' ')}`);
      return 0;
    }
    io.note(`cdk ${command.join(' ')}`);
    const code = await runCdk(io, command);
    if (code === 0 && values.execute && wave.bakeMinutes > 0)
      io.note(`now watch for ${wave.bakeMinutes} minutes before wave ${wave.number + 1}`);
    return code;
  },
};

/** Each wave names its stacks alone: what they depend on was deployed by an earlier one. */
function cdkArguments({ stacks }: RolloutWave, directory: string, isExecuted: boolean): string[] {
  const method = isExecuted ? 'change-set' : 'prepare-change-set';
  const how = ['--exclusively', '--require-approval', 'never', '--concurrency', String(CONCURRENCY), `--method=${method}`];
  return ['deploy', '--app', directory, ...how, ...stacks];
}

/** The CDK’s command line of the project that this runs in, else of this package. */
async function runCdk(io: CommandIo, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [cdkPath(io.cwd), ...args], { cwd: io.cwd, stdio: 'inherit', env: { ...io.env } });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

function cdkPath(cwd: string): string {
  for (const from of [join(cwd, 'package.json'), import.meta.url]) {
    try {
      const path = join(dirname(createRequire(from).resolve('aws-cdk/package.json')), 'bin/cdk');
      if (existsSync(path)) return path;
    } catch {
      // Not there: the next place is asked.
    }
  }
  throw new IrisError('PACKAGE_FAILED', 'the CDK’s command line is not installed here; npm install --save-dev aws-cdk@2.1148.1');
}
