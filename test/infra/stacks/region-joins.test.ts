import assert from 'node:assert/strict';
import type { Environment } from '../../../environments/environment.ts';
import { planet } from '../../../environments/planet.ts';
import { proof } from '../../../environments/proof.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { LINK_PORT } from '../../../infra/plan/names.ts';
import { costReport } from '../../../infra/reports/cost/cost-report.ts';
import { readTemplate, resourcesOfType, synthesizeEnvironment, type Template } from '../apps/synthesize-fixture.ts';

const text = (value: unknown): string => JSON.stringify(value);

describe('peered regions (R13, A15)', () => {
  let templates: Map<string, Template>;
  let order: readonly string[];

  beforeAll(async () => {
    const assembly = await synthesizeEnvironment(proof);
    order = assembly.routingStacks.filter((name) => name.includes('-join-'));
    templates = new Map(order.map((name) => [name, readTemplate(assembly, name)]));
  });

  it('have a stack each, deployed in the order of codes, that reads only what a network or an earlier one of them gives', () => {
    assert.deepEqual(
      order,
      ['bangalore', 'sao-paulo', 'tokyo'].map((code) => `iris-proof-global-join-${code}`),
    );
    const given = new Set(['tokyo', 'sao-paulo', 'bangalore'].map((code) => `iris-proof-${code}-network NetworkId`));
    for (const name of order) {
      const template = templates.get(name)!;
      const taken = [...text(template).matchAll(/"Fn::GetStackOutput":{"StackName":"([^"]+)","OutputName":"([^"]+)"/g)];
      for (const [, stack, output] of taken) assert.ok(given.has(`${stack} ${output}`), `${name} takes ${stack} ${output}`);
      const { Outputs } = template as Template & { Outputs?: Record<string, unknown> };
      for (const output of Object.keys(Outputs ?? {})) given.add(`${name} ${output}`);
    }
  });

  it('are asked for once for each pair, routed from both sides, and let in on the link port by their own block only', () => {
    const all = (type: string) => order.flatMap((name) => resourcesOfType(templates.get(name)!, type));
    assert.equal(all('AWS::EC2::VPCPeeringConnection').length, 3);
    assert.deepEqual(
      all('AWS::EC2::Route').map(({ Properties }) => Properties?.['DestinationCidrBlock']),
      ['10.1.0.0/16', '10.0.0.0/16', '10.2.0.0/16', '10.0.0.0/16', '10.2.0.0/16', '10.1.0.0/16'],
    );
    for (const { Properties } of all('AWS::EC2::SecurityGroupIngress')) {
      assert.deepEqual([Properties?.['FromPort'], Properties?.['ToPort']], [LINK_PORT, LINK_PORT]);
      assert.match(String(Properties?.['CidrIp']), /^10\.[012]\.0\.0\/16$/);
    }
  });

  it('are ten at most; more say which other way they take', () => {
    const regions = Array.from({ length: 11 }, (_, index) => ({
      ...proof.regions[1]!,
      code: `r${index}`,
      cidr: `10.${index}.0.0/16`,
      serves: { default: index === 0 },
    }));
    const environment: Environment = { ...proof, dailyActiveUsers: 1_000_000, regions };
    assert.throws(
      () => createPlan(environment),
      /regionJoin: got "peering", must be cloud-wan or none with 11 regions, peering joins 10 at most/,
    );
    assert.equal(createPlan({ ...environment, regionJoin: 'cloud-wan' }).joins.length, 0);
  });
});

describe('regions of one core network', () => {
  it('are attached each by its own template, which names no other region; the global one lists the AWS regions', async () => {
    const assembly = await synthesizeEnvironment(planet, { regions: ['tokyo'] });
    const network = readTemplate(assembly, 'iris-planet-tokyo-network');
    assert.equal(resourcesOfType(network, 'AWS::NetworkManager::VpcAttachment').length, 1);
    const routes = resourcesOfType(network, 'AWS::EC2::Route').filter(({ Properties }) => Properties?.['CoreNetworkArn'] !== undefined);
    assert.equal(routes.length, 4 * 3);
    const [core] = resourcesOfType(readTemplate(assembly, 'iris-planet-global'), 'AWS::NetworkManager::CoreNetwork');
    const places = [...text(core).matchAll(/{"location":"([^"]+)"}/g)].map(([, place]) => place!);
    const { regions, apart } = createPlan(planet);
    const attached = regions.filter(({ code }) => !apart.includes(code)).map(({ awsRegion }) => awsRegion);
    assert.deepEqual(places, [...new Set(attached)].sort());
  });

  it('cost what is billed for them, and peered ones nothing but what they move', () => {
    const items = (environment: Environment) =>
      costReport(createPlan(environment)).lines.filter(({ item }) => /core network|attachment/.test(item));
    assert.deepEqual(items(proof), []);
    const sum = items(planet).reduce((dollars, line) => dollars + line.dollars, 0);
    assert.ok(sum > 10_000 && sum < 30_000, `${sum}`);
  });

  it('leave out those of AWS regions without it, and say so', () => {
    assert.deepEqual(createPlan(planet).apart, ['hong-kong', 'manila', 'queretaro']);
    assert.deepEqual(createPlan({ ...proof, regionJoin: 'none' }).apart, ['tokyo', 'sao-paulo', 'bangalore']);
    assert.deepEqual(createPlan(proof).apart, []);
  });
});
