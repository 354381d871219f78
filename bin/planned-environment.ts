import { parseArgs } from 'node:util';
import { loadEnvironment } from '../environments/load-environment.ts';
import { createPlan } from '../infra/plan/create-plan.ts';
import type { Plan } from '../infra/plan/plan.ts';
import { type CommandIo, UsageError } from './command.ts';

/**
 * What a report command is given: one environment, and whether its result is to be JSON.
 * @throws UsageError; IrisError ENVIRONMENT_UNKNOWN, ENVIRONMENT_INVALID, FILE_UNREADABLE
 */
export async function plannedEnvironment(
  command: string,
  args: readonly string[],
  io: CommandIo,
): Promise<{ plan: Plan; isJson: boolean }> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [name, surplus] = positionals;
  if (name === undefined || surplus !== undefined) throw new UsageError(`iris ${command} takes one environment: a preset or a file`);
  return { plan: createPlan(await loadEnvironment(name, io.cwd)), isJson: values.json };
}
