import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { presets } from '../../environments/presets.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { newRegionEntry, withRegion } from '../../infra/plan/new-region.ts';
import { diffPlans } from '../../infra/reports/diff/plan-diff.ts';
import { type Command, UsageError } from '../command.ts';
import { addRegionToFile } from '../environment-file.ts';
import { grouped } from '../text-table.ts';

const OPTIONS = {
  to: { type: 'string' },
  'aws-region': { type: 'string' },
  account: { type: 'string' },
  cidr: { type: 'string' },
  edges: { type: 'string' },
  shards: { type: 'string' },
  continents: { type: 'string' },
  countries: { type: 'string' },
  print: { type: 'boolean', default: false },
} as const;

export const command: Command = {
  name: 'add-region',
  summary: 'Add a region to an environment: one list entry, nothing else changes but the slot map’s version.',
  usage: 'iris add-region <code> --to <environment> --aws-region <name> [--edges <n>] [--shards <n>] [--print]',
  options: [
    ['--to <environment>', 'the environment’s file, which is edited; a preset’s name together with --print'],
    ['--aws-region <name>', 'where it lives, such as ap-southeast-2'],
    ['--account <id>', 'account of 12 digits that it lives in, one of the environment’s `accounts`; default: globalAccount'],
    ['--cidr <block>', 'its network; default: the next free block of the size that the last region has'],
    ['--edges <n>, --shards <n>', 'its size; default: that of the smallest region'],
    ['--continents <AS,EU>, --countries <JP,KR>', 'whose clients it serves; default: nobody by place'],
    ['--print', 'print the whole new environment as JSON and edit nothing'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
    const [code, surplus] = positionals;
    const { to, 'aws-region': awsRegion } = values;
    if (code === undefined || surplus !== undefined || to === undefined || awsRegion === undefined)
      throw new UsageError('iris add-region takes a code, --to <environment> and --aws-region <name>');
    if (presets.has(to) && !values.print)
      throw new UsageError(
        `${to} is a preset of this package, which is not edited: write it to a file with --print, or name a file of yours`,
      );
    const environment = await loadEnvironment(to, io.cwd);
    const entry = newRegionEntry(environment, {
      code,
      awsRegion,
      ...(values.account === undefined ? {} : { account: values.account }),
      ...(values.cidr === undefined ? {} : { cidr: values.cidr }),
      ...(values.edges === undefined ? {} : { edges: count('--edges', values.edges) }),
      ...(values.shards === undefined ? {} : { shards: count('--shards', values.shards) }),
      continents: list(values.continents),
      countries: list(values.countries),
    });
    const changed = withRegion(environment, entry);
    const { slotsMoved, usersMoved } = diffPlans(createPlan(environment), createPlan(changed));
    if (values.print) io.result(JSON.stringify(changed, null, 2));
    else await addRegionToFile(resolve(io.cwd, to), changed, entry);
    io.note(
      `${code}: edges ${entry.edges}, shards ${entry.shards}, network ${entry.cidr}; ${grouped(slotsMoved)} slots move to it, ${grouped(usersMoved)} users of a day`,
    );
    return 0;
  },
};

function count(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${flag} ${text} must be a whole number of 1 or more`);
  return value;
}

function list(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(',');
}
