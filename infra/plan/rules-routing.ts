import { ENDPOINT_GROUPS_MAX } from '../facts/aws-limits.ts';
import { type Cidr, overlaps, parseCidr } from './cidr.ts';
import type { EnvironmentDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { isElsewhere } from './rules-accounts.ts';
import { PRIVATE_RANGES } from './rules-network.ts';

/** What nobody can announce to the internet: this host, this link, private ranges, multicast and what is reserved. */
const UNANNOUNCED = [...PRIVATE_RANGES, '0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(
  (range) => parseCidr(range) as Cidr,
);

/** Who sends clients to their regions: each way once, and anycast within what an accelerator takes. */
export function routingRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.runsIn === 'local' || draft.regions.length === 0) return [];
  const isAnycast = draft.geoRouting?.includes('anycast') === true;
  return [...repeatedProblems(draft), ...(isAnycast ? [...anycastProblems(draft), ...addressProblems(draft)] : unusedProblems(draft))];
}

function repeatedProblems({ geoRouting }: EnvironmentDraft): EnvironmentProblem[] {
  if (geoRouting === undefined || new Set(geoRouting).size === geoRouting.length) return [];
  return [{ field: 'geoRouting', value: geoRouting, limit: 'a list without repetition', remedy: 'list each once' }];
}

function unusedProblems({ anycastAddresses }: EnvironmentDraft): EnvironmentProblem[] {
  if (anycastAddresses === undefined || anycastAddresses.length === 0) return [];
  const remedy = 'add anycast to geoRouting, or leave the addresses out';
  return [{ field: 'anycastAddresses', value: anycastAddresses, limit: 'empty where anycast does not route', remedy }];
}

function addressProblems({ anycastAddresses = [] }: EnvironmentDraft): EnvironmentProblem[] {
  return anycastAddresses.flatMap((value, index) => {
    const field = `anycastAddresses[${index}]`;
    if (anycastAddresses.indexOf(value) < index)
      return [{ field, value, limit: 'another address than the first', remedy: 'list each once' }];
    const address = parseCidr(`${value}/32`);
    if (address === undefined || !UNANNOUNCED.some((range) => overlaps(range, address))) return [];
    return [{ field, value, limit: 'an address of the internet', remedy: 'take it from the block that you brought to AWS' }];
  });
}

/** An accelerator takes load balancers of its own account, and so many AWS regions. */
function anycastProblems(draft: EnvironmentDraft): EnvironmentProblem[] {
  const { regions } = draft;
  const problems: EnvironmentProblem[] = [];
  const groups = [...Map.groupBy(regions, ({ awsRegion }) => awsRegion).values()];
  if (groups.length > ENDPOINT_GROUPS_MAX)
    problems.push({
      field: 'geoRouting',
      value: groups.length,
      limit: `anycast over ${ENDPOINT_GROUPS_MAX} AWS regions at most`,
      remedy: 'route by route53 or cloudflare',
    });
  for (const { index, account, awsRegion } of regions.filter((region) => isElsewhere(draft, region)))
    problems.push({
      field: `regions[${index}].account`,
      value: account,
      limit: `current where anycast routes: an accelerator takes load balancers of its own account only, not that of ${awsRegion ?? 'it'}`,
      remedy: 'route by route53 or cloudflare',
    });
  return problems;
}
