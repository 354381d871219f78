import { setFlagsFromString } from 'node:v8';
import type { Command } from './command.ts';

/** Each command is its own import, so that `iris plan` does not pay for what `iris synth` loads. */
const COMMANDS = {
  plan: () => import('./commands/plan.ts'),
  synth: () => {
    keepYoungGenerationSmall();
    return import('./commands/synth.ts');
  },
  package: () => import('./commands/package.ts'),
  'add-region': () => import('./commands/add-region.ts'),
  'remove-region': () => import('./commands/remove-region.ts'),
  diff: () => import('./commands/diff.ts'),
  cost: () => import('./commands/cost.ts'),
  explain: () => import('./commands/explain.ts'),
  limits: () => import('./commands/limits.ts'),
  rollout: () => import('./commands/rollout.ts'),
  deploy: () => import('./commands/deploy.ts'),
  preflight: () => import('./commands/preflight.ts'),
  monitoring: () => import('./commands/monitoring.ts'),
  dns: () => import('./commands/dns.ts'),
  up: () => import('./commands/up.ts'),
  send: () => import('./commands/send.ts'),
  listen: () => import('./commands/listen.ts'),
  who: () => import('./commands/who.ts'),
  watch: () => import('./commands/watch.ts'),
  audience: () => import('./commands/audience.ts'),
  promote: () => import('./commands/promote.ts'),
  demote: () => import('./commands/demote.ts'),
  'dead-letters': () => import('./commands/dead-letters.ts'),
  migrate: () => import('./commands/migrate.ts'),
  schema: () => import('./commands/schema.ts'),
  node: () => import('./commands/node.ts'),
  check: () => import('./commands/check.ts'),
  'slot-map': () => import('./commands/slot-map.ts'),
  reshard: () => import('./commands/reshard.ts'),
  leave: () => import('./commands/leave.ts'),
  join: () => import('./commands/join.ts'),
  failover: () => import('./commands/failover.ts'),
  failback: () => import('./commands/failback.ts'),
  region: () => import('./commands/region.ts'),
  home: () => import('./commands/home.ts'),
  simulate: () => import('./commands/simulate.ts'),
} satisfies Record<string, () => Promise<{ readonly command: Command }>>;

export type CommandName = keyof typeof COMMANDS;

/** In the order a user meets them. */
export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

export async function loadCommand(name: CommandName): Promise<Command> {
  const { command } = await COMMANDS[name]();
  return command;
}

/**
 * Synthesis makes much garbage that dies young; without this V8 lets the young generation grow by 100 MB for planet. Set before the command
 * is loaded, since that makes garbage too and the generation never shrinks.
 */
function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
