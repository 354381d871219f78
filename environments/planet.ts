import { defineEnvironment } from './environment.ts';
import { fiftyPlaces } from './fifty-places.ts';

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

/**
 * The target (C3, K12): 500 million connections and five billion daily users in 50 regions; 5,000 edges of 100,000 connections, 50,000
 * shards in 1,000 groups of 50 (C13), each with a primary and a standby. Ten shards to an edge, since both serve a million users.
 */
export const planet = defineEnvironment({
  name: 'planet',
  domain: 'iris.io',
  foundation: 'distributed',
  dailyActiveUsers: 5_000_000_000,
  edgesPerRegionMax: edgesElsewhere, // C15’s 100 would need more than 50 regions.
  regions: fiftyPlaces.map((place) => {
    const count = edges.get(place.code) ?? edgesElsewhere;
    return { ...place, edges: count, shards: count * 10 };
  }),
});
