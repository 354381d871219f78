import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { type Command, UsageError } from '../command.ts';

const OPTIONS = { json: { type: 'boolean' }, 'slot-map': { type: 'boolean' }, fields: { type: 'boolean' } } as const;

export const command: Command = {
  name: 'plan',
  summary: 'Show the regions, edges, shards and machines that an environment needs.',
  usage: 'iris plan <environment> [--json | --slot-map]',
  options: [
    ['<environment>', 'a preset (proof, validation, growth, scale, planet), or the path of a .ts or .json file'],
    ['--json', 'the whole plan as one JSON document; counts are whole numbers, shares are 0 to 1'],
    ['--slot-map', 'the slot map document that nodes read, as JSON'],
    ['--fields', 'every field of an environment with its unit and default, as Markdown; takes no environment'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
    if (values.fields === true) {
      const { describeEnvironment } = await import('../../environments/describe-environment.ts');
      io.result(describeEnvironment().trimEnd());
      return 0;
    }
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined) throw new UsageError('iris plan takes one environment: a preset or a file');
    if (values.json === true && values['slot-map'] === true) throw new UsageError('iris plan prints --json or --slot-map, not both');
    const plan = createPlan(await loadEnvironment(name, io.cwd));
    if (values.json === true) io.result(JSON.stringify(plan));
    else if (values['slot-map'] === true) io.result(JSON.stringify((await import('../../infra/plan/slot-map.ts')).slotMapOf(plan)));
    else io.result((await import('../plan-text.ts')).renderPlan(plan));
    return 0;
  },
};
