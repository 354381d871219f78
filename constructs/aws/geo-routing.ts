import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';

/** Geolocation records of one name and type that Route 53 takes. */
export const GEOLOCATION_RECORDS_MAX = 100;

export interface RoutedRegion {
  readonly code: string;
  /** Host name of the region’s own edges, an alias in the same zone. */
  readonly edgeHost: string;
  /** Route 53 continent codes. */
  readonly continents: readonly string[];
  /** ISO 3166 codes; a country wins over its continent. */
  readonly countries: readonly string[];
  /** True for the one region that serves everyone else. */
  readonly isDefault: boolean;
}

export interface GeoRoutingProps {
  readonly hostedZoneId: string;
  /** Host name for clients everywhere. */
  readonly host: string;
  readonly regions: readonly RoutedRegion[];
}

/**
 * Sends a client to the region that serves its country, else its continent, else to the default. An alias evaluates its target’s health,
 * so a region without healthy edges is left out and its clients fall to the next wider place; the default record makes that end somewhere.
 */
export class GeoRouting extends Construct {
  constructor(scope: Construct, id: string, props: GeoRoutingProps) {
    super(scope, id);
    const places = props.regions.flatMap((region) => placesOf(region).map((place) => ({ region, ...place })));
    expectPlaces(props.host, places);
    for (const { region, place, geoLocation } of places) {
      new CfnRecordSet(this, `Record-${place}`, {
        hostedZoneId: props.hostedZoneId,
        name: props.host,
        type: 'A',
        setIdentifier: place,
        geoLocation,
        aliasTarget: { dnsName: region.edgeHost, hostedZoneId: props.hostedZoneId, evaluateTargetHealth: true },
      });
    }
  }
}

interface Place {
  readonly place: string;
  readonly geoLocation: CfnRecordSet.GeoLocationProperty;
}

function placesOf(region: RoutedRegion): Place[] {
  return [
    ...region.countries.map((countryCode) => ({ place: `country-${countryCode}`, geoLocation: { countryCode } })),
    ...region.continents.map((continentCode) => ({ place: `continent-${continentCode}`, geoLocation: { continentCode } })),
    ...(region.isDefault ? [{ place: 'default', geoLocation: { countryCode: '*' } }] : []),
  ];
}

/** @throws IrisError SYNTH_FAILED for a place served twice, no default, or more records than Route 53 takes. */
function expectPlaces(host: string, places: readonly { readonly place: string; readonly region: RoutedRegion }[]): void {
  const owners = new Map<string, string>();
  for (const { place, region } of places) {
    const owner = owners.get(place);
    if (owner !== undefined)
      throw new IrisError('SYNTH_FAILED', `${host}: ${place} is served by both ${owner} and ${region.code}; name one region`);
    owners.set(place, region.code);
  }
  if (!owners.has('default')) throw new IrisError('SYNTH_FAILED', `${host} has no default region; give one region serves.default`);
  if (places.length > GEOLOCATION_RECORDS_MAX) {
    throw new IrisError('SYNTH_FAILED', `${host} has ${places.length} geolocation records, Route 53 takes ${GEOLOCATION_RECORDS_MAX}`);
  }
}
