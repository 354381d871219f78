import { defineEnvironment } from './environment.ts';
import { fiftyPlaces } from './fifty-places.ts';

/** What S4 gives each of its 50 regions (K3): 100 edges, 20 cores as ten groups of two, 6 brokers, 9 ScyllaDB and 6 Valkey nodes. */
const regional = { edges: 100, shards: 200, brokers: 6, storeNodes: 9, directoryNodes: 6 };

/** The seeds’ fourth phase (G6, K4): a billion users in 50 regions, 10,000 shards, about 7,000 nodes. Types are K3’s in Graviton (C6). */
export const scale = defineEnvironment({
  name: 'scale',
  domain: 'scale.iris.io',
  foundation: 'distributed',
  regionJoin: 'cloud-wan',
  dailyActiveUsers: 1_000_000_000,
  connectionsPerEdge: 20_000, // S4’s density: 20 million users of a region, a tenth of them connected, over its 100 edges.
  shardsPerGroup: 20,
  instanceTypes: { edge: 'c7g.2xlarge', core: 'c7g.4xlarge' },
  regions: fiftyPlaces.map((place) => ({ ...place, ...regional })),
});
