import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { presets } from '../../environments/presets.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { withLeaving, withoutLeft } from '../../infra/plan/leaving-region.ts';
import { diffPlans } from '../../infra/reports/diff/plan-diff.ts';
import { type Command, UsageError } from '../command.ts';
import { markLeavingInFile, removeRegionFromFile } from '../environment-file.ts';
import { grouped } from '../text-table.ts';

export const command: Command = {
  name: 'remove-region',
  summary: 'Take a region out of an environment: its records first, its stacks last, then its entry.',
  usage: 'iris remove-region <code> --from <environment> (--drained | --gone) [--print]',
  options: [
    ['--from <environment>', 'the environment’s file, which is edited; a preset’s name together with --print'],
    ['--drained', 'its cores own nothing any more: from now on it leaves, and iris rollout shows in which steps'],
    ['--gone', 'the last wave has deleted its stacks: take its entry out'],
    ['--print', 'print the whole new environment as JSON and edit nothing'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        drained: { type: 'boolean', default: false },
        gone: { type: 'boolean', default: false },
        print: { type: 'boolean', default: false },
      },
    });
    const [code, surplus] = positionals;
    const { from, drained, gone, print } = values;
    if (code === undefined || surplus !== undefined || from === undefined)
      throw new UsageError('iris remove-region takes a code and --from <environment>');
    if (drained && gone) throw new UsageError('iris remove-region takes --drained or --gone, not both');
    if (presets.has(from) && !print)
      throw new UsageError(`${from} is a preset of this package, which is not edited: use --print, or name a file of yours`);
    const environment = await loadEnvironment(from, io.cwd);
    const changed = gone ? withoutLeft(environment, code) : withLeaving(environment, code, { isDrained: drained });
    const plan = createPlan(changed);
    const { slotsMoved } = diffPlans(createPlan(environment), plan);
    if (print) io.result(JSON.stringify(changed, null, 2));
    else if (gone) await removeRegionFromFile(resolve(io.cwd, from), changed, code);
    else await markLeavingInFile(resolve(io.cwd, from), changed, code);
    io.note(
      gone
        ? `${code} is out of ${changed.name}`
        : `${code} leaves ${changed.name}, ${grouped(slotsMoved)} slots go to others; iris rollout shows the waves: its records go before its load balancer`,
    );
    return 0;
  },
};
