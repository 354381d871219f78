import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';

/** Geolocation records of one name and type that Route 53 takes; weighted ones likewise. */
export const GEOLOCATION_RECORDS_MAX = 100;
export const WEIGHTED_RECORDS_MAX = 100;

/** A load balancer as Route 53 aliases it. */
export interface AliasedBalancer {
  readonly dnsName: string;
  /** Of Elastic Load Balancing’s own zone of the balancer’s AWS region. */
  readonly canonicalZoneId: string;
}

export interface RoutedRegion {
  readonly code: string;
  /** Host name of the region’s own edges. */
  readonly edgeHost: string;
  /** Its load balancer, of whichever account, where that name is in another zone: an alias cannot point there. @default - the name is in this zone */
  readonly balancer?: AliasedBalancer;
  /** Route 53 continent codes. */
  readonly continents: readonly string[];
  /** ISO 3166 codes; a country wins over its continent. */
  readonly countries: readonly string[];
  /** True for the one region that serves everyone else. */
  readonly isDefault: boolean;
  /**
   * 0 to 255: this region’s share of the clients of a place that other regions serve too, of the sum of their weights.
   * @default - none: no other region may serve its places
   */
  readonly weight?: number;
}

export interface GeoRoutingProps {
  readonly hostedZoneId: string;
  /** Host name for clients everywhere. */
  readonly host: string;
  readonly regions: readonly RoutedRegion[];
}

/**
 * Sends a client to the region that serves its country, else its continent, else to the default. A place of several regions has a name of
 * its own, `<place>.<host>`, with a weighted record for each of them. An alias evaluates its target’s health, so a region without healthy
 * edges is left out and its clients go to the place’s others, then to the next wider place; the default record makes that end somewhere.
 */
export class GeoRouting extends Construct {
  private readonly zone: string;

  constructor(scope: Construct, id: string, props: GeoRoutingProps) {
    super(scope, id);
    this.zone = props.hostedZoneId;
    const places = placesOf(props);
    for (const place of places) {
      const [first] = place.regions as [RoutedRegion];
      const target = place.regions.length === 1 ? first : { edgeHost: this.shared(place, props.host) };
      new CfnRecordSet(this, `Record-${place.name}`, {
        ...this.alias(props.host, target),
        setIdentifier: place.name,
        geoLocation: place.geoLocation,
      });
    }
  }

  private shared(place: Place, host: string): string {
    const name = `${place.name.toLowerCase()}.${host}`;
    for (const region of place.regions)
      new CfnRecordSet(this, `Weighted-${place.name}-${region.code}`, {
        ...this.alias(name, region),
        setIdentifier: region.code,
        weight: region.weight ?? 0,
      });
    return name;
  }

  private alias(name: string, { edgeHost, balancer }: Pick<RoutedRegion, 'edgeHost' | 'balancer'>) {
    const { dnsName, canonicalZoneId } = balancer ?? { dnsName: edgeHost, canonicalZoneId: this.zone };
    const aliasTarget = { dnsName, hostedZoneId: canonicalZoneId, evaluateTargetHealth: true };
    return { hostedZoneId: this.zone, name, type: 'A', aliasTarget };
  }
}

interface Place {
  /** `country-JP`, `continent-AS`, `default` */
  readonly name: string;
  readonly geoLocation: CfnRecordSet.GeoLocationProperty;
  readonly regions: readonly RoutedRegion[];
}

/** @throws IrisError SYNTH_FAILED for a place served twice without weights, no default, or more records than Route 53 takes. */
function placesOf({ host, regions }: GeoRoutingProps): Place[] {
  const places = new Map<string, { geoLocation: CfnRecordSet.GeoLocationProperty; regions: RoutedRegion[] }>();
  for (const region of regions) {
    for (const [name, geoLocation] of locationsOf(region)) {
      const place = places.get(name) ?? { geoLocation, regions: [] };
      place.regions.push(region);
      places.set(name, place);
    }
  }
  const all = [...places].map(([name, place]) => ({ name, ...place }));
  for (const place of all) expectPlace(host, place);
  if (!places.has('default')) throw new IrisError('SYNTH_FAILED', `${host} has no default region; give one region serves.default`);
  if (all.length > GEOLOCATION_RECORDS_MAX)
    throw new IrisError('SYNTH_FAILED', `${host} has ${all.length} geolocation records, Route 53 takes ${GEOLOCATION_RECORDS_MAX}`);
  return all;
}

function locationsOf(region: RoutedRegion): [string, CfnRecordSet.GeoLocationProperty][] {
  return [
    ...region.countries.map((countryCode): [string, CfnRecordSet.GeoLocationProperty] => [`country-${countryCode}`, { countryCode }]),
    ...region.continents.map((continentCode): [string, CfnRecordSet.GeoLocationProperty] => [
      `continent-${continentCode}`,
      { continentCode },
    ]),
    ...(region.isDefault ? [['default', { countryCode: '*' }] satisfies [string, CfnRecordSet.GeoLocationProperty]] : []),
  ];
}

function expectPlace(host: string, { name, regions }: Place): void {
  if (regions.length > WEIGHTED_RECORDS_MAX)
    throw new IrisError('SYNTH_FAILED', `${host}: ${name} is served by ${regions.length} regions, Route 53 weighs ${WEIGHTED_RECORDS_MAX}`);
  if (regions.length === 1 || regions.every(({ weight }) => weight !== undefined)) return;
  const codes = regions.map(({ code }) => code).join(' and ');
  throw new IrisError('SYNTH_FAILED', `${host}: ${name} is served by both ${codes}; name one region, or give each a weight`);
}
