import { presets } from '../../../environments/presets.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import type { Plan, RegionPlan } from '../../../infra/plan/plan.ts';
import { slotMapOf } from '../../../infra/plan/slot-map.ts';
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';

const plans = new Map([...presets].map(([name, environment]) => [name, createPlan(environment)]));
const planOf = (name: string) => plans.get(name) as Plan;
const regionOf = (name: string, code: string) => planOf(name).regions.find((region) => region.code === code) as RegionPlan;

describe('the presets', () => {
  it.each([
    ['proof', { regions: 3, edges: 4, shards: 3, shardGroups: 3, cores: 3, concurrentConnections: 500_000, dailyActiveUsers: 1_000_000 }],
    ['validation', { regions: 3, edges: 6, shards: 10, concurrentConnections: 100_000, dailyActiveUsers: 1_000_000 }],
    ['growth', { regions: 10, edges: 100, shards: 1_000, concurrentConnections: 10_000_000, dailyActiveUsers: 100_000_000 }],
    ['scale', { regions: 50, edges: 5_000, shards: 10_000, cores: 1_000, brokers: 300, storeNodes: 450, directoryNodes: 300 }],
    ['planet', { regions: 50, edges: 5_000, shards: 50_000, shardGroups: 1_000, cores: 2_000, concurrentConnections: 500_000_000 }],
  ])('G6, K4, K12: %s has the totals of the seeds', (name, totals) => {
    expect(planOf(name).totals).toMatchObject(totals);
  });

  it('G5: proof is Tokyo, São Paulo and Bangalore with four edges, embedded, one group each', () => {
    const plan = planOf('proof');
    expect(plan.foundation).toBe('embedded');
    expect(plan.regions.map(({ code, awsRegion, edges, shardGroups }) => [code, awsRegion, edges, shardGroups])).toEqual([
      ['tokyo', 'ap-northeast-1', 2, 1],
      ['sao-paulo', 'sa-east-1', 1, 1],
      ['bangalore', 'ap-south-1', 1, 1],
    ]);
  });

  it('K3: every region of scale has 100 edges, 20 cores, 6 brokers, 9 ScyllaDB and 6 Valkey nodes', () => {
    for (const { edges, cores, bus, store, directory } of planOf('scale').regions) {
      expect([edges, cores, bus?.brokers, store?.nodes, directory?.nodes]).toEqual([100, 20, 6, 9, 6]);
    }
  });

  it('C6: K3’s instance types are mapped to Graviton', () => {
    const { edge, core, bus, store, directory } = regionOf('scale', 'tokyo').instanceTypes;
    expect([edge, core, bus, store, directory]).toEqual(['c7g.2xlarge', 'c7g.4xlarge', 'm7g.2xlarge', 'i8g.4xlarge', 'r7g.xlarge']);
  });

  it.each([
    ['tokyo', 50, 5_000_000],
    ['singapore', 30, 3_000_000],
    ['mumbai', 40, 4_000_000],
    ['frankfurt', 60, 6_000_000],
  ])('G5: planet gives %s its %i edges and %i connections', (code, edges, connections) => {
    expect(regionOf('planet', code)).toMatchObject({ edges, connections });
  });

  it('R5: planet numbers its shards in the order of the seeds, without gap', () => {
    const { regions } = planOf('planet');
    expect(regions.slice(0, 7).map(({ code }) => code)).toEqual([
      'tokyo',
      'singapore',
      'mumbai',
      'sydney',
      'frankfurt',
      'london',
      'amsterdam',
    ]);
    let next = 0;
    for (const region of regions) {
      expect(region.firstShard).toBe(next);
      next += region.shards;
    }
    expect(next).toBe(50_000);
  });

  it('C3: planet serves five billion users, 10 % of them connected, 100,000 to a shard and to an edge', () => {
    const { totals } = planOf('planet');
    expect(totals.dailyActiveUsers).toBe(5_000_000_000);
    expect(totals.concurrentConnections / totals.dailyActiveUsers).toBe(0.1);
    expect(totals.dailyActiveUsers / totals.shards).toBe(100_000);
    expect(totals.concurrentConnections / totals.edges).toBe(100_000);
  });

  it('C13: every group of planet has 50 shards, a primary and a standby', () => {
    const groups = planOf('planet').regions.flatMap((region) => region.groups);
    expect(new Set(groups.map(({ shardCount, nodes }) => `${shardCount}/${nodes.length}`))).toEqual(new Set(['50/2']));
  });

  it('0020: where cores share a group, the slot map says where each may be found', () => {
    const [group] = slotMapOf(planOf('planet')).regions[0]!.groups;
    const at = (zone: string) => `tokyo-g0-apne1-${zone}.core.iris.io:7400`;
    expect([group?.address, ...(group?.standby ?? [])]).toEqual(['az1', 'az2', 'az4'].map((zone) => at(zone)));
  });

  it.each([...plans.keys()])('L12: the runtime accepts the slot map of %s', (name) => {
    const plan = planOf(name);
    expect(readSlotMap(slotMapOf(plan)).map.shards).toBe(plan.totals.shards);
  });

  it('planet is planned within 100 ms', () => {
    const environment = presets.get('planet');
    if (environment === undefined) throw new Error('planet is missing');
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      createPlan(environment);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });
});

describe('the seeds’ example of seven regions', () => {
  it('R5: gives shards 0-9 to Tokyo and so on to Amsterdam’s 60-69', () => {
    const codes = ['tokyo', 'singapore', 'mumbai', 'sydney', 'frankfurt', 'london', 'amsterdam'];
    const plan = createPlan({
      name: 'example',
      domain: 'example.com',
      dailyActiveUsers: 7_000_000,
      shardsPerGroup: 10,
      regions: codes.map((code, index) => ({
        code,
        awsRegion: 'eu-central-1',
        cidr: `10.${index}.0.0/16`,
        edges: 2,
        shards: 10,
        serves: { default: index === 0 },
      })),
    });
    expect(plan.regions.map(({ code, firstShard, shards }) => `${code} ${firstShard}-${firstShard + shards - 1}`)).toEqual([
      'tokyo 0-9',
      'singapore 10-19',
      'mumbai 20-29',
      'sydney 30-39',
      'frankfurt 40-49',
      'london 50-59',
      'amsterdam 60-69',
    ]);
  });
});
