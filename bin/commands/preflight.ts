import { callerAccount } from '../../infra/live/caller-account.ts';
import { missingMachines } from '../../infra/live/live-machines.ts';
import { withLiveQuotas } from '../../infra/live/live-quotas.ts';
import { liveZone } from '../../infra/live/live-zone.ts';
import type { Plan } from '../../infra/plan/plan.ts';
import { slotMapOf } from '../../infra/plan/slot-map.ts';
import { fullLimits, type LimitsReport, limitsReport, missingQuotas } from '../../infra/reports/limits/limits-report.ts';
import { checkSlotMap } from '../../runtime/contract/slot-map.ts';
import type { Command } from '../command.ts';
import { quotaRequest, quotaTable } from '../limits-text.ts';
import { plannedEnvironment } from '../planned-environment.ts';
import { synthesizedTemplates } from '../synthesized-templates.ts';

export const command: Command = {
  name: 'preflight',
  summary: 'Say what stands in the way of a deployment: quotas, limits, slot map; asks AWS with --live only.',
  usage: 'iris preflight <environment> [--live] [--json]',
  options: [
    [
      '--live',
      'ask Service Quotas, EC2 and Route 53 of the account that the credentials are for; AWS_PROFILE and AWS_ENDPOINT_URL as the AWS SDK takes them',
    ],
    ['--json', 'one document {"environment","ready","problems":[…],"quotas":[…],"requests":[…]}'],
    ['quotas', 'with --live the account’s own, else of the environment’s field `quotas`, else what a new account has'],
    ['exit code', '0 when nothing stands in the way, 1 when something does'],
  ],
  async run(args, io) {
    const isLive = args.includes('--live');
    const { plan, isJson } = await plannedEnvironment(
      'preflight',
      args.filter((arg) => arg !== '--live'),
      io,
    );
    // Regions, families, zones, names and networks are refused by the plan itself, all problems at once.
    const report = limitsReport(plan, await synthesizedTemplates(io, plan));
    const live = isLive ? await askAws(plan, report) : { quotas: report.quotas, problems: [] };
    const ownProblems = [...fullLimits(report), ...checkSlotMap(slotMapOf(plan)).map((problem) => `slot map: ${problem}`)];
    const problems = [...ownProblems, ...live.problems];
    const quotas = missingQuotas({ ...report, quotas: live.quotas });
    const requests = quotas.map(quotaRequest);
    const ready = problems.length === 0 && quotas.length === 0;
    if (isJson) io.result(JSON.stringify({ environment: plan.environment, ready, problems, quotas, requests }));
    else io.result(render(plan.environment, { problems, quotas, requests }));
    return ready ? 0 : 1;
  },
};

/** Regions of other accounts are not asked: these credentials are for one. */
async function askAws(plan: Plan, { quotas }: LimitsReport) {
  const asked = await callerAccount(plan);
  const accounts = plan.accounts.length > 0 ? plan.accounts : [plan.globalAccount];
  if (!accounts.includes(asked)) {
    const problem = `these credentials are for account ${asked}, which ${plan.environment} does not have; use those of ${accounts.join(' or ')}`;
    return { quotas, problems: [problem] };
  }
  const elsewhere = plan.regions.filter(({ account }) => account !== asked).map(({ code, account }) => `${code} of account ${account}`);
  const unasked = elsewhere.length > 0 ? [`${elsewhere.join(', ')}: not asked; ask with the credentials of each`] : [];
  const machines = await missingMachines(plan, asked);
  const zone = await liveZone(plan, { account: asked });
  return { quotas: await withLiveQuotas(quotas, asked), problems: [...machines, ...zone.problems, ...unasked] };
}

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
