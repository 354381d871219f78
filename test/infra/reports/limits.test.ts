import { planet } from '../../../environments/planet.ts';
import { proof } from '../../../environments/proof.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import type { Template } from '../../../infra/reports/diff/template.ts';
import { fullLimits, limitsReport, missingQuotas } from '../../../infra/reports/limits/limits-report.ts';
import { quotaNeeds } from '../../../infra/reports/limits/quota-needs.ts';
import { templateHeadroom } from '../../../infra/reports/limits/template-headroom.ts';

function ofTemplate(template: Template, limit: RegExp) {
  const found = templateHeadroom(new Map([['stack', template]])).find((headroom) => limit.test(headroom.limit));
  if (found === undefined) throw new Error(`no limit ${limit}`);
  return found;
}

describe('template headroom', () => {
  it('counts what CloudFormation counts', () => {
    const value = (characters: number) => ({
      Type: 'AWS::SSM::Parameter',
      Properties: { Value: { 'Fn::Join': ['', ['x'.repeat(characters), { Ref: 'A' }]] } },
    });
    expect(ofTemplate({ Resources: { Small: value(10), Large: value(100) } }, /SSM/)).toMatchObject({
      value: 164,
      max: 4_096,
      where: 'stack Large',
    });
    expect(ofTemplate({ Resources: { A: { Type: 'T', Properties: '{{resolve:ssm:/a}}{{resolve:ssm:/b}}' } } }, /dynamic/).value).toBe(2);
    const data = { 'Fn::Base64': { 'Fn::Sub': 'y'.repeat(15_000) } };
    const node = { Type: 'AWS::EC2::LaunchTemplate', Properties: { LaunchTemplateData: { UserData: data } } };
    expect(ofTemplate({ Resources: { Node: node } }, /user data/)).toMatchObject({ value: 15_000, max: 16_384 });
  });

  it('is told above 80 %, but a name only above its limit', () => {
    const resources = Object.fromEntries(Array.from({ length: 401 }, (_, i) => [`R${i}`, { Type: 'AWS::SNS::Topic' }]));
    const name = { Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', Properties: { Name: 'x'.repeat(32) } };
    const report = limitsReport(
      createPlan(proof),
      new Map<string, Template>([
        ['a', { Resources: resources }],
        ['b', { Resources: { name } }],
      ]),
    );
    expect(fullLimits(report)).toEqual(['a: 401 resources of a template, 80 % of 500']);
  });
});

describe('quotas', () => {
  it('count the edges as the Auto Scaling group mixes them: the first on demand, and spot rounded down', () => {
    const need = (edges: number, edgeSpotShare: number) => {
      const [first] = proof.regions;
      const regions = [{ ...first!, edges, serves: { default: true } }];
      const plan = createPlan({ ...proof, dailyActiveUsers: 1_000, edgeGrowthMax: 1, edgeSpotShare, regions });
      const found = (name: string) => quotaNeeds(plan).find(({ quota }) => quota === name)?.need ?? 0;
      return [found('onDemandCpus') - 2, found('spotCpus')].map((cpus) => cpus / 2);
    };
    expect([need(1, 1), need(2, 0.5), need(3, 0.5), need(4, 1), need(4, 0)]).toEqual([
      [1, 0],
      [2, 0],
      [2, 1],
      [1, 3],
      [4, 0],
    ]);
  });

  it('of proof are within what a new account has, in each of its AWS regions', () => {
    expect(quotaNeeds(createPlan(proof)).filter(({ need, have }) => need > have)).toEqual([]);
  });

  it('are counted for all regions of one account and AWS region together, at the most that autoscaling may reach', () => {
    const twice = { ...proof, regions: [...proof.regions, { ...proof.regions[0]!, code: 'osaka-near', cidr: '10.9.0.0/16', serves: {} }] };
    const need = (environment: typeof proof) =>
      Object.fromEntries(
        quotaNeeds(createPlan(environment))
          .filter(({ awsRegion }) => awsRegion === 'ap-northeast-1')
          .map(({ quota, need: value }) => [quota, value]),
      );
    expect(need(proof)).toMatchObject({ networks: 1, loadBalancers: 1, scalingGroups: 2, stacks: 6 });
    expect(need(twice)).toMatchObject({ networks: 2, loadBalancers: 2, scalingGroups: 4, onDemandCpus: need(proof)['onDemandCpus']! * 2 });
  });

  it('count every stack of a region: three for engines, one for each lot of shard groups', () => {
    const plan = createPlan(planet);
    const stacks = quotaNeeds(plan).filter(({ quota }) => quota === 'stacks');
    expect(stacks.find(({ awsRegion }) => awsRegion === plan.regions[0]!.awsRegion)?.need).toBe(8);
    const [tokyo] = proof.regions;
    const many = { ...proof, shardsPerGroup: 1, regions: [{ ...tokyo!, shards: 201, shardGroups: 201 }, ...proof.regions.slice(1)] };
    expect(quotaNeeds(createPlan(many)).find(({ quota }) => quota === 'stacks')?.need).toBe(7);
  });

  it('are missing for planet in a new account, with their codes, and no longer once the environment declares them', () => {
    const missing = missingQuotas(limitsReport(createPlan(planet), new Map()));
    expect(new Set(missing.map(({ code }) => code))).toEqual(
      new Set(['L-1216C47A', 'L-34B43A08', 'L-0263D0A3', 'L-F678F1CE'].filter((code) => missing.some((one) => one.code === code))),
    );
    expect(missing.length).toBeGreaterThan(60);
    const quotas = Object.fromEntries(missing.flatMap(({ code }) => (code === null ? [] : [[code, 100_000]])));
    expect(missingQuotas(limitsReport(createPlan({ ...planet, quotas }), new Map()))).toEqual(missing.filter(({ code }) => code === null));
  });
});
