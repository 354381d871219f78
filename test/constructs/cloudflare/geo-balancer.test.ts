import assert from 'node:assert/strict';
import { TerraformStack, Testing } from 'cdktf';
import { type BalancedRegion, GeoBalancer } from '../../../constructs/cloudflare/geo-balancer.ts';

/** The 13 codes that Cloudflare knows. */
const LEGAL = ['WNAM', 'ENAM', 'WEU', 'EEU', 'NSAM', 'SSAM', 'OC', 'ME', 'NAF', 'SAF', 'SAS', 'SEAS', 'NEAS'];
const tokyo: BalancedRegion = {
  code: 'tokyo',
  edgeHost: 'edge-tokyo.example.com',
  continents: ['OC', 'AS'],
  countries: [],
  isDefault: true,
};
const zurich: BalancedRegion = {
  code: 'zurich',
  edgeHost: 'edge-zurich.example.com',
  continents: ['EU', 'AF'],
  countries: ['TR', 'AM'],
  isDefault: false,
};

function balance(regions: readonly BalancedRegion[]) {
  const stack = new TerraformStack(Testing.app(), 'test');
  const ids = { accountId: 'account', zoneId: 'zone' };
  new GeoBalancer(stack, 'Routing', { ...ids, name: 'iris-proof', host: 'edge.example.com', clientPort: 8443, regions });
  return JSON.parse(Testing.synth(stack)).resource;
}

describe('Cloudflare geo balancer', () => {
  it('steers legal regions to pools, sorted, DNS only, with the default region last (G2, C22)', () => {
    const { cloudflare_load_balancer: balancers, cloudflare_load_balancer_pool: pools } = balance([tokyo, zurich]);
    const [balancer] = Object.values(balancers) as Record<string, never>[];
    const places = Object.keys(balancer!['region_pools']!);
    assert.deepEqual(places, [...places].sort());
    assert.deepEqual(places, ['EEU', 'ME', 'NAF', 'NEAS', 'OC', 'SAF', 'SAS', 'SEAS', 'WEU']);
    assert.ok(places.every((place) => LEGAL.includes(place)));
    assert.deepEqual(Object.keys(balancer!['country_pools']!), ['AM', 'TR']);
    assert.equal(balancer!['proxied'], false);
    assert.equal(balancer!['steering_policy'], 'geo');
    assert.match(balancer!['fallback_pool']!, /tokyo/);
    assert.deepEqual(
      (Object.values(pools) as { origins: { address: string }[] }[]).map(({ origins }) => origins.map(({ address }) => address)),
      [['edge-tokyo.example.com'], ['edge-zurich.example.com']],
    );
  });

  it('watches the clients’ port over TCP', () => {
    const [monitor] = Object.values(balance([tokyo]).cloudflare_load_balancer_monitor) as Record<string, unknown>[];
    assert.deepEqual([monitor!['type'], monitor!['port']], ['tcp', 8443]);
  });

  it('fails without a default region', () => {
    assert.throws(() => balance([zurich]), { code: 'SYNTH_FAILED', message: /no default region/ });
  });
});
