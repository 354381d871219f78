import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
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
    if (wave.kind === 'leaving') noteProtected(io, wave, directory);
    io.note(`wave ${wave.number} of ${rollout.waves.length - 1}: ${wave.stacks.length} stacks, ${wave.regions.join(' ') || wave.kind}`);
    if (values.print) {
      io.result(`cdk ${command.join(' ')}`);
      return 0;
    }
    if (wave.kind === 'leaving' && !values.execute) {
      io.note(`nothing is deleted without --execute, which would run\n  cdk ${command.join(' ')}`);
      return 0;
    }
    io.note(`cdk ${command.join(' ')}`);
    const code = await runCdk(io, command);
    if (code === 0 && values.execute && wave.bakeMinutes > 0)
      io.note(`now watch for ${wave.bakeMinutes} minutes before wave ${wave.number + 1}`);
    return code;
  },
};

/** Each wave names its stacks alone: what they depend on was deployed by an earlier one. Parameters are what the template says, not what a deployment before said. */
function cdkArguments({ kind, stacks }: RolloutWave, directory: string, isExecuted: boolean): string[] {
  if (kind === 'leaving') return ['destroy', '--app', directory, '--exclusively', '--force', ...stacks];
  const method = isExecuted ? 'change-set' : 'prepare-change-set';
  const how = ['--exclusively', '--previous-parameters=false', '--require-approval', 'never', '--concurrency', String(CONCURRENCY)];
  return ['deploy', '--app', directory, ...how, `--method=${method}`, ...stacks];
}

/** Protection is taken off by a person, stack by stack: it is what stands between a wrong name and a region’s data. */
function noteProtected(io: CommandIo, { stacks }: RolloutWave, directory: string): void {
  const { artifacts } = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as Manifest;
  for (const stack of stacks) {
    const { environment = '', properties } = artifacts[stack] ?? {};
    if (properties?.terminationProtection !== true) continue;
    const [, , account = '', region = ''] = environment.split('/');
    const where = /^\d+$/.test(account) ? `, in account ${account}` : '';
    io.note(
      `protected${where}, and kept until you say: aws cloudformation update-termination-protection --no-enable-termination-protection --region ${region} --stack-name ${stack}`,
    );
  }
}

interface Manifest {
  /** By stack; `environment` is `aws://<account>/<region>`. */
  readonly artifacts: Readonly<
    Record<string, { readonly environment?: string; readonly properties?: { readonly terminationProtection?: boolean } }>
  >;
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
