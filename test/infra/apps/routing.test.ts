/** G1, G2, G3: who routes is a list in the environment; each way has its name, and its configuration is what its provider takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../environments/environment.ts';
import { presets } from '../../../environments/presets.ts';
import { proof } from '../../../environments/proof.ts';
import { synthesizeCloudflare } from '../../../infra/apps/cloudflare-app.ts';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { CLOUDFLARE_REGIONS } from '../../../infra/facts/geography.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { limitsReport } from '../../../infra/reports/limits/limits-report.ts';
import { filesOf, readTemplate, resourcesOfType, synthesizeEnvironment, temporaryFolder } from './synthesize-fixture.ts';

type Terraform = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

const everyWay: Environment = { ...proof, geoRouting: ['route53', 'cloudflare', 'anycast'] };
let assembly: Assembly;
let terraform: { resource: Terraform; terraform: Record<string, Record<string, unknown>>; variable: Record<string, unknown> };

beforeAll(async () => {
  assembly = await synthesizeEnvironment({ ...everyWay, geoRouting: ['route53', 'anycast'] });
  terraform = terraformOf(everyWay);
});

function terraformOf(environment: Environment): typeof terraform {
  const folder = temporaryFolder();
  synthesizeCloudflare(createPlan(environment), folder);
  return JSON.parse(readFileSync(join(folder, 'stacks', `iris-${environment.name}-global-cloudflare`, 'cdk.tf.json'), 'utf8'));
}

it('three ways run side by side: the first has the endpoint’s name, each further one its own', () => {
  const routing = resourcesOfType(readTemplate(assembly, 'iris-proof-global-routing'), 'AWS::Route53::RecordSet');
  expect(new Set(routing.map(({ Properties }) => Properties?.['Name']))).toEqual(new Set(['edge.proof.iris.io']));
  const [anycast] = resourcesOfType(readTemplate(assembly, 'iris-proof-global-anycast'), 'AWS::Route53::RecordSet');
  expect(anycast?.Properties?.['Name']).toBe('anycast.edge.proof.iris.io');
  const [balancer] = Object.values(terraform.resource['cloudflare_load_balancer']!);
  expect(balancer?.['name']).toBe('cloudflare.edge.proof.iris.io');
});

it('anycast reads each region’s load balancer when it is deployed, in the AWS region of its interface, and after all of them', () => {
  const groups = resourcesOfType(readTemplate(assembly, 'iris-proof-global-anycast'), 'AWS::GlobalAccelerator::EndpointGroup');
  expect(JSON.stringify(groups)).toMatch(
    /"Fn::GetStackOutput":\{"StackName":"iris-proof-tokyo-edge","Region":"ap-northeast-1","OutputName":"LoadBalancerArn"/,
  );
  expect(groups).toHaveLength(3);
  const { artifacts } = JSON.parse(readFileSync(join(assembly.directory, 'manifest.json'), 'utf8'));
  expect(artifacts['iris-proof-global-anycast'].environment).toMatch(/\/us-west-2$/);
  const { waves } = JSON.parse(readFileSync(join(assembly.directory, 'rollout.json'), 'utf8'));
  expect(waves.at(-1).kind).toBe('routing');
  expect(waves.at(-1).stacks.slice(-2)).toEqual(['iris-proof-global-routing', 'iris-proof-global-anycast']);
});

it('a second way changes nothing of the regions but an output of their edge stacks, which anycast needs (L11)', async () => {
  const alone = filesOf(await synthesizeEnvironment(proof));
  const beside = filesOf(assembly);
  const changed = [...alone.keys()].filter((name) => name.endsWith('.template.json') && alone.get(name) !== beside.get(name));
  expect(changed).toEqual(
    ['iris-proof-bangalore-edge', 'iris-proof-sao-paulo-edge', 'iris-proof-tokyo-edge'].map((name) => `${name}.template.json`),
  );
});

/** What a resource may and must say, from the provider’s typed bindings. */
function schemaOf(resource: string): { known: Set<string>; required: string[] } {
  const folder = resource.replace('cloudflare_', '').replaceAll('_', '-');
  const types = readFileSync(join(__dirname, `../../../node_modules/@cdktf/provider-cloudflare/lib/${folder}/index.d.ts`), 'utf8');
  const config = /export interface \w+Config extends cdktf\.TerraformMetaArguments \{([\s\S]*?)\n\}/.exec(types)?.[1] as string;
  const fields = [...config.matchAll(/^ {4}readonly (\w+)(\??):/gm)].map(([, name, optional]) => ({
    name: (name as string).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    isRequired: optional === '',
  }));
  return {
    known: new Set(fields.map(({ name }) => name)),
    required: fields.filter(({ isRequired }) => isRequired).map(({ name }) => name),
  };
}

