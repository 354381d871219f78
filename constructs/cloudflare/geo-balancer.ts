import { LoadBalancer } from '@cdktf/provider-cloudflare/lib/load-balancer/index.js';
import { LoadBalancerMonitor } from '@cdktf/provider-cloudflare/lib/load-balancer-monitor/index.js';
import { LoadBalancerPool } from '@cdktf/provider-cloudflare/lib/load-balancer-pool/index.js';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';
import { steeringRegionsOf } from './steering-regions.ts';

/** Cloudflare takes no shorter time to live for a balancer that it does not proxy, in seconds. */
const TTL_SECONDS = 30;

export interface BalancedRegion {
  readonly code: string;
  /** Host name of the region’s own edges. */
  readonly edgeHost: string;
  /** AF, AN, AS, EU, NA, OC, SA. */
  readonly continents: readonly string[];
  /** ISO 3166 codes; a country wins over its continent. */
  readonly countries: readonly string[];
  /** True for the one region that serves everyone else. */
  readonly isDefault: boolean;
  /**
   * Where several regions serve a place, the heaviest has its clients and the others stand in, heaviest first: Cloudflare fails over among the
   * pools of a place, it does not share them out.
   * @default - none: no other region may serve its places
   */
  readonly weight?: number;
}

export interface GeoBalancerProps {
  readonly accountId: string;
  readonly zoneId: string;
  /** Begins the pools’ names. */
  readonly name: string;
  /** Host name for clients everywhere. */
  readonly host: string;
  /** The clients’ port, which the monitor connects to. */
  readonly clientPort: number;
  readonly regions: readonly BalancedRegion[];
}

/**
 * Geo-steered balancer: one pool per region, a country’s pool before its continent’s, the default region last. DNS only, since
 * Cloudflare proxies HTTP; raw TCP on its own port would need Spectrum. Every optional field that has a value without HTTP is set and lists
 * are sorted: the frozen provider shows a difference for ever otherwise.
 */
export class GeoBalancer extends Construct {
  constructor(scope: Construct, id: string, props: GeoBalancerProps) {
    super(scope, id);
    const fallback = props.regions.find((region) => region.isDefault);
    if (fallback === undefined) throw new IrisError('SYNTH_FAILED', `${props.host} has no default region; give one region serves.default`);
    const monitor = this.addMonitor(props);
    const pools = new Map(props.regions.map((region) => [region.code, this.addPool(region, props, monitor.id).id]));
    const poolOf = (region: BalancedRegion): string => pools.get(region.code)!;
    new LoadBalancer(this, 'Balancer', {
      zoneId: props.zoneId,
      name: props.host,
      description: `${props.name}: nearest region`,
      enabled: true,
      proxied: false,
      ttl: TTL_SECONDS,
      steeringPolicy: 'geo',
      // Clients are met by DNS only: their own network where the resolver tells it, else the resolver’s.
      locationStrategy: { mode: 'resolver_ip', preferEcs: 'geo' },
      adaptiveRouting: { failoverAcrossPools: false },
      randomSteering: { defaultWeight: 1, poolWeights: {} },
      sessionAffinity: 'none',
      defaultPools: [poolOf(fallback)],
      fallbackPool: poolOf(fallback),
      regionPools: steering(props.regions, ({ continents }) => continents.flatMap(steeringRegionsOf), poolOf),
      popPools: {},
      rules: [],
      countryPools: steering(props.regions, ({ countries }) => countries, poolOf),
    });
  }

  private addMonitor({ accountId, name, clientPort }: GeoBalancerProps): LoadBalancerMonitor {
    return new LoadBalancerMonitor(this, 'Monitor', {
      accountId,
      description: `${name}: an edge accepts connections`,
      type: 'tcp',
      method: 'connection_established',
      port: clientPort,
      interval: 60,
      retries: 2,
      timeout: 5,
      consecutiveDown: 2,
      consecutiveUp: 2,
    });
  }

  private addPool(region: BalancedRegion, { accountId, name, clientPort }: GeoBalancerProps, monitor: string): LoadBalancerPool {
    return new LoadBalancerPool(this, `Pool-${region.code}`, {
      accountId,
      name: `${name}-${region.code}`,
      description: `edges of ${region.code}`,
      enabled: true,
      minimumOrigins: 1,
      monitor,
      originSteering: { policy: 'random' },
      loadShedding: { defaultPercent: 0, defaultPolicy: 'random', sessionPercent: 0, sessionPolicy: 'hash' },
      origins: [{ name: `edge-${region.code}`, address: region.edgeHost, port: clientPort, enabled: true, weight: 1 }],
    });
  }
}

/** Pools by place, places sorted. @throws IrisError SYNTH_FAILED for a place of several regions without weights. */
function steering(
  regions: readonly BalancedRegion[],
  placesOf: (region: BalancedRegion) => readonly string[],
  poolOf: (region: BalancedRegion) => string,
): Record<string, string[]> {
  const served = new Map<string, BalancedRegion[]>();
  for (const region of regions) for (const place of placesOf(region)) served.set(place, [...(served.get(place) ?? []), region]);
  const entries = [...served].map(([place, those]): [string, string[]] => [place, byWeight(place, those).map(poolOf)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function byWeight(place: string, regions: readonly BalancedRegion[]): readonly BalancedRegion[] {
  if (regions.length === 1) return regions;
  if (regions.some(({ weight }) => weight === undefined)) {
    const codes = regions.map(({ code }) => code).join(' and ');
    throw new IrisError('SYNTH_FAILED', `${place} is served by ${codes}; name one region, or give each a weight`);
  }
  return regions
    .filter(({ weight = 0 }) => weight > 0)
    .toSorted((a, b) => (b.weight as number) - (a.weight as number) || (a.code < b.code ? -1 : 1));
}
