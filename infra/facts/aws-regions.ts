/**
 * The AWS regions of the commercial partition and their availability zones. Taken in November 2026. Sources: region-info of
 * aws-cdk-lib 2.276.0 for the 35 names; the zone table of moto (EC2 DescribeAvailabilityZones) for the zone ids; where moto has no row,
 * three zones by AWS’s own naming scheme (`zonesVerified: false`). Zone ids mean the same place in every account, zone names do not.
 */
export const AWS_REGIONS_TAKEN = {
  date: '2026-11',
  source: 'aws-cdk-lib 2.276.0 region-info; moto availability_zones_and_regions.py',
} as const;

export interface AwsRegion {
  readonly name: string;
  /** City or area, for reports. */
  readonly place: string;
  /** An account must ask for this region before it can use it. */
  readonly isOptIn: boolean;
  /** In the order in which a plan takes them: zones without newer instance types come last. */
  readonly zoneIds: readonly string[];
  readonly zonesVerified: boolean;
}

const THREE = [1, 2, 3];

export const AWS_REGIONS: ReadonlyMap<string, AwsRegion> = new Map(
  [
    row('af-south-1', 'Cape Town', 'afs1', { isOptIn: true }),
    row('ap-east-1', 'Hong Kong', 'ape1', { isOptIn: true }),
    row('ap-east-2', 'Taipei', 'ape2', { isOptIn: true, zonesVerified: false }),
    row('ap-northeast-1', 'Tokyo', 'apne1', { zones: [1, 2, 4] }),
    row('ap-northeast-2', 'Seoul', 'apne2', { zones: [1, 2, 3, 4] }),
    row('ap-northeast-3', 'Osaka', 'apne3'),
    row('ap-south-1', 'Mumbai', 'aps1'),
    row('ap-south-2', 'Hyderabad', 'aps2', { isOptIn: true, zonesVerified: false }),
    row('ap-southeast-1', 'Singapore', 'apse1'),
    row('ap-southeast-2', 'Sydney', 'apse2'),
    row('ap-southeast-3', 'Jakarta', 'apse3', { isOptIn: true }),
    row('ap-southeast-4', 'Melbourne', 'apse4', { isOptIn: true, zonesVerified: false }),
    row('ap-southeast-5', 'Kuala Lumpur', 'apse5', { isOptIn: true, zonesVerified: false }),
    row('ap-southeast-6', 'Auckland', 'apse6', { isOptIn: true, zonesVerified: false }),
    row('ap-southeast-7', 'Bangkok', 'apse7', { isOptIn: true, zonesVerified: false }),
    row('ca-central-1', 'Montreal', 'cac1', { zones: [1, 2, 4] }),
    row('ca-west-1', 'Calgary', 'caw1', { isOptIn: true, zonesVerified: false }),
    row('eu-central-1', 'Frankfurt', 'euc1'),
    row('eu-central-2', 'Zurich', 'euc2', { isOptIn: true }),
    row('eu-north-1', 'Stockholm', 'eun1'),
    row('eu-south-1', 'Milan', 'eus1', { isOptIn: true }),
    row('eu-south-2', 'Zaragoza', 'eus2', { isOptIn: true, zonesVerified: false }),
    row('eu-west-1', 'Dublin', 'euw1'),
    row('eu-west-2', 'London', 'euw2'),
    row('eu-west-3', 'Paris', 'euw3'),
    row('il-central-1', 'Tel Aviv', 'ilc1', { isOptIn: true, zonesVerified: false }),
    row('me-central-1', 'Dubai', 'mec1', { isOptIn: true, zonesVerified: false }),
    row('me-south-1', 'Manama', 'mes1', { isOptIn: true }),
    row('me-west-1', 'Riyadh', 'mew1', { isOptIn: true, zonesVerified: false }),
    row('mx-central-1', 'Queretaro', 'mxc1', { isOptIn: true, zonesVerified: false }),
    row('sa-east-1', 'Sao Paulo', 'sae1'),
    row('us-east-1', 'Northern Virginia', 'use1', { zones: [1, 2, 4, 5, 6, 3] }),
    row('us-east-2', 'Ohio', 'use2'),
    row('us-west-1', 'Northern California', 'usw1', { zones: [1, 3] }),
    row('us-west-2', 'Oregon', 'usw2', { zones: [1, 2, 3, 4] }),
  ].map((region) => [region.name, region]),
);

interface RowOptions {
  readonly isOptIn?: boolean;
  readonly zones?: readonly number[];
  readonly zonesVerified?: boolean;
}

function row(name: string, place: string, zonePrefix: string, options: RowOptions = {}): AwsRegion {
  return {
    name,
    place,
    isOptIn: options.isOptIn ?? false,
    zoneIds: (options.zones ?? THREE).map((zone) => `${zonePrefix}-az${zone}`),
    zonesVerified: options.zonesVerified ?? true,
  };
}
