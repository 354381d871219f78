/** What an infra team does, done: `cdk deploy` of whole environments to an AWS on loopback, again, changed, failed, grown and shrunk. */
import { join } from 'node:path';
import { ListHostedZonesCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Environment } from '../../environments/environment.ts';
import { planet } from '../../environments/planet.ts';
import { proof } from '../../environments/proof.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { newRegionEntry, withRegion } from '../../infra/plan/new-region.ts';
import type { Plan } from '../../infra/plan/plan.ts';
import { mediaParameters } from '../../infra/stacks/region-parameters.ts';
import { checkNodeConfig } from '../../runtime/contract/node-config.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { PUBLIC_KEY } from '../infra/apps/full-environment.ts';
import { CdkDeployment, count, outcome } from './cdk-deployment.ts';

let cloud: CdkDeployment;

beforeEach(() => {
  expect.hasAssertions();
});

async function expectNothingSkipped(): Promise<void> {
  const { wanted, made } = await cloud.resources();
  expect(wanted.length).toBeGreaterThan(0);
  expect(made).toEqual(wanted);
}

describe('proof, on the embedded foundation', () => {
  const plan = createPlan(proof);
  let path: string;
  let stacks: number;

  beforeAll(async () => {
    cloud = new CdkDeployment();
    await cloud.start();
    path = cloud.fileOf(proof, 'proof');
    cloud.bootstrap(proof);
  }, 240_000);
  afterAll(() => cloud.stop());

  it('is deployed with one command, and the same command again changes nothing', () => {
    const first = outcome(cloud.deploy(path));
    stacks = first.done;
    expect(stacks).toBeGreaterThanOrEqual(14);
    expect(first).toEqual({ status: 0, done: stacks, unchanged: 0 });
    expect(outcome(cloud.deploy(path))).toEqual({ status: 0, done: stacks, unchanged: stacks });
  }, 240_000);

  it('has every resource of every template: none was skipped', async () => {
    await expectNothingSkipped();
  });

  it('has put node configs and the slot map where the pointers say, under their hashes, and a node takes them (L12)', async () => {
    for (const { awsRegion, names } of plan.regions) {
      for (const parameter of [names.edgeConfigParameter, names.coreConfigParameter]) {
        // What differs from node to node comes from the machine: its name, its group.
        const document = (await cloud.documentAt(awsRegion, parameter)) as Record<string, unknown>;
        expect(checkNodeConfig({ ...document, node: 'node', ...(document['role'] === 'core' ? { group: 'group' } : {}) })).toEqual([]);
      }
    }
    expect(readSlotMap(await cloud.documentAt(plan.globalRegion, plan.names.slotMapParameter)).map.shards).toBe(plan.totals.shards);
  });

  it('answers for its name in Route 53: a record for each place that a region serves, one default (G1)', async () => {
    expect(await placesIn(plan)).toEqual(placesServed(plan));
  });

  it('protects what has state from deletion', () => {
    const what = ['iris-proof-tokyo-core-0', '-c', `environment=${path}`, '--output', cloud.out, '--force', '--exclusively'];
    const { status, output } = cloud.cdk(['destroy', ...what]);
    expect(`${status === 0 ? 'deleted' : 'kept'} ${output}`).toMatch(/^kept [\s\S]*[Tt]ermination ?[Pp]rotection/);
  }, 60_000);

  it('is updated stack by stack: more edges in Tokyo change the edge stack of Tokyo alone (N8)', () => {
    const edges = proof.regions.map((region) => (region.code === 'tokyo' ? { ...region, edges: 3 } : region));
    const result = cloud.deploy(cloud.fileOf({ ...proof, regions: edges }, 'more'));
    expect(outcome(result)).toEqual({ status: 0, done: stacks, unchanged: stacks - 1 });
    expect(result.output).toMatch(/iris-proof-tokyo-edge \| .*UPDATE_COMPLETE/);
  }, 120_000);

  const sydney = newRegionEntry(proof, { code: 'sydney', awsRegion: 'ap-southeast-2', countries: ['AU', 'NZ'] });

  it('grows by a region with stacks of its own, two global updates and a peering from each other region (G4)', async () => {
    const grown = withRegion(proof, sydney);
    cloud.bootstrap(grown, ['sydney']);
    cloud.deploy(path);
    const result = cloud.deploy(cloud.fileOf(grown, 'grown'));
    const ofRegion = (stacks - 2) / proof.regions.length;
    expect(outcome(result)).toEqual({ status: 0, done: stacks + ofRegion, unchanged: stacks - 2 - plan.joins.length });
    expect(await placesIn(plan)).toEqual(placesServed(createPlan(grown)));
  }, 240_000);

  it('loses it by iris remove-region: its records go while its load balancer stands, what is protected goes when a person has said so, volumes stay (A27)', async () => {
    const file = join(cloud.folder, 'grown.json');
    const wave = (kind: string) => {
      const number = wavesOf(file).findIndex((one) => one.kind === kind);
      return cloud.iris('deploy', file, '--wave', `${number}`, '--execute', '--out', cloud.out);
    };
    expect(cloud.iris('remove-region', 'sydney', '--from', file, '--drained')).toMatchObject({ status: 0 });
    for (const kind of ['global', 'routing']) {
      const { status, output } = wave(kind);
      if (status !== 0) throw new Error(output);
    }
    expect(await placesIn(plan)).toEqual(placesServed(plan));
    expect(await balancersIn('ap-southeast-2')).toBe(1);

    const volumes = await volumesOf('ap-southeast-2', 'iris-proof-sydney-core-0');
    expect(volumes).not.toEqual([]);

    const kept = wave('leaving');
    expect(kept.status).not.toBe(0);
    const protectedStacks = [...kept.output.matchAll(/--no-enable-termination-protection --region (\S+) --stack-name (\S+)/g)];
    expect(protectedStacks.map(([, , stack]) => stack)).toContain('iris-proof-sydney-core-0');
    for (const [, region, stack] of protectedStacks) await cloud.aws.unprotect(region!, stack!);
    const gone = wave('leaving');
    if (gone.status !== 0) throw new Error(gone.output);
    expect(await balancersIn('ap-southeast-2')).toBe(0);
    expect((await cloud.aws.stacksIn('ap-southeast-2')).filter((stack) => stack.startsWith('iris-proof'))).toEqual([]);
    for (const id of volumes) expect({ id, isThere: await isVolumeThere('ap-southeast-2', id) }).toEqual({ id, isThere: true });

    expect(cloud.iris('remove-region', 'sydney', '--from', file, '--gone')).toMatchObject({ status: 0 });
    expect(wave('global').output).toMatch(/\(no changes\)/);
  }, 240_000);
});

