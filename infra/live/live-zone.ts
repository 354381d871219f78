import { Resolver } from 'node:dns/promises';
import type { Plan } from '../plan/plan.ts';
import { answerOf, loadSdk } from './aws-answers.ts';

/** A zone of an environment, as Route 53 and the public name service know it. */
export interface LiveZone {
  /** Null where there is none yet. */
  readonly hostedZoneId: string | null;
  readonly problems: readonly string[];
}

export interface LiveZoneOptions {
  /** Account whose zone is asked for. @default the global one */
  readonly account?: string;
  /** Name servers of a domain by the public name service. @default the machine’s resolver */
  readonly nameServersOf?: (domain: string) => Promise<string[]>;
}

/**
 * Whether the zone is there, delegated to, and has room for the records.
 * @throws IrisError AWS_REFUSED, PACKAGE_FAILED
 */
export async function liveZone(plan: Plan, { account, nameServersOf = publicNameServers }: LiveZoneOptions = {}): Promise<LiveZone> {
  const { domain, hostedZoneId, field, records: need } = wantedZone(plan, account ?? plan.globalAccount);
  const sdk = await loadSdk('@aws-sdk/client-route-53', '3.1169.0', () => import('@aws-sdk/client-route-53'));
  // Route 53 has one interface for all AWS regions.
  const client = new sdk.Route53Client({ region: 'us-east-1' });
  const id = hostedZoneId ?? (await findZone());
  if (id === null)
    return {
      hostedZoneId: null,
      problems: [`${domain} has no zone yet: the global stack makes one; delegate ${domain} to it then`],
    };
  const zone = await answerOf('route53:GetHostedZone', client.send(new sdk.GetHostedZoneCommand({ Id: id })));
  if (zone?.HostedZone === undefined)
    return { hostedZoneId: null, problems: [`hosted zone ${id} is not in this account; correct ${field}`] };
  const limit = await answerOf(
    'route53:GetHostedZoneLimit',
    client.send(new sdk.GetHostedZoneLimitCommand({ HostedZoneId: id, Type: 'MAX_RRSETS_BY_ZONE' })),
  );
  const used = zone.HostedZone.ResourceRecordSetCount ?? 0;
  const max = limit?.Limit?.Value ?? RECORDS_MAX;
  return {
    hostedZoneId: id,
    problems: [
      ...(zone.HostedZone.Name === `${domain}.` || domain.endsWith(`.${zone.HostedZone.Name?.replace(/\.$/, '')}`)
        ? []
        : [`hosted zone ${id} is ${zone.HostedZone.Name}, which does not hold ${domain}; correct ${field}`]),
      ...(used + need > max ? [`hosted zone ${id} holds ${used} record sets of ${max}, and ${need} more are to come; ask for more`] : []),
      ...(await delegationProblems(domain, zone.DelegationSet?.NameServers ?? [], nameServersOf)),
    ],
  };

  async function findZone(): Promise<string | null> {
    const found = await answerOf(
      'route53:ListHostedZonesByName',
      client.send(new sdk.ListHostedZonesByNameCommand({ DNSName: domain, MaxItems: 1 })),
    );
    const [first] = found?.HostedZones ?? [];
    return first?.Name === `${domain}.` ? (first.Id?.replace('/hostedzone/', '') ?? null) : null;
  }
}

/** Route 53’s own, where it does not say. */
const RECORDS_MAX = 10_000;

interface WantedZone {
  readonly domain: string;
  readonly hostedZoneId: string | null;
  /** Of the environment, that says so. */
  readonly field: string;
  /** How many are to be in it. */
  readonly records: number;
}

/** The environment’s own zone holds answers for places, and every zone the names of regions and cores of its account. */
function wantedZone({ domain, hostedZoneId, globalAccount, regions, config }: Plan, account: string): WantedZone {
  const names = regions.filter((region) => region.account === account).reduce((sum, { cores }) => sum + 1 + cores, 0);
  const zone = config.accounts[account];
  if (account !== globalAccount && zone !== undefined) return { ...zone, field: `accounts.${account}.hostedZoneId`, records: names };
  const places = regions.reduce((sum, { serves }) => sum + serves.continents.length + serves.countries.length, 1);
  return { domain, hostedZoneId, field: 'hostedZoneId', records: places + names };
}

async function delegationProblems(
  domain: string,
  wanted: readonly string[],
  nameServersOf: (domain: string) => Promise<string[]>,
): Promise<string[]> {
  if (wanted.length === 0) return [];
  let found: string[];
  try {
    found = await nameServersOf(domain);
  } catch {
    // Not delegated, or not to be seen from here: both keep clients out.
    found = [];
  }
  const isOurs = found.some((server) => wanted.includes(server.replace(/\.$/, '')));
  const seen = found.length === 0 ? 'nobody' : found.join(', ');
  return isOurs ? [] : [`${domain} is delegated to ${seen}, by what this machine sees; its zone’s name servers are ${wanted.join(', ')}`];
}

async function publicNameServers(domain: string): Promise<string[]> {
  return await new Resolver({ timeout: 3_000, tries: 2 }).resolveNs(domain);
}
