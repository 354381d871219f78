/** Regions in accounts of their own, deployed by the global account’s credentials to an AWS of two accounts (0063). */
import { DescribeVpcPeeringConnectionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateHostedZoneCommand, ListHostedZonesCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import type { Environment } from '../../environments/environment.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../infra/plan/node-configs.ts';
import { slotMapOf } from '../../infra/plan/slot-map.ts';
import { openRegister } from '../../runtime/adapters/slot-maps/open-register.ts';
import { readSlotMapPlace } from '../../runtime/contract/slot-map-place.ts';
import { OTHER_ACCOUNT, twoAccounts } from '../infra/apps/two-accounts.ts';
import type { EmulatedAws } from '../services/aws/emulated-aws.ts';
import { CdkDeployment, outcome } from './cdk-deployment.ts';

const DOMAIN = 'two.proof.iris.io';
const cloud = new CdkDeployment();
let other: EmulatedAws;
let environment: Environment;
let path: string;

const credentials = (aws: EmulatedAws) => ({ accessKeyId: aws.env['AWS_ACCESS_KEY_ID']!, secretAccessKey: 'test' });
const route53 = (aws: EmulatedAws) => new Route53Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials: credentials(aws) });

beforeAll(async () => {
  await cloud.start();
  other = await cloud.aws.as(OTHER_ACCOUNT, 'operator');
  const made = await route53(other).send(new CreateHostedZoneCommand({ Name: DOMAIN, CallerReference: 'two' }));
  const hostedZoneId = made.HostedZone!.Id!.replace('/hostedzone/', '');
  const dailyActiveUsers = 700_000;
  const regions = twoAccounts.regions.filter(({ code }) => code !== 'bangalore');
  environment = { ...twoAccounts, dailyActiveUsers, regions, accounts: { [OTHER_ACCOUNT]: { domain: DOMAIN, hostedZoneId } } };
  path = cloud.fileOf(environment, 'two');
  const plan = createPlan(environment);
  cloud.bootstrapAccount(plan);
  cloud.bootstrapAccount(plan, undefined, { account: OTHER_ACCOUNT, aws: other });
}, 240_000);
afterAll(() => cloud.stop());

it('one command deploys to both accounts, and nothing of a template is skipped', async () => {
  const first = cloud.deploy(path);
  if (first.status !== 0) throw new Error(first.output);
  expect(outcome(first).done).toBeGreaterThanOrEqual(16);
  const { wanted, made } = await cloud.resources();
  expect(made).toEqual(wanted);
  expect((await other.stacksIn('sa-east-1')).filter((stack) => stack.startsWith('iris-two-sao-paulo-')).length).toBeGreaterThanOrEqual(5);
  expect((await cloud.aws.stacksIn('sa-east-1')).filter((stack) => stack.startsWith('iris-'))).toEqual([]);
}, 240_000);

it('names of the region are in its account’s zone, and clients of its places are sent to its load balancer (G1)', async () => {
  const own = await recordsOf(other, DOMAIN);
  const edge = own.find(({ Name }) => hostOf(Name) === `edge-sao-paulo.${DOMAIN}`);
  expect(edge?.AliasTarget?.DNSName).toMatch(/./);
  const answers = (await recordsOf(cloud.aws, 'proof.iris.io')).filter(({ Name }) => hostOf(Name) === 'edge.proof.iris.io');
  const targetOf = (place: string) => answers.find(({ SetIdentifier }) => SetIdentifier === place)?.AliasTarget?.DNSName;
  expect(targetOf('continent-SA')).toBe(edge?.AliasTarget?.DNSName);
  expect(targetOf('continent-AS')).toMatch(/^edge-tokyo\.proof\.iris\.io/);
});

const hostOf = (name = '') => name.replace(/\.$/, '');

async function recordsOf(aws: EmulatedAws, domain: string) {
  const client = route53(aws);
  const { HostedZones = [] } = await client.send(new ListHostedZonesCommand({}));
  const zone = HostedZones.find(({ Name }) => hostOf(Name) === domain);
  const { ResourceRecordSets = [] } = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone!.Id! }));
  return ResourceRecordSets;
}

it('the networks are joined: the connection is active as both accounts see it', async () => {
  const seen = async (aws: EmulatedAws, region: string) => {
    const client = new EC2Client({ endpoint: aws.endpoint, region, credentials: credentials(aws) });
    const { VpcPeeringConnections = [] } = await client.send(new DescribeVpcPeeringConnectionsCommand({}));
    return VpcPeeringConnections.map(({ VpcPeeringConnectionId, Status }) => `${VpcPeeringConnectionId} ${Status?.Code}`);
  };
  const connection = await seen(other, 'sa-east-1');
  expect(connection).toEqual([expect.stringMatching(/ active$/)]);
  expect(await seen(cloud.aws, 'ap-northeast-1')).toEqual(connection);
});

it('a node elsewhere reads the planned slot map and what operators publish, with the role that its config names and not without', async () => {
  const plan = createPlan(environment);
  const place = nodeConfigsOf(plan, 'sao-paulo').core.slotMap!;
  const before = { ...process.env };
  const as = async <T>(aws: EmulatedAws, ask: () => Promise<T>): Promise<T> => {
    Object.assign(process.env, aws.env, { AWS_ENDPOINT_URL: `http://127.0.0.1:${cloud.aws.port}` });
    try {
      return await ask();
    } finally {
      process.env = { ...before };
    }
  };
  const node = await cloud.aws.as(OTHER_ACCOUNT, 'iris/two/node');
  const read = (text: string) => as(node, () => openRegister(readSlotMapPlace(text)).read());
  expect((await read(place))?.document).toEqual(slotMapOf(plan));
  expect(await read(place.replace(/&role=.*$/, ''))).toBeUndefined();

  const next = { ...slotMapOf(plan), version: plan.slotMap.version + 1 };
  await as(cloud.aws, async () => {
    const register = openRegister(readSlotMapPlace(place.replace(/&role=.*$/, '')));
    expect(await register.publish(next, (await register.read())?.revision)).toBe(true);
  });
  expect((await read(place))?.document).toEqual(next);
}, 60_000);
