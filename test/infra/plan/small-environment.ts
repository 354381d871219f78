import type { Environment } from '../../../environments/environment.ts';
import type { Region } from '../../../environments/region.ts';

/** A good environment of two regions, to be made wrong in one place by a test. */
export function smallEnvironment(changes: Partial<Environment> = {}): Environment {
  return { name: 'small', domain: 'chat.example.com', dailyActiveUsers: 200_000, regions: [tokyo(), london()], ...changes };
}

export function tokyo(changes: Partial<Region> = {}): Region {
  return { code: 'tokyo', awsRegion: 'ap-northeast-1', cidr: '10.0.0.0/16', userShare: 0.6, serves: { default: true }, ...changes };
}

export function london(changes: Partial<Region> = {}): Region {
  return { code: 'london', awsRegion: 'eu-west-2', cidr: '10.1.0.0/16', userShare: 0.4, serves: { continents: ['EU'] }, ...changes };
}

/** A region whose size is stated, as one that is added later. */
export function counted(changes: Partial<Region>): Region {
  const { userShare: _, ...region } = tokyo({ edges: 2, shards: 2, serves: {}, ...changes });
  return region;
}

/** The small environment with these regions, good or not. */
export function regions(...list: unknown[]) {
  return { ...smallEnvironment(), regions: list };
}

/** What is wrong with an environment, and the one line that says so. */
export type WrongEnvironment = readonly [title: string, document: unknown, line: string];
