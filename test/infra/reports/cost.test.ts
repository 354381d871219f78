import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planet } from '../../../environments/planet.ts';
import { presets } from '../../../environments/presets.ts';
import { proof } from '../../../environments/proof.ts';
import { AWS_REGIONS } from '../../../infra/facts/aws-regions.ts';
import { machineHour, transferOut } from '../../../infra/facts/prices.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { costReport } from '../../../infra/reports/cost/cost-report.ts';

const committed = JSON.parse(readFileSync(join(__dirname, 'cost-per-connection.json'), 'utf8')) as Record<string, number>;

describe('the cost of an environment that hardly anyone uses', () => {
  it('is a figure in each of its lines and sums', () => {
    const [first, second] = proof.regions.map(({ edges: _edges, shards: _shards, ...region }) => region);
    const regions = [
      { ...first!, userShare: 1e-12 },
      { ...second!, userShare: 1 - 1e-12 },
    ];
    const report = costReport(createPlan({ ...proof, dailyActiveUsers: 1, peakConcurrentShare: 1e-9, connectionsPerEdge: 1, regions }));
    const figures: unknown[] = [];
    JSON.stringify(report, (_, value: unknown) => (typeof value === 'number' ? figures.push(value) : value));
    expect(figures.filter((figure) => !Number.isFinite(figure))).toEqual([]);
  });
});

describe('prices', () => {
  it('of c7g in us-east-1 are those that are published', () => {
    const published = { medium: 0.0363, large: 0.0725, xlarge: 0.145, '2xlarge': 0.29, '4xlarge': 0.58, '8xlarge': 1.16, '16xlarge': 2.32 };
    for (const [size, hour] of Object.entries(published)) expect(machineHour('ec2', `c7g.${size}`, 'us-east-1')! / hour).toBeCloseTo(1, 2);
  });

  it('exist for every AWS region, and for no unknown type or region', () => {
    for (const name of AWS_REGIONS.keys()) expect(machineHour('ec2', 'c6g.large', name)).toBeGreaterThan(0);
    expect([
      machineHour('ec2', 'x9.large', 'us-east-1'),
      machineHour('msk', 'c7g.large', 'us-east-1'),
      machineHour('ec2', 'c7g.large', 'nowhere'),
    ]).toEqual([undefined, undefined, undefined]);
  });

  it('of what goes out fall by tiers', () => {
    expect(transferOut('us-east-1', 10_000)).toBeCloseTo(900);
    expect(transferOut('us-east-1', 60_000)).toBeCloseTo(900 + 40_000 * 0.085 + 10_000 * 0.07);
    expect(transferOut('sa-east-1', 1)).toBeCloseTo(0.15);
  });
});

describe('the bill', () => {
  it('adds up: lines, layers and regions come to one total', () => {
    for (const environment of [proof, planet]) {
      const { lines, layers, regions, total } = costReport(createPlan(environment));
      const sums = [lines.map(({ dollars }) => dollars), Object.values(layers), regions.map((region) => region.total)];
      for (const sum of sums) expect(sum.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 4);
    }
  });

  it('has every layer of the distributed foundation and none of its engines with the embedded one', () => {
    const { layers } = costReport(createPlan(proof));
    expect([layers.bus, layers.store, layers.directory]).toEqual([0, 0, 0]);
    for (const amount of Object.values(costReport(createPlan(planet)).layers)) expect(amount).toBeGreaterThan(0);
  });

  it('names the seeds’ targets with their contradiction (C2, K5, K6, K7)', () => {
    const { targets } = costReport(createPlan(planet));
    expect(targets.map(({ row, target }) => [row, Math.round(target)])).toEqual([
      ['K6', 50_000],
      ['K6', 3_150_000],
      ['K7', 3_500_000],
      ['K5', 29_500_000],
    ]);
  });

  it('is at most $300 a month for proof, also with every machine on demand', () => {
    expect(costReport(createPlan(proof)).totalOnDemand).toBeLessThanOrEqual(300);
  });

  it('is at most $1.5 M a month for planet, with each layer but the smallest cluster filled to 70 % of something (K9)', () => {
    const { total, use } = costReport(createPlan(planet));
    expect(total).toBeLessThan(1_500_000);
    const fullest = Map.groupBy(use, ({ layer }) => layer);
    for (const [layer, uses] of fullest) {
      if (layer !== 'directory')
        expect({ layer, share: Math.max(...uses.map(({ share }) => share)) >= 0.7 }).toEqual({ layer, share: true });
    }
    for (const { share } of use) expect(share).toBeLessThanOrEqual(1);
  });

  it('counts spot as the group mixes it: the first edge is on demand', () => {
    const report = (edgeSpotShare: number) => costReport(createPlan({ ...proof, edgeSpotShare }));
    const edges = ({ lines }: ReturnType<typeof report>) =>
      lines.filter(({ item }) => item.includes('of them spot')).map(({ item }) => item);
    expect(edges(report(1))).toEqual(['t4g.small, 1 of them spot', 't4g.small, 0 of them spot', 't4g.small, 0 of them spot']);
    expect(report(1).total).toBeLessThan(report(0).total);
    expect(report(0).total).toBe(report(0).totalOnDemand);
    expect(report(1).totalOnDemand).toBeCloseTo(report(0).totalOnDemand);
  });

  it('shares the steps of egress between regions of one account in one AWS region', () => {
    const outOf = (codes: readonly string[]) => {
      const { lines } = costReport(createPlan(planet));
      return lines.filter(({ region, item }) => codes.includes(region) && item.endsWith(' to clients'));
    };
    const sum = (figure: 'quantity' | 'dollars') => outOf(['virginia', 'miami', 'bogota']).reduce((all, line) => all + line[figure], 0);
    expect(sum('dollars') / transferOut('us-east-1', sum('quantity'))).toBeCloseTo(1, 4);
  });

  it('is refused for an environment that runs on one machine', () => {
    expect(() => costReport(createPlan({ ...proof, runsIn: 'local' }))).toThrow(/'local', where nothing is billed/);
  });

  it('grows by no more than 2 % per connection without the committed figure (N5)', () => {
    const cloud = [...presets].filter(([, environment]) => createPlan(environment).runsIn === 'cloud');
    expect(Object.keys(committed)).toEqual(cloud.map(([name]) => name));
    for (const [name, environment] of cloud) {
      const growth = costReport(createPlan(environment)).perConnection / committed[name]! - 1;
      expect({ name, isWithin: Math.abs(growth) <= 0.02, growth: growth.toFixed(4) }).toMatchObject({ name, isWithin: true });
    }
  });
});
