import type { Command } from '../command.ts';
import { plannedEnvironment } from '../planned-environment.ts';
import { renderRollout } from '../rollout-text.ts';
import { synthesizedRollout } from '../synthesized-templates.ts';

export const command: Command = {
  name: 'rollout',
  summary: 'Show the waves in which an environment is deployed: stacks, users at risk, how long to watch, when to stop.',
  usage: 'iris rollout <environment> [--json]',
  options: [['--json', 'what `iris synth` writes as rollout.json: bakeMinutes in minutes, shareAtRisk 0 to 1']],
  async run(args, io) {
    const { plan, isJson } = await plannedEnvironment('rollout', args, io);
    const rollout = await synthesizedRollout(io, plan);
    io.result(isJson ? JSON.stringify(rollout) : renderRollout(rollout));
    return 0;
  },
};
