import { LOAD_BALANCER_NAME_MAX } from '../facts/aws-limits.ts';
import type { EnvironmentDraft, RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { globalNames, groupId, regionNames } from './names.ts';

/** Bytes of a DNS name, and of one of its labels. */
const DOMAIN_MAX = 253;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Characters that `edge-<code>.` or `<group>.core.` may put before the domain. */
const HOST_PREFIX_MAX = 43;
/** Characters of a group’s id, as the slot map allows; 999 groups are the most a region gets numbers for here. */
const GROUP_ID_MAX = 31;

/** The end of a domain that is digits alone is an address’s. */
const NUMBER = /^\d+$/;
/** Bytes of a certificate’s common name (RFC 5280), which is the first of its names. */
const COMMON_NAME_MAX = 64;
/** What stacks of no region are called by in a region’s place; and `global-join-<code>` is one of them. */
const GLOBAL_CODE = /^global(-|$)/;

/** Names must fit AWS and DNS, and no two regions may share a code. */
export function namingRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  return [
    ...domainProblems(draft.domain),
    ...commonNameProblems(draft),
    ...endProblems('name', draft.name),
    ...draft.regions.flatMap((region) => codeProblems(draft, region)),
  ];
}

function domainProblems(domain: string | undefined): EnvironmentProblem[] {
  if (domain === undefined || isDomain(domain)) return [];
  return [{ field: 'domain', value: domain, limit: domainLimit(), remedy: 'use a domain you own, such as chat.example.com' }];
}

/** Whether names of regions and cores fit before it. */
export function isDomain(text: string): boolean {
  const labels = text.split('.');
  const isName = labels.length >= 2 && labels.every((label) => LABEL.test(label)) && !NUMBER.test(labels.at(-1)!);
  return isName && text.length <= DOMAIN_MAX - HOST_PREFIX_MAX;
}

export function domainLimit(): string {
  return `a DNS name of two labels or more in lower case, ${DOMAIN_MAX - HOST_PREFIX_MAX} characters at most`;
}

/** ACM makes a certificate for the endpoint’s first name, where a region does not bring its own. */
function commonNameProblems({ clientTls, domain, regions }: EnvironmentDraft): EnvironmentProblem[] {
  if (clientTls !== 'acm' || domain === undefined || regions.every(({ certificateArn }) => certificateArn !== undefined)) return [];
  const host = globalNames('', domain).endpointHost;
  const most = COMMON_NAME_MAX - (host.length - domain.length);
  if (domain.length <= most) return [];
  const limit = `${most} characters at most with clientTls acm: ${host} is the certificate’s common name, which takes ${COMMON_NAME_MAX}`;
  return [{ field: 'domain', value: domain, limit, remedy: 'shorten it, or bring each region’s certificateArn' }];
}

function codeProblems(draft: EnvironmentDraft, region: RegionDraft): EnvironmentProblem[] {
  const { code, index } = region;
  if (code === undefined) return [];
  const field = `regions[${index}].code`;
  const problems = endProblems(field, code);
  const first = draft.regions.find((other) => other.code === code);
  if (first !== undefined && first.index < index) {
    problems.push({ field, value: code, limit: 'the only region of its code', remedy: `regions[${first.index}] has it too, rename one` });
  }
  if (GLOBAL_CODE.test(code)) {
    problems.push({ field, value: code, limit: 'another word than global', remedy: 'the stacks of no region are called so, rename it' });
  }
  if (groupId(code, 999).length > GROUP_ID_MAX) {
    const most = GROUP_ID_MAX - groupId('', 999).length;
    problems.push({ field, value: code, limit: `${most} characters at most`, remedy: 'shorten it, group ids are made of it' });
  }
  return draft.name === undefined ? problems : [...problems, ...lengthProblems(draft.name, code, field)];
}

/** The load balancer's name binds first: every other name made of the prefix has more room. */
function lengthProblems(environment: string, code: string, field: string): EnvironmentProblem[] {
  const name = regionNames(environment, code).loadBalancer;
  const surplus = name.length - LOAD_BALANCER_NAME_MAX;
  if (surplus <= 0) return [];
  const limit = `short enough for the load balancer name ${name}, ${LOAD_BALANCER_NAME_MAX} characters at most`;
  return [{ field, value: code, limit, remedy: `shorten the code or the environment’s name by ${surplus}` }];
}

/** AWS refuses names that end in a dash, and some that hold two in a row. */
function endProblems(field: string, name: string | undefined): EnvironmentProblem[] {
  if (name === undefined || !(name.endsWith('-') || name.includes('--'))) return [];
  return [{ field, value: name, limit: 'without a dash at its end or two in a row', remedy: 'AWS refuses such names, drop the dash' }];
}
