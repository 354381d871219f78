import type { EnvironmentDraft, RegionDraft } from './environment-draft.ts';
import type { EnvironmentProblem } from './environment-problem.ts';
import { domainLimit, isDomain } from './rules-naming.ts';

const ACCOUNT = /^\d{12}$/;
/** AWS RAM shares what is global, such as a core network, from this AWS region only. */
const SHARING_AWS_REGION = 'us-east-1';

/** Regions in accounts of their own need a zone there, and all accounts need the global one’s number. */
export function accountRules(draft: EnvironmentDraft): EnvironmentProblem[] {
  if (draft.runsIn === 'local') return [];
  return [...globalProblems(draft), ...zoneProblems(draft), ...draft.regions.flatMap((region) => regionProblems(draft, region))];
}

/** Whether a region is in another account than the global stacks. */
export function isElsewhere({ globalAccount }: EnvironmentDraft, { account }: RegionDraft): boolean {
  return account !== undefined && account !== 'current' && account !== globalAccount;
}

function globalProblems({ globalAccount, accounts, regionJoin, globalRegion }: EnvironmentDraft): EnvironmentProblem[] {
  if (globalAccount === undefined) return [];
  const problems: EnvironmentProblem[] = [];
  const hasOthers = Object.keys(accounts ?? {}).length > 0;
  if (hasOthers ? !ACCOUNT.test(globalAccount) : globalAccount !== 'current' && !ACCOUNT.test(globalAccount)) {
    const limit = hasOthers ? 'an account of 12 digits where there are others' : 'an account of 12 digits, or current';
    problems.push({ field: 'globalAccount', value: globalAccount, limit, remedy: 'write it in quotes with its leading zeros' });
  }
  if (hasOthers && regionJoin === 'cloud-wan' && globalRegion !== undefined && globalRegion !== SHARING_AWS_REGION) {
    const limit = `${SHARING_AWS_REGION} where cloud-wan joins several accounts: AWS shares a core network from there only`;
    problems.push({ field: 'globalRegion', value: globalRegion, limit, remedy: 'set it before the first deployment' });
  }
  return problems;
}

function zoneProblems({ globalAccount, accounts = {}, domain }: EnvironmentDraft): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = [];
  const owners = new Map(domain === undefined ? [] : [[domain, 'the environment']]);
  for (const [id, zone] of Object.entries(accounts)) {
    const field = `accounts.${id}.domain`;
    const owner = owners.get(zone.domain);
    if (id === globalAccount) {
      const remedy = 'leave it out: names of its regions are in the zone of `domain`';
      problems.push({ field: `accounts.${id}`, value: id, limit: 'another account than globalAccount', remedy });
    }
    if (!isDomain(zone.domain)) {
      problems.push({ field, value: zone.domain, limit: domainLimit(), remedy: 'use a domain below yours, such as one.chat.example.com' });
    } else if (owner !== undefined) {
      problems.push({ field, value: zone.domain, limit: `a domain of its own, ${owner} has this one`, remedy: 'delegate another one' });
    }
    owners.set(zone.domain, `account ${id}`);
  }
  return problems;
}

function regionProblems(draft: EnvironmentDraft, region: RegionDraft): EnvironmentProblem[] {
  const { index, account, certificateArn } = region;
  const field = `regions[${index}].account`;
  if (account === undefined) return [];
  if (account !== 'current' && !ACCOUNT.test(account)) {
    const remedy = 'write it in quotes with its leading zeros';
    return [{ field, value: account, limit: 'an account of 12 digits, or current', remedy }];
  }
  if (!isElsewhere(draft, region) || draft.accounts === undefined) return [];
  const problems: EnvironmentProblem[] = [];
  if (draft.accounts[account] === undefined) {
    const remedy = 'add it there with domain and hostedZoneId of a zone of that account';
    problems.push({ field, value: account, limit: 'one of `accounts`, globalAccount or current', remedy });
  }
  if (draft.clientTls === 'acm' && certificateArn === undefined)
    problems.push({
      field: `regions[${index}].certificateArn`,
      value: certificateArn,
      limit: `stated where clientTls is acm and the region is in account ${account}, which cannot prove names of ${draft.domain ?? 'the domain'}`,
      remedy: 'have ACM make one there for the endpoint’s names and the region’s own, and put its record into the zone once',
    });
  return problems;
}
