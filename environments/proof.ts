import { defineEnvironment } from './environment.ts';

/** The seeds’ proof (G5, G6, K12): three regions, four edges, half a million connections; one shard and one group per region. */
export const proof = defineEnvironment({
  name: 'proof',
  domain: 'proof.iris.io',
  foundation: 'embedded',
  dailyActiveUsers: 1_000_000,
  peakConcurrentShare: 0.5, // Everyone in a proof tries it at once: 500,000 connections of K12 from the million users of K1.
  usersPerShard: 350_000, // One shard per region; at K1’s 100,000 it would be the ten of `validation`.
  connectionsPerEdge: 125_000, // 500,000 connections on four edges.
  zones: 1, // One core in each region, and so one zone.
  // Within the five virtual CPUs on demand, and five of spot instances, that a new account may run in an AWS region.
  edgeGrowthMax: 1.5,
  edgeSpotShare: 1, // But for the first of each region, which is on demand.
  instanceTypes: { edge: 't4g.small', core: 't4g.small' }, // K11’s t2.micro and t3.medium in Graviton, by the memory that is needed.
  traffic: { messagesPerUserPerDay: 5, peakToAverage: 24 }, // A proof is tried, an hour a day.
  regions: [
    {
      code: 'tokyo',
      awsRegion: 'ap-northeast-1',
      cidr: '10.0.0.0/16',
      edges: 2,
      shards: 1,
      serves: { default: true, continents: ['AS', 'OC'] },
    },
    { code: 'sao-paulo', awsRegion: 'sa-east-1', cidr: '10.1.0.0/16', edges: 1, shards: 1, serves: { continents: ['SA', 'NA'] } },
    {
      code: 'bangalore',
      awsRegion: 'ap-south-1',
      cidr: '10.2.0.0/16',
      edges: 1,
      shards: 1,
      serves: { continents: ['EU', 'AF'], countries: ['IN', 'LK', 'BD', 'NP', 'PK'] },
    },
  ],
});
