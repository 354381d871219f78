/** What an infra team does, done: `cdk deploy` of whole environments to an AWS on loopback, again, changed, failed, grown and shrunk. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ListHostedZonesCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import type { Environment } from '../../environments/environment.ts';
import { growth } from '../../environments/growth.ts';
import { proof } from '../../environments/proof.ts';
import { PINNED_NODE } from '../../infra/package/pinned-node.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { newRegionEntry, withRegion } from '../../infra/plan/new-region.ts';
import { checkNodeConfig } from '../../runtime/contract/node-config.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { ACCOUNT, EmulatedAws } from '../services/aws/emulated-aws.ts';

const root = resolve(__dirname, '../..');
const cdk = join(root, 'node_modules/.bin/cdk');
const folder = mkdtempSync(join(tmpdir(), 'iris-deploy-'));
const cache = join(folder, 'cache');
let aws: EmulatedAws;

beforeAll(() => {
  mkdirSync(cache);
  // No registry is asked: templates need the pinned Node’s hash only, and its bytes are an asset like any other.
  writeFileSync(join(cache, `node-${PINNED_NODE.version}-${PINNED_NODE.sha256.slice(0, 16)}.gz`), gzipSync('node'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runCdk(args: readonly string[], cwd = root): { status: number | null; output: string } {
  const env = { ...process.env, ...aws.env, IRIS_CACHE: cache, CDK_VALIDATION: 'false', NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(cdk, args, { cwd, env, encoding: 'utf8', timeout: 240_000, maxBuffer: 2 ** 26 });
  return { status, output: `${stdout}${stderr}` };
}

/** The environment as a file of its own, as a user has it. */
function fileOf(environment: Environment, name: string): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(environment));
  return path;
}

function bootstrap(environment: Environment, regions?: readonly string[]): void {
  const plan = createPlan(environment);
  const used = plan.regions.filter(({ code }) => regions?.includes(code) ?? true).map(({ awsRegion }) => awsRegion);
  const places = [...new Set([plan.globalRegion, ...used])].map((region) => `aws://${ACCOUNT}/${region}`);
  // From a folder without an app: accounts and regions are named.
  const { status, output } = runCdk(['bootstrap', ...places], folder);
  if (status !== 0) throw new Error(output);
}

function deploy(path: string, ...more: readonly string[]): { status: number | null; output: string } {
  const args = ['deploy', '--all', '-c', `environment=${path}`, '--output', join(folder, 'cdk.out'), '--require-approval', 'never'];
  return runCdk([...args, '--progress', 'events', '--previous-parameters=false', '--concurrency', '4', ...more]);
}

function count(output: string, pattern: RegExp): number {
  return output.match(new RegExp(pattern, 'g'))?.length ?? 0;
}

/** What `cdk deploy` says of stacks that it created or updated, and of those it left alone. */
function outcome({ status, output }: { status: number | null; output: string }): {
  status: number | null;
  done: number;
  unchanged: number;
} {
  return { status, done: count(output, /✅ {2}/), unchanged: count(output, /\(no changes\)/) };
}

async function documentAt(region: string, parameter: string): Promise<unknown> {
  const value = await aws.parameter(region, parameter);
  if (value === undefined) throw new Error(`no parameter ${parameter} in ${region}`);
  const pointer = JSON.parse(value) as { bucket: string; key: string; sha256: string };
  const bytes = await aws.object(`s3://${pointer.bucket}/${pointer.key}`);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(pointer.sha256);
  return JSON.parse(bytes.toString('utf8')) as unknown;
}

