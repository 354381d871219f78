import type { Resource } from '../../infra/apps/synthesize-fixture.ts';

export interface GeoZoneOptions {
  readonly domain: string;
  /** The endpoint’s name. */
  readonly host: string;
  /** Record sets as they were synthesized. */
  readonly records: readonly Resource[];
  /** Each region’s own name, and the address that stands for its load balancer. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Names of regions whose load balancer has no healthy target: an alias that evaluates health leaves them out. */
  readonly unhealthy?: ReadonlySet<string>;
}

interface RecordSet {
  readonly Name: string;
  readonly Weight?: number;
  readonly GeoLocation?: { readonly ContinentCode?: string; readonly CountryCode?: string };
  readonly AliasTarget: { readonly DNSName: string; readonly EvaluateTargetHealth: boolean };
}

/**
 * PowerDNS’s geoip zone (YAML, which JSON is) that answers as Route 53 does by these records: a client’s country, else its continent,
 * else the default, each by the weights behind it; what leads to no healthy target is not there.
 */
export function geoZone({ domain, host, records, addresses, unhealthy = new Set() }: GeoZoneOptions): string {
  const sets = records.map(({ Properties }) => Properties as unknown as RecordSet);
  const answers = (name: string): { content: string; weight: number }[] => {
    const address = addresses.get(name);
    if (address !== undefined) return unhealthy.has(name) ? [] : [{ content: address, weight: 100 }];
    return sets
      .filter((set) => set.Name === name)
      .flatMap(({ AliasTarget, Weight = 1 }) => answers(AliasTarget.DNSName).map(({ content }) => ({ content, weight: Weight })));
  };
  const named = sets
    .filter(({ Name }) => Name === host)
    .map(({ GeoLocation, AliasTarget }): [string, { a: { content: string; weight: number } }[]] => [
      `${placeOf(GeoLocation)}.${host}`,
      answers(AliasTarget.DNSName).map((a) => ({ a })),
    ])
    .filter(([, list]) => list.length > 0);
  const soa = { soa: `ns1.${domain} hostmaster.${domain} 1 7200 3600 86400 60` };
  const zone = {
    domain,
    ttl: 60,
    records: { [domain]: [soa, { ns: `ns1.${domain}` }], ...Object.fromEntries(named) },
    services: { [host]: [`%cc.country.${host}`, `%cn.continent.${host}`, `default.${host}`] },
  };
  return JSON.stringify({ domains: [zone] });
}

function placeOf({ ContinentCode, CountryCode }: RecordSet['GeoLocation'] = {}): string {
  if (ContinentCode !== undefined) return `${ContinentCode.toLowerCase()}.continent`;
  return CountryCode === '*' || CountryCode === undefined ? 'default' : `${CountryCode.toLowerCase()}.country`;
}
