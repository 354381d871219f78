import { slotMapOf } from '../../infra/plan/slot-map.ts';
import { fullLimits, limitsReport, missingQuotas } from '../../infra/reports/limits/limits-report.ts';
import { checkSlotMap } from '../../runtime/contract/slot-map.ts';
import type { Command } from '../command.ts';
import { quotaRequest, quotaTable } from '../limits-text.ts';
import { plannedEnvironment } from '../planned-environment.ts';
import { synthesizedTemplates } from '../synthesized-templates.ts';

export const command: Command = {
  name: 'preflight',
  summary: 'Say what stands in the way of a deployment: quotas, limits, slot map; asks nobody.',
  usage: 'iris preflight <environment> [--json]',
  options: [
    ['--json', 'one document {"environment","ready","problems":[…],"quotas":[…],"requests":[…]}'],
    ['quotas', 'of the environment’s field `quotas`, else what a new account has'],
    ['exit code', '0 when nothing stands in the way, 1 when something does'],
  ],
  async run(args, io) {
    const { plan, isJson } = await plannedEnvironment('preflight', args, io);
    // Regions, families, zones, names and networks are refused by the plan itself, all problems at once.
    const report = limitsReport(plan, await synthesizedTemplates(io, plan));
    const problems = [...fullLimits(report), ...checkSlotMap(slotMapOf(plan)).map((problem) => `slot map: ${problem}`)];
    const quotas = missingQuotas(report);
    const requests = quotas.map(quotaRequest);
    const ready = problems.length === 0 && quotas.length === 0;
    if (isJson) io.result(JSON.stringify({ environment: plan.environment, ready, problems, quotas, requests }));
    else io.result(render(plan.environment, { problems, quotas, requests }));
    return ready ? 0 : 1;
  },
};

interface Found {
  readonly problems: readonly string[];
  readonly quotas: ReturnType<typeof missingQuotas>;
  readonly requests: readonly string[];
}

function render(environment: string, { problems, quotas, requests }: Found): string {
  if (problems.length === 0 && quotas.length === 0) return `${environment}: nothing stands in the way of a deployment`;
  return [
    ...(problems.length > 0 ? [problems.join('\n')] : []),
    ...(quotas.length > 0
      ? [quotaTable(quotas), `Ask for them, then write what was given into the field quotas:\n${requests.join('\n')}`]
      : []),
    `${environment}: ${problems.length} limits nearly reached or broken, ${quotas.length} quotas too small`,
  ].join('\n\n');
}
