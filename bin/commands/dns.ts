import { parseArgs } from 'node:util';
import { loadEnvironment } from '../../environments/load-environment.ts';
import { checkDns, type DnsAnswer } from '../../infra/live/dns-check.ts';
import { liveZone } from '../../infra/live/live-zone.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { type Command, UsageError } from '../command.ts';
import { textTable } from '../text-table.ts';

export const command: Command = {
  name: 'dns',
  summary: 'Ask Route 53 which region it gives clients of each continent, and whether that is the environment’s.',
  usage: 'iris dns check <environment> [--json]',
  options: [
    ['--json', 'one document {"environment","isRight","answers":[…]}'],
    ['AWS_PROFILE, AWS_ENDPOINT_URL', 'credentials and endpoint, as the AWS SDK takes them; needs route53:TestDNSAnswer'],
    ['exit code', '0 when every answer is right, 1 when one is not'],
  ],
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    const [verb, name, surplus] = positionals;
    if (verb !== 'check' || name === undefined || surplus !== undefined) throw new UsageError('iris dns takes check and one environment');
    const plan = createPlan(await loadEnvironment(name, io.cwd));
    const { hostedZoneId } = plan.hostedZoneId === null ? await liveZone(plan) : plan;
    if (hostedZoneId === null)
      throw new IrisError(
        'ENVIRONMENT_INVALID',
        `${plan.domain} has no zone in this account; deploy the global stack first, or give hostedZoneId`,
      );
    const answers = await checkDns(plan, hostedZoneId);
    const isRight = answers.every((answer) => answer.isRight);
    io.result(values.json ? JSON.stringify({ environment: plan.environment, isRight, answers }) : table(answers));
    return isRight ? 0 : 1;
  },
};

function table(answers: readonly DnsAnswer[]): string {
  return textTable([
    ['continent', 'client in', 'network', 'is to get', 'gets', ''],
    ...answers.map(({ continent, country, network, wanted, given, isRight }) => [
      continent,
      country,
      network,
      wanted.join(' or '),
      given.join(' ') || 'no region',
      isRight ? 'right' : 'wrong',
    ]),
  ]);
}