function wavesOf(environment: string): readonly { readonly kind: string }[] {
  const { status, stdout, output } = cloud.iris('rollout', environment, '--json');
  if (status !== 0) throw new Error(output);
  return (JSON.parse(stdout) as { waves: { kind: string }[] }).waves;
}

/** Places for which Route 53 has an answer of its own, `*` for all others. */
async function placesIn({ domain, names }: Plan): Promise<string[]> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const route53 = new Route53Client({ endpoint: cloud.aws.endpoint, region: 'us-east-1', credentials });
  const { HostedZones = [] } = await route53.send(new ListHostedZonesCommand({}));
  const zone = HostedZones.find(({ Name }) => Name?.replace(/\.$/, '') === domain);
  const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone!.Id! }));
  const records = ResourceRecordSets.filter(({ Name, Type }) => Name?.replace(/\.$/, '') === names.endpointHost && Type === 'A');
  return records.map(({ GeoLocation }) => GeoLocation?.ContinentCode ?? GeoLocation?.CountryCode ?? '').toSorted();
}

function placesServed({ regions }: Plan): string[] {
  const places = regions.flatMap(({ serves }) => [...serves.continents, ...serves.countries, ...(serves.default ? ['*'] : [])]);
  return places.toSorted();
}

async function balancersIn(region: string): Promise<number> {
  const answer = await cloud.aws.query('elasticloadbalancing', region, { Action: 'DescribeLoadBalancers', Version: '2015-12-01' });
  return count(answer, /<LoadBalancerArn>/);
}

/** Volumes with the data of a shard group. */
async function volumesOf(region: string, stack: string): Promise<string[]> {
  const answer = await cloud.aws.query('cloudformation', region, {
    Action: 'DescribeStackResources',
    Version: '2010-05-15',
    StackName: stack,
  });
  return [...answer.matchAll(/<PhysicalResourceId>(vol-[0-9a-f]+)</g)].map((match) => match[1]!);
}

async function isVolumeThere(region: string, id: string): Promise<boolean> {
  const answer = await cloud.aws.query('ec2', region, {
    Action: 'DescribeVolumes',
    Version: '2016-11-15',
    'Filter.1.Name': 'volume-id',
    'Filter.1.Value.1': id,
  });
  return answer.includes(`<volumeId>${id}<`);
}

