import { defineEnvironment } from './environment.ts';
import { fiftyPlaces } from './fifty-places.ts';
import type { Region } from './region.ts';

/** Edges that the seeds draw (G5), and two regions that make the sum 5,000. */
const edges = new Map([
  ['tokyo', 50],
  ['singapore', 30],
  ['mumbai', 40],
  ['frankfurt', 60],
  ['auckland', 100],
  ['calgary', 100],
]);
/** The other 44 share the rest evenly. */
const edgesElsewhere = 105;

/** Where an AWS region lacks i7ie, which keeps a byte for less than i4i, and m7g. */
const withoutI7ie = new Set(['ap-east-2', 'ap-northeast-3', 'ap-southeast-6', 'il-central-1', 'me-central-1', 'me-south-1']);
const withoutM7g = new Set(['ca-west-1', 'eu-south-1']);

function instanceTypesIn(awsRegion = ''): Region['instanceTypes'] {
  return {
    ...(withoutI7ie.has(awsRegion) ? { store: 'i4i.xlarge' } : {}),
    ...(withoutM7g.has(awsRegion) ? { bus: 'm5.large', directory: 'r7g.large' } : {}),
  };
}

/**
 * The target (C3, K12): 500 million connections and five billion daily users in 50 regions; 5,000 edges of 100,000 connections, 50,000
 * shards in 1,000 groups of 50 (C13), each with a primary and a standby. Ten shards to an edge, since both serve a million users.
 */
export const planet = defineEnvironment({
  name: 'planet',
  domain: 'iris.io',
  foundation: 'distributed',
  regionJoin: 'cloud-wan',
  dailyActiveUsers: 5_000_000_000,
  edgesPerRegionMax: edgesElsewhere, // C15’s 100 would need more than 50 regions.
  instanceTypes: { bus: 'm7g.large', store: 'i7ie.xlarge', directory: 'm7g.large' },
  regions: fiftyPlaces.map((place) => {
    const count = edges.get(place.code) ?? edgesElsewhere;
    return { ...place, edges: count, shards: count * 10, instanceTypes: instanceTypesIn(place.awsRegion) };
  }),
});
