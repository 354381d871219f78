import { defineEnvironment } from './environment.ts';

/**
 * The seeds’ second phase (G6): ten shards in the proof’s three regions, for the calculator’s million users (K1). Two edges
 * each, so that one may fail.
 */
export const validation = defineEnvironment({
  name: 'validation',
  domain: 'validation.iris.io',
  foundation: 'embedded',
  dailyActiveUsers: 1_000_000,
  zones: 2,
  instanceTypes: { edge: 't4g.small', core: 'c7g.medium' },
  regions: [
    {
      code: 'tokyo',
      awsRegion: 'ap-northeast-1',
      cidr: '10.0.0.0/16',
      userShare: 0.4,
      serves: { default: true, continents: ['AS', 'OC'] },
    },
    { code: 'sao-paulo', awsRegion: 'sa-east-1', cidr: '10.1.0.0/16', userShare: 0.3, serves: { continents: ['SA', 'NA'] } },
    {
      code: 'bangalore',
      awsRegion: 'ap-south-1',
      cidr: '10.2.0.0/16',
      userShare: 0.3,
      serves: { continents: ['EU', 'AF'], countries: ['IN', 'LK', 'BD', 'NP', 'PK'] },
    },
  ],
});