describe.each(['proof', 'planet'])('the Terraform configuration of %s', (name) => {
  let resources: Terraform;
  let whole: typeof terraform;

  beforeAll(() => {
    whole = terraformOf({ ...presets.get(name)!, geoRouting: ['cloudflare'] });
    resources = whole.resource;
  });

  it('says of each resource only what the provider knows, and all that it must', () => {
    for (const [type, named] of Object.entries(resources)) {
      const { known, required } = schemaOf(type);
      expect(required.length).toBeGreaterThan(0);
      for (const fields of Object.values(named)) {
        expect([type, Object.keys(fields).filter((field) => field !== '//' && !known.has(field))]).toEqual([type, []]);
        expect([type, required.filter((field) => fields[field] === undefined)]).toEqual([type, []]);
      }
    }
  });

  it('refers to resources and variables that are there, pins its provider, and names its state without a path of this machine', () => {
    const references = [...JSON.stringify(resources).matchAll(/\$\{([a-z_]+)\.([\w-]+)(?:\.(\w+))?\}/g)];
    expect(references.length).toBeGreaterThan(5);
    for (const [text, type, id] of references)
      expect([text, type === 'var' ? id! in whole.variable : id! in (resources[type!] ?? {})]).toEqual([text, true]);
    const { cloudflare } = whole.terraform['required_providers'] as Record<string, { source: string; version: string }>;
    expect(cloudflare).toEqual({ source: 'cloudflare/cloudflare', version: '5.14.0' });
    expect(whole.terraform['backend']).toEqual({ local: { path: `iris-${name}-global.tfstate` } });
  });

  it('steers legal regions, every pool is used, origins and places are sorted, and nothing is proxied (C22)', () => {
    const [balancer] = Object.values(resources['cloudflare_load_balancer']!) as Record<string, Record<string, string[]>>[];
    const places = Object.keys(balancer!['region_pools']!);
    expect(places.every((place) => place in CLOUDFLARE_REGIONS)).toBe(true);
    expect(places).toEqual(places.toSorted());
    expect(balancer!['proxied']).toBe(false);
    const used = JSON.stringify(balancer);
    const pools = Object.entries(resources['cloudflare_load_balancer_pool']!);
    expect(pools).toHaveLength(createPlan(presets.get(name)!).regions.length);
    expect(pools.filter(([id]) => !used.includes(`cloudflare_load_balancer_pool.${id}.id`)).map(([id]) => id)).toEqual([]);
    for (const [, { origins }] of pools) {
      const addresses = (origins as { address: string }[]).map(({ address }) => address);
      expect(addresses).toEqual(addresses.toSorted());
    }
  });
});

it('iris limits knows what each way bounds', () => {
  const { routing } = limitsReport(createPlan(everyWay), new Map());
  expect(routing.map(({ limit, value, where }) => [limit, value, where])).toEqual([
    ['geolocation records of one name', 12, 'edge.proof.iris.io'],
    ['steering regions of Cloudflare', 12, 'cloudflare.edge.proof.iris.io'],
    ['AWS regions of an accelerator', 3, 'anycast.edge.proof.iris.io'],
    ['load balancers of an endpoint group', 1, 'anycast.edge.proof.iris.io'],
  ]);
});
