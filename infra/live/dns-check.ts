import { Resolver } from 'node:dns/promises';
import { IrisError } from '../../runtime/contract/errors.ts';
import { CLIENT_NETWORKS, type ClientNetwork } from '../facts/client-networks.ts';
import { endpointHostOf } from '../plan/names.ts';
import type { Plan, RegionPlan } from '../plan/plan.ts';
import { answerOf, loadSdk } from './aws-answers.ts';

/** What Route 53 answers a client of one network. */
export interface DnsAnswer {
  readonly continent: string;
  readonly country: string;
  /** `193.0.6.0/24` */
  readonly network: string;
  /** Codes of the regions that serve it by the environment: several where they share the place. */
  readonly wanted: readonly string[];
  /** Codes of the regions whose addresses it is given; empty for none of them. */
  readonly given: readonly string[];
  readonly addresses: readonly string[];
  readonly isRight: boolean;
}

export interface DnsCheckOptions {
  /** Addresses of a name by the public name service; none where it has none. @default the machine’s resolver */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

const NETWORK_BITS = '24';

/**
 * Asks Route 53 itself (TestDNSAnswer) what it tells clients of each continent, and whose addresses those are. It answers by its own
 * database of places and by the health of the moment, without a query of the public name service.
 * @throws IrisError ENVIRONMENT_INVALID where Route 53 does not route; AWS_REFUSED, PACKAGE_FAILED
 */
export async function checkDns(
  plan: Plan,
  hostedZoneId: string,
  { addressesOf = publicAddresses }: DnsCheckOptions = {},
): Promise<DnsAnswer[]> {
  if (!plan.geoRouting.includes('route53'))
    throw new IrisError(
      'ENVIRONMENT_INVALID',
      `${plan.environment} is routed by ${plan.geoRouting.join(' and ')}, not by route53: nothing to ask`,
    );
  const sdk = await loadSdk('@aws-sdk/client-route-53', '3.1169.0', () => import('@aws-sdk/client-route-53'));
  const client = new sdk.Route53Client({ region: 'us-east-1' });
  const ask = async (name: string, network: ClientNetwork): Promise<readonly string[]> => {
    const input = {
      HostedZoneId: hostedZoneId,
      RecordName: name,
      RecordType: 'A',
      EDNS0ClientSubnetIP: network.address,
      EDNS0ClientSubnetMask: NETWORK_BITS,
    } as const;
    const answer = await answerOf('route53:TestDNSAnswer', client.send(new sdk.TestDNSAnswerCommand(input)));
    return answer?.ResponseCode === 'NOERROR' ? (answer.RecordData ?? []) : [];
  };
  const answers: DnsAnswer[] = [];
  const host = endpointHostOf(plan, 'route53');
  // One after the other: Route 53 takes five requests a second of an account.
  for (const network of CLIENT_NETWORKS) {
    const addresses = await ask(host, network);
    const given: string[] = [];
    for (const region of plan.regions) {
      const { edgeHost } = region.addresses;
      // Names in zones of other accounts are asked for as clients do: these credentials are not for those.
      const own = region.accountZone === null ? await ask(edgeHost, network) : await addressesOf(edgeHost);
      if (own.some((address) => addresses.includes(address))) given.push(region.code);
    }
    answers.push(answerFor(network, { wanted: regionsFor(plan, network), given, addresses }));
  }
  return answers;
}

/** Who serves a network by the environment: its country, else its continent, else the default. */
export function regionsFor({ regions }: Plan, { country, continent }: Pick<ClientNetwork, 'country' | 'continent'>): string[] {
  const codes = (serves: (region: RegionPlan) => boolean) => regions.filter(serves).map(({ code }) => code);
  const ofCountry = codes((region) => region.serves.countries.includes(country));
  if (ofCountry.length > 0) return ofCountry;
  const ofContinent = codes((region) => region.serves.continents.includes(continent));
  return ofContinent.length > 0 ? ofContinent : codes((region) => region.serves.default);
}

function answerFor(
  { continent, country, address }: ClientNetwork,
  found: { wanted: readonly string[]; given: readonly string[]; addresses: readonly string[] },
): DnsAnswer {
  const isRight = found.given.length > 0 && found.given.every((code) => found.wanted.includes(code));
  return { continent, country, network: `${address}/${NETWORK_BITS}`, ...found, isRight };
}

/** Not there, or not to be seen from here: no address of it is among those that clients get. */
async function publicAddresses(host: string): Promise<readonly string[]> {
  return await new Resolver({ timeout: 3_000, tries: 2 }).resolve4(host).catch(() => []);
}
