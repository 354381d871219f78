import { defineEnvironment } from './environment.ts';

/**
 * The seeds’ third phase (G6, K1): 100 million daily users in ten regions. Sized by shares alone, it comes to the calculator’s
 * 100 edges and 1,000 shards.
 */
export const growth = defineEnvironment({
  name: 'growth',
  domain: 'growth.iris.io',
  foundation: 'distributed',
  dailyActiveUsers: 100_000_000,
  instanceTypes: { bus: 'm7g.xlarge', store: 'i4i.xlarge', directory: 'r7g.large' },
  regions: [
    { code: 'tokyo', awsRegion: 'ap-northeast-1', cidr: '10.0.0.0/18', userShare: 0.13, serves: { countries: ['JP', 'KR', 'TW'] } },
    {
      code: 'singapore',
      awsRegion: 'ap-southeast-1',
      cidr: '10.0.64.0/18',
      userShare: 0.12,
      serves: { default: true, continents: ['AS'] },
    },
    {
      code: 'mumbai',
      awsRegion: 'ap-south-1',
      cidr: '10.0.128.0/18',
      userShare: 0.2,
      storeNodes: 9, // As first planned: a store gives up nodes by its own procedure, not because fuller ones are planned.
      serves: { countries: ['IN', 'PK', 'BD', 'LK', 'NP'] },
    },
    { code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.0.192.0/18', userShare: 0.03, serves: { continents: ['OC'] } },
    { code: 'frankfurt', awsRegion: 'eu-central-1', cidr: '10.1.0.0/18', userShare: 0.13, serves: { continents: ['EU'] } },
    { code: 'london', awsRegion: 'eu-west-2', cidr: '10.1.64.0/18', userShare: 0.07, serves: { countries: ['GB', 'IE'] } },
    { code: 'virginia', awsRegion: 'us-east-1', cidr: '10.1.128.0/18', userShare: 0.12, serves: { continents: ['NA'] } },
    { code: 'oregon', awsRegion: 'us-west-2', cidr: '10.1.192.0/18', userShare: 0.06, serves: { countries: ['CA', 'MX'] } },
    { code: 'sao-paulo', awsRegion: 'sa-east-1', cidr: '10.2.0.0/18', userShare: 0.09, serves: { continents: ['SA'] } },
    { code: 'cape-town', awsRegion: 'af-south-1', cidr: '10.2.64.0/18', userShare: 0.05, serves: { continents: ['AF'] } },
  ],
});