describe('proof, on the embedded foundation', () => {
  const path = fileOf(proof, 'proof');
  const plan = createPlan(proof);
  const stacks = 14;

  beforeAll(async () => {
    aws = await EmulatedAws.start();
    bootstrap(proof);
  }, 240_000);
  afterAll(() => aws.stop());

  it('is deployed with one command, and the same command again changes nothing', () => {
    expect(outcome(deploy(path))).toEqual({ status: 0, done: stacks, unchanged: 0 });
    expect(outcome(deploy(path))).toEqual({ status: 0, done: stacks, unchanged: stacks });
  }, 240_000);

  it('has put node configs and the slot map where the pointers say, under their hashes, and a node takes them (L12)', async () => {
    for (const { awsRegion, names } of plan.regions) {
      for (const parameter of [names.edgeConfigParameter, names.coreConfigParameter]) {
        // What differs from node to node comes from the machine: its name, its group.
        const document = (await documentAt(awsRegion, parameter)) as Record<string, unknown>;
        expect(checkNodeConfig({ ...document, node: 'node', ...(document['role'] === 'core' ? { group: 'group' } : {}) })).toEqual([]);
      }
    }
    expect(readSlotMap(await documentAt(plan.globalRegion, plan.names.slotMapParameter)).map.shards).toBe(plan.totals.shards);
  });

  it('answers for its name in Route 53: a record for each place that a region serves, one default, each aliased to a region’s own name (G1)', async () => {
    const route53 = new Route53Client({
      endpoint: aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const { HostedZones = [] } = await route53.send(new ListHostedZonesCommand({}));
    expect(HostedZones.map(({ Name }) => Name?.replace(/\.$/, ''))).toEqual([plan.domain]);
    const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: HostedZones[0]!.Id! }));
    const records = ResourceRecordSets.filter(({ Name, Type }) => Name?.replace(/\.$/, '') === plan.names.endpointHost && Type === 'A');
    const places = records.map(({ GeoLocation }) => GeoLocation?.ContinentCode ?? GeoLocation?.CountryCode ?? '');
    const wanted = plan.regions.flatMap(({ serves }) => [...serves.continents, ...serves.countries, ...(serves.default ? ['*'] : [])]);
    expect(places.toSorted()).toEqual(wanted.toSorted());
  });

  it('protects what has state from deletion, and nothing else', () => {
    const { status, output } = runCdk([
      'destroy',
      'iris-proof-tokyo-core-0',
      '-c',
      `environment=${path}`,
      '--output',
      join(folder, 'cdk.out'),
      '--force',
      '--exclusively',
    ]);
    expect(`${status === 0 ? 'deleted' : 'kept'} ${output}`).toMatch(/^kept [\s\S]*[Tt]ermination ?[Pp]rotection/);
  }, 60_000);

  it('is updated stack by stack: more edges in Tokyo change the edge stack of Tokyo alone (N8)', () => {
    const more = fileOf(
      { ...proof, regions: proof.regions.map((region) => (region.code === 'tokyo' ? { ...region, edges: 3 } : region)) },
      'more',
    );
    const result = deploy(more);
    expect(outcome(result)).toEqual({ status: 0, done: stacks, unchanged: stacks - 1 });
    expect(result.output).toMatch(/iris-proof-tokyo-edge \| .*UPDATE_COMPLETE/);
  }, 120_000);

  it('grows by a region with four stacks of its own and two global updates, and shrinks by its record first, its stacks left to be deleted (G4, A27)', () => {
    const sydney = newRegionEntry(proof, { code: 'sydney', awsRegion: 'ap-southeast-2', countries: ['AU', 'NZ'] });
    const grown = withRegion(proof, sydney);
    const path2 = fileOf(grown, 'grown');
    bootstrap(grown, ['sydney']);
    deploy(path);
    const result = deploy(path2);
    expect(outcome(result)).toEqual({ status: 0, done: stacks + 4, unchanged: stacks - 2 });
    const back = deploy(path);
    expect(outcome(back)).toEqual({ status: 0, done: stacks, unchanged: stacks - 2 });
    expect(back.output).toMatch(/iris-proof-global-routing \| .*UPDATE_COMPLETE/);
  }, 240_000);
});

describe('a region of growth, on the distributed foundation', () => {
  const path = fileOf(growth, 'growth');
  const plan = createPlan(growth);

  beforeAll(async () => {
    aws = await EmulatedAws.start();
    bootstrap(growth, ['tokyo']);
  }, 240_000);
  afterAll(() => aws.stop());

  it('fails with the parameter’s name while the operator has not said which image the store nodes run', () => {
    const { status, output } = deploy(path, '-c', 'regions=tokyo');
    expect(status).toBe(1);
    expect(output).toMatch(/iris-growth-tokyo-store/);
  }, 120_000);

  it('is deployed with Kafka, ScyllaDB and Valkey once it has been said', async () => {
    // A protected stack that was rolled back is not deleted by the next attempt: this account has never seen one.
    await aws.stop();
    aws = await EmulatedAws.start();
    bootstrap(growth, ['tokyo']);
    await aws.setParameter('ap-northeast-1', '/iris/growth/store-image', 'ami-0123456789abcdef0');
    const result = deploy(path, '-c', 'regions=tokyo');
    if (result.status !== 0) throw new Error(result.output);
    expect(
      checkNodeConfig({
        ...((await documentAt('ap-northeast-1', plan.regions[0]!.names.coreConfigParameter)) as object),
        node: 'n',
        group: 'g',
      }),
    ).toEqual([]);
  }, 120_000);
});

describe('a rollout', () => {
  beforeAll(async () => {
    aws = await EmulatedAws.start();
    bootstrap(proof);
  }, 240_000);
  afterAll(() => aws.stop());

  it('goes wave by wave with iris deploy --execute, each with its own stacks, until all are there', async () => {
    const env = { ...process.env, ...aws.env, IRIS_CACHE: cache, NO_COLOR: '1' };
    const done: number[] = [];
    for (const wave of ['0', '1', '2', '3', '4']) {
      const args = [join(root, 'bin/iris.js'), 'deploy', 'proof', '--wave', wave, '--execute', '--out', join(folder, 'waves')];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8', timeout: 120_000 });
      if (status !== 0) throw new Error(`${stdout}${stderr}`);
      done.push(count(`${stdout}${stderr}`, /✅ {2}/));
    }
    expect(done).toEqual([1, 4, 4, 4, 1]);
  }, 240_000);
});

describe('a resource that cannot be made', () => {
  afterEach(() => aws.stop());

  it('rolls its stack back and says which one it was', async () => {
    const path = fileOf(proof, 'proof');
    aws = await EmulatedAws.start({ failures: ['EdgeLoadBalancer5CF663A8'] });
    bootstrap(proof);
    const { status, output } = deploy(path);
    expect(status).toBe(1);
    expect(output).toMatch(/iris-proof-\w+(-\w+)?-edge \| .*ROLLBACK_COMPLETE/);
    expect(output).toMatch(/EdgeLoadBalancer5CF663A8: the failure that was asked for/);
  }, 240_000);
});
