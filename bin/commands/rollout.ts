import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { type Command, UsageError } from '../command.ts';
import { renderRollout } from '../rollout-text.ts';
import { synthesizedRollout } from '../synthesized-templates.ts';

export const command: Command = {
  name: 'rollout',
  summary: 'Show the waves in which an environment is deployed: stacks, users at risk, how long to watch, when to stop.',
  usage: 'iris rollout <environment> [--json]',
  options: [['--json', 'what `iris synth` writes as rollout.json: bakeMinutes in minutes, shareAtRisk 0 to 1']],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    const [name, surplus] = positionals;
    if (name === undefined || surplus !== undefined) throw new UsageError('iris rollout takes one environment: a preset or a file');
    const rollout = await synthesizedRollout(io, createPlan(await loadEnvironment(name, io.cwd)));
    io.result(values.json ? JSON.stringify(rollout) : renderRollout(rollout));
    return 0;
  },
};
