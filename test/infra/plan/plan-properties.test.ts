import fc from 'fast-check';
import type { Environment } from '../../../environments/environment.ts';
import type { Region } from '../../../environments/region.ts';
import { overlaps, parseCidr } from '../../../infra/plan/cidr.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../../infra/plan/node-configs.ts';
import { shardsOfGroups } from '../../../infra/plan/sizing.ts';
import { smallEnvironment } from './small-environment.ts';

const AWS = ['ap-northeast-1', 'eu-west-2', 'us-east-1', 'sa-east-1', 'eu-central-1'];
const foundation = fc.constantFrom<'embedded' | 'distributed'>('embedded', 'distributed');

/** One to eight regions with stated sizes. */
const countedRegions = fc
  .array(fc.record({ aws: fc.constantFrom(...AWS), edges: fc.integer({ min: 1, max: 60 }), shards: fc.integer({ min: 1, max: 400 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((list) => list.map(({ aws, edges, shards }, index): Region => regionOf(index, { awsRegion: aws, edges, shards })));

/** Two to eight regions with shares that sum to 1. */
const sharedRegions = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 8 }).map((weights) => {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight, index): Region => regionOf(index, { awsRegion: AWS[index % AWS.length] as string, userShare: weight / sum }));
});

const environments = fc
  .record({
    foundation,
    regions: fc.oneof(countedRegions, sharedRegions),
    shardsPerGroup: fc.integer({ min: 8, max: 60 }),
    dailyActiveUsers: fc.integer({ min: 1, max: 10_000 }),
  })
  .map((fields): Environment => smallEnvironment({ ...fields, usersPerShard: 50_000 }));

describe('a plan', () => {
  it('C12: gives every shard to exactly one group, in ranges that follow each other', () => {
    fc.assert(
      fc.property(environments, (environment) => {
        const plan = createPlan(environment);
        let next = 0;
        for (const region of plan.regions) {
          expect(region.firstShard).toBe(next);
          for (const group of region.groups) {
            expect(group.firstShard).toBe(next);
            expect(group.shardCount).toBeGreaterThanOrEqual(1);
            next += group.shardCount;
          }
          expect(next).toBe(region.firstShard + region.shards);
        }
        expect(next).toBe(plan.totals.shards);
      }),
    );
  });

  it('sums its regions into its totals', () => {
    fc.assert(
      fc.property(environments, (environment) => {
        const { totals, regions } = createPlan(environment);
        const sum = (figure: 'edges' | 'cores' | 'shards' | 'shardGroups' | 'connections') =>
          regions.reduce((total, region) => total + region[figure], 0);
        expect([totals.edges, totals.cores, totals.shards, totals.shardGroups, totals.concurrentConnections]).toEqual([
          sum('edges'),
          sum('cores'),
          sum('shards'),
          sum('shardGroups'),
          sum('connections'),
        ]);
      }),
    );
  });

  it('cuts subnets that lie inside their region and nowhere else', () => {
    fc.assert(
      fc.property(environments, (environment) => {
        const blocks = createPlan(environment).regions.flatMap(({ cidr, subnets }) =>
          subnets.flatMap(({ publicCidr, privateCidr }) => [publicCidr, privateCidr].map((block) => ({ network: cidr, block }))),
        );
        for (const [index, { network, block }] of blocks.entries()) {
          expect(overlaps(read(network), read(block))).toBe(true);
          for (const other of blocks.slice(index + 1)) expect(overlaps(read(block), read(other.block))).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps every name within the limits of AWS and DNS', () => {
    fc.assert(
      fc.property(environments, (environment) => {
        for (const { names, addresses, groups } of createPlan(environment).regions) {
          expect(Math.max(names.loadBalancer.length, names.targetGroup.length)).toBeLessThanOrEqual(32);
          expect(names.directory.length).toBeLessThanOrEqual(40);
          expect(addresses.edgeHost.length).toBeLessThanOrEqual(253);
          for (const group of groups) expect(group.id).toMatch(/^[a-z][a-z0-9-]{0,30}$/);
        }
      }),
    );
  });

  it('is the same twice', () => {
    fc.assert(
      fc.property(environments, (environment) => expect(createPlan(environment)).toEqual(createPlan(structuredClone(environment)))),
    );
  });

  it('L11: leaves every other region and its node configs as they were when a region is added at the end', () => {
    fc.assert(
      fc.property(environments, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 400 }), (environment, edges, shards) => {
        const added = regionOf(100, { awsRegion: 'ca-central-1', edges, shards });
        const [before, after] = [createPlan(environment), createPlan({ ...environment, regions: [...environment.regions, added] })];
        expect(JSON.stringify(after.regions.slice(0, -1))).toBe(JSON.stringify(before.regions));
        for (const { code } of before.regions) expect(nodeConfigsOf(after, code)).toEqual(nodeConfigsOf(before, code));
      }),
    );
  });

  it('L11: leaves the others alone when a region with a firstShard is added at the front', () => {
    const environment = smallEnvironment();
    const before = createPlan(environment);
    const added = regionOf(100, { awsRegion: 'ca-central-1', edges: 2, shards: 3, firstShard: before.totals.shards });
    const [first, ...others] = environment.regions;
    if (first === undefined) throw new Error('the small environment has regions');
    const after = createPlan({ ...environment, regions: [{ ...added }, { ...first, firstShard: 0 }, ...others] });
    expect(JSON.stringify(after.regions.slice(1))).toBe(JSON.stringify(before.regions));
  });

  it('never needs less for more users', () => {
    // One region may draw 99 % of them: from about 870 million it needs more store nodes than one stack holds, and the plan is refused.
    const users = fc.integer({ min: 1, max: 600_000_000 });
    fc.assert(
      fc.property(sharedRegions, foundation, users, users, (regions, of, a, b) => {
        const [few, many] = [Math.min(a, b), Math.max(a, b)].map(
          (dailyActiveUsers) =>
            createPlan(smallEnvironment({ regions, foundation: of, dailyActiveUsers, edgesPerRegionMax: 1_350 })).totals,
        );
        for (const figure of ['edges', 'cores', 'shardGroups', 'shards', 'concurrentConnections', 'brokers', 'storeNodes'] as const) {
          expect(many?.[figure]).toBeGreaterThanOrEqual(few?.[figure] as number);
        }
      }),
    );
  });

  it('spreads shards over groups so that no two differ by more than one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 300 }), (shards, groups) => {
        fc.pre(groups <= shards);
        const sizes = shardsOfGroups(shards, groups);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(shards);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not buy a machine for a rounding error: a share of 0.07 of 100 million users is 70 shards', () => {
    const regions = [regionOf(0, { awsRegion: 'eu-west-2', userShare: 0.07 }), regionOf(1, { awsRegion: 'eu-west-2', userShare: 0.93 })];
    expect(createPlan(smallEnvironment({ dailyActiveUsers: 100_000_000, regions })).regions[0]?.shards).toBe(70);
  });
});

function regionOf(index: number, fields: Partial<Region> & { readonly awsRegion: string }): Region {
  return { code: `region-${index}`, cidr: `10.${index}.0.0/16`, serves: { default: index === 0 }, ...fields };
}

function read(text: string) {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text} is no block`);
  return cidr;
}