const media = { signingKey: PUBLIC_KEY };
/** Three zones, since each holds one of three copies. */
const distributedProof: Environment = { ...proof, media, foundation: 'distributed', zones: 3, instanceTypes: { store: 'i4i.large' } };

describe.each([
  ['proof, on the distributed foundation', distributedProof, proof.regions.map(({ code }) => code)],
  ['a region of planet', { ...planet, media }, ['frankfurt']],
] as const)('%s', (_, environment, codes) => {
  const plan = createPlan(environment);
  const regions = plan.regions.filter(({ code }) => codes.some((one) => one === code));
  const chosen = ['-c', `regions=${codes.join(',')}`];
  let path: string;

  beforeAll(async () => {
    cloud = new CdkDeployment();
    await cloud.start();
    path = cloud.fileOf(environment, environment.name);
    cloud.bootstrap(environment, codes);
  }, 240_000);
  afterAll(() => cloud.stop());

  it('is deployed with Kafka, ScyllaDB and Valkey, nothing skipped, and again without changes', async () => {
    for (const { awsRegion } of regions) {
      await cloud.aws.setParameter(awsRegion, `/iris/${environment.name}/store-image`, 'ami-0123456789abcdef0');
    }
    const first = cloud.deploy(path, ...chosen);
    if (first.status !== 0) throw new Error(first.output);
    await expectNothingSkipped();
    const { done, unchanged } = outcome(cloud.deploy(path, ...chosen));
    expect(unchanged).toBe(done);
  }, 240_000);

  it('has node configs that a node takes (L12)', async () => {
    const { awsRegion, names } = regions[0]!;
    const document = (await cloud.documentAt(awsRegion, names.coreConfigParameter)) as object;
    expect(checkNodeConfig({ ...document, node: 'n', group: 'g' })).toEqual([]);
  });

  it('has a bucket for media where the parameter says (D12)', async () => {
    const { awsRegion, code } = regions[0]!;
    const bucket = await cloud.aws.parameter(awsRegion, mediaParameters(environment.name, code).bucket);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const s3 = new S3Client({ endpoint: cloud.aws.endpoint, region: awsRegion, credentials, forcePathStyle: true });
    expect((await s3.send(new HeadBucketCommand({ Bucket: bucket! }))).$metadata.httpStatusCode).toBe(200);
  });
});

describe('what cannot be made', () => {
  beforeEach(() => {
    cloud = new CdkDeployment();
  });
  afterEach(() => cloud.stop());

  it('rolls its stack back and says which resource it was', async () => {
    await cloud.start({ failures: ['EdgeLoadBalancer5CF663A8'] });
    cloud.bootstrap(proof);
    const { status, output } = cloud.deploy(cloud.fileOf(proof, 'proof'));
    expect(status).toBe(1);
    expect(output).toMatch(/iris-proof-\w+(-\w+)?-edge \| .*ROLLBACK_COMPLETE/);
    expect(output).toMatch(/EdgeLoadBalancer5CF663A8: the failure that was asked for/);
  }, 240_000);

  it('is a store without an image: the deployment fails and names the stack while the operator has not said which', async () => {
    await cloud.start();
    cloud.bootstrap(distributedProof, ['tokyo']);
    const { status, output } = cloud.deploy(cloud.fileOf(distributedProof, 'proof'), '-c', 'regions=tokyo');
    expect(status).toBe(1);
    expect(output).toMatch(/iris-proof-tokyo-store/);
  }, 240_000);
});

describe('a rollout', () => {
  beforeAll(async () => {
    cloud = new CdkDeployment();
    await cloud.start();
    cloud.bootstrap(proof);
  }, 240_000);
  afterAll(() => cloud.stop());

  it('goes wave by wave with iris deploy --execute, each with its own stacks, until all are there', async () => {
    const { status, stdout, output } = cloud.iris('rollout', 'proof', '--json');
    if (status !== 0) throw new Error(output);
    const { waves } = JSON.parse(stdout) as { waves: { stacks: string[] }[] };
    for (const [number, { stacks }] of waves.entries()) {
      const wave = cloud.iris('deploy', 'proof', '--wave', `${number}`, '--execute', '--out', cloud.out);
      if (wave.status !== 0) throw new Error(wave.output);
      expect(count(wave.output, /✅ {2}/)).toBe(stacks.length);
    }
    await expectNothingSkipped();
  }, 240_000);
});
