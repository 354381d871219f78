/**
 * A network in each continent that stays there: those of the registries and their hosts. Route 53 decides places by the client’s network.
 * Taken in November 2026 from the registries’ own delegation files.
 */
export const CLIENT_NETWORKS_TAKEN = {
  date: '2026-11',
  source: 'delegation files of AFRINIC, APNIC, ARIN, LACNIC, RIPE NCC and JPNIC',
} as const;

export interface ClientNetwork {
  readonly continent: string;
  readonly country: string;
  /** The first address of a /24. */
  readonly address: string;
  readonly holder: string;
}

export const CLIENT_NETWORKS: readonly ClientNetwork[] = [
  { continent: 'AF', country: 'MU', address: '196.216.2.0', holder: 'AFRINIC, Ebène' },
  { continent: 'AS', country: 'JP', address: '192.41.192.0', holder: 'JPNIC, Tokyo' },
  { continent: 'EU', country: 'NL', address: '193.0.6.0', holder: 'RIPE NCC, Amsterdam' },
  { continent: 'NA', country: 'US', address: '192.149.252.0', holder: 'ARIN, Virginia' },
  { continent: 'OC', country: 'AU', address: '203.119.101.0', holder: 'APNIC, Brisbane' },
  { continent: 'SA', country: 'UY', address: '200.3.14.0', holder: 'LACNIC, Montevideo' },
];
