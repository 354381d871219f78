/** Regions in accounts of their own (0063): what crosses accounts does so by names that are known before anything is deployed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../environments/environment.ts';
import { proof } from '../../../environments/proof.ts';
import { synthesizeCloudflare } from '../../../infra/apps/cloudflare-app.ts';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { newRegionEntry, withRegion } from '../../../infra/plan/new-region.ts';
import { nodeConfigsOf } from '../../../infra/plan/node-configs.ts';
import { slotMapOf } from '../../../infra/plan/slot-map.ts';
import { costReport } from '../../../infra/reports/cost/cost-report.ts';
import { diffReport } from '../../../infra/reports/diff/diff-report.ts';
import type { Template } from '../../../infra/reports/diff/template.ts';
import type { Rollout } from '../../../infra/reports/rollout.ts';
import { readSlotMapPlace } from '../../../runtime/contract/slot-map-place.ts';
import { deployedStacks } from '../laws/deployed-stacks.ts';
import { wildcards } from '../laws/iam-actions.ts';
import { nameProblems } from '../laws/names.ts';
import { unwrittenParameters } from '../laws/parameters.ts';
import { filesOf, readTemplate, resourcesOfType, synthesizeEnvironment, temporaryFolder } from './synthesize-fixture.ts';
import { GLOBAL_ACCOUNT, OTHER_ACCOUNT, twoAccounts } from './two-accounts.ts';

const READER = `arn:aws:iam::${GLOBAL_ACCOUNT}:role/iris-two-slot-map`;
const plan = createPlan(twoAccounts);
let assembly: Assembly;

beforeAll(async () => {
  assembly = await synthesizeEnvironment(twoAccounts);
}, 60_000);

const template = (stack: string) => readTemplate(assembly, stack);
const roles = (stack: string) => resourcesOfType(template(stack), 'AWS::IAM::Role').map(({ Properties }) => Properties!);
/** What a stack reads of others: stack, output, and the role with which it does, if any. */
function outputsRead(stack: string): string[] {
  const found = JSON.stringify(template(stack)).matchAll(/"Fn::GetStackOutput":(\{[^}]+\})/g);
  return [...found].map(([, text]) => {
    const { StackName, OutputName, RoleArn = '' } = JSON.parse(text!) as Record<string, string>;
    return `${StackName} ${OutputName} ${RoleArn}`.trim();
  });
}

it('keeps every law of templates, and each stack is deployed to its region’s account', () => {
  const stacks = deployedStacks(assembly);
  expect([...wildcards(stacks), ...nameProblems(stacks), ...unwrittenParameters(stacks)]).toEqual([]);
  const elsewhere = ['sao-paulo', 'bangalore'].flatMap((code) => [...assembly.regionStacks[code]!, `iris-two-global-join-${code}`]);
  expect(elsewhere.length).toBeGreaterThan(10);
  for (const { name, place } of stacks) {
    const isElsewhere = elsewhere.includes(name) || name === `iris-two-global-account-${OTHER_ACCOUNT}`;
    expect([name, place.split('/')[2]]).toEqual([name, isElsewhere ? OTHER_ACCOUNT : GLOBAL_ACCOUNT]);
  }
  const { waves } = JSON.parse(readFileSync(join(assembly.directory, 'rollout.json'), 'utf8')) as Rollout;
  expect(waves[0]?.stacks).toEqual([
    'iris-two-global',
    `iris-two-global-account-${GLOBAL_ACCOUNT}`,
    `iris-two-global-account-${OTHER_ACCOUNT}`,
  ]);
  expect(assembly.warnings.join('\n')).not.toMatch(/slot map|joins these networks/);
});

it('has names of other accounts’ regions in the zones of those accounts, where the nodes’ own roles set them', () => {
  const [paulo] = plan.regions.filter(({ code }) => code === 'sao-paulo');
  expect(paulo?.addresses).toMatchObject({ edgeHost: 'edge-sao-paulo.two.proof.iris.io', coreZone: 'core.two.proof.iris.io' });
  const map = slotMapOf(plan).regions.map(({ groups }) => groups[0]?.address);
  expect(map).toEqual([
    'tokyo-g0.core.proof.iris.io:7400',
    'sao-paulo-g0.core.two.proof.iris.io:7400',
    'bangalore-g0.core.two.proof.iris.io:7400',
  ]);
  const [record] = resourcesOfType(template('iris-two-sao-paulo-edge'), 'AWS::Route53::RecordSet');
  expect(record?.Properties).toMatchObject({ HostedZoneId: 'Z0123456789TWO', Name: 'edge-sao-paulo.two.proof.iris.io' });
  const [core] = roles('iris-two-sao-paulo-core-0');
  expect(JSON.stringify(core)).toMatch(/hostedzone\/Z0123456789TWO.*sao-paulo-g\*\.core\.two\.proof\.iris\.io/);
  expect(outputsRead('iris-two-sao-paulo-core-0')).toEqual([]);
});

it('lets nodes elsewhere read the slot map as one role of the global account, and nobody else there', () => {
  for (const { Path, Policies } of [...roles('iris-two-sao-paulo-edge'), ...roles('iris-two-sao-paulo-core-0')]) {
    expect(Path).toBe('/iris/two/');
    const statements = (Policies as { PolicyDocument: { Statement: { Action: string[]; Resource: unknown }[] } }[])[0]!.PolicyDocument
      .Statement;
    expect(statements.filter(({ Action }) => Action.includes('sts:AssumeRole')).map(({ Resource }) => Resource)).toEqual([READER]);
    expect(JSON.stringify(statements)).not.toMatch(/slotmap|parameter\/iris\/two\/slot-map/);
  }
  expect(roles('iris-two-tokyo-edge')[0]).not.toHaveProperty('Path');
  expect(JSON.stringify(roles('iris-two-tokyo-edge'))).not.toContain('sts:AssumeRole"]');
  const reader = roles(`iris-two-global-account-${GLOBAL_ACCOUNT}`).find(({ RoleName }) => RoleName === 'iris-two-slot-map');
  expect(reader?.['AssumeRolePolicyDocument']).toMatchObject({
    Statement: [
      {
        Principal: { AWS: [`arn:aws:iam::${OTHER_ACCOUNT}:root`] },
        Condition: { ArnLike: { 'aws:PrincipalArn': [`arn:aws:iam::${OTHER_ACCOUNT}:role/iris/two/*`] } },
      },
    ],
  });
  const places = plan.regions.map(({ code }) => readSlotMapPlace(nodeConfigsOf(plan, code).edge.slotMap!));
  expect(places.map((place) => place.kind === 'ssm' && place.roleArn)).toEqual([undefined, READER, READER]);
});

it('sends clients to a load balancer of another account by its own name, since no alias names a record of another zone', () => {
  const records = resourcesOfType(template('iris-two-global-routing'), 'AWS::Route53::RecordSet').map(({ Properties }) => Properties!);
  const targetOf = (place: string) => records.find(({ SetIdentifier }) => SetIdentifier === place)?.['AliasTarget'];
  const read = (output: string) => ({
    'Fn::GetStackOutput': {
      StackName: 'iris-two-sao-paulo-edge',
      OutputName: output,
      Region: 'sa-east-1',
      RoleArn: `arn:aws:iam::${OTHER_ACCOUNT}:role/iris-two-outputs`,
    },
  });
  expect(targetOf('continent-SA')).toEqual({
    DNSName: read('LoadBalancerDnsName'),
    HostedZoneId: read('LoadBalancerZoneId'),
    EvaluateTargetHealth: true,
  });
  expect(targetOf('continent-AS')).toMatchObject({ DNSName: 'edge-tokyo.proof.iris.io', EvaluateTargetHealth: true });
});

it('joins networks of both accounts, the other one’s role accepting; no output is read across them without a role', () => {
  const join = (code: string) => `iris-two-global-join-${code}`;
  const asked = resourcesOfType(template(join('sao-paulo')), 'AWS::EC2::VPCPeeringConnection').map(({ Properties }) => Properties!);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ PeerOwnerId: GLOBAL_ACCOUNT, PeerRoleArn: `arn:aws:iam::${GLOBAL_ACCOUNT}:role/iris-two-peering` });
  const inside = resourcesOfType(template(join('bangalore')), 'AWS::EC2::VPCPeeringConnection').map(({ Properties }) => Properties!);
  expect(inside.filter(({ PeerOwnerId }) => PeerOwnerId === undefined)).toHaveLength(1);
  const reads = plan.regions.flatMap(({ code, account }) => outputsRead(join(code)).map((text) => [account, text] as const));
  expect(reads).toHaveLength(6);
  for (const [account, text] of reads) {
    const owner = /-(tokyo)(-network)? /.test(text) ? GLOBAL_ACCOUNT : OTHER_ACCOUNT;
    expect([text, text.includes(`arn:aws:iam::${owner}:role/iris-two-outputs`)]).toEqual([text, account !== owner]);
  }
});

it('shares the one core network with the other accounts where that joins them, and needs us-east-1 for it', async () => {
  const wan = await synthesizeEnvironment({ ...twoAccounts, regionJoin: 'cloud-wan' }, { regions: ['sao-paulo'] });
  const [share] = resourcesOfType(readTemplate(wan, 'iris-two-global'), 'AWS::RAM::ResourceShare');
  expect(share?.Properties).toMatchObject({ Principals: [OTHER_ACCOUNT] });
  const network = JSON.stringify(readTemplate(wan, 'iris-two-sao-paulo-network'));
  expect(network).toContain(`"RoleArn":"arn:aws:iam::${GLOBAL_ACCOUNT}:role/iris-two-outputs"`);
});

const CORE = 'iris-two-sao-paulo-core-0';

it('is told by iris diff: a region in another account is made anew there, one whose account gets its number stays (N8)', () => {
  const side = (environment: Environment) => ({
    name: '',
    environment: 'two',
    plan: createPlan(environment),
    templates: new Map([[CORE, JSON.parse(readFileSync(join(assembly.directory, `${CORE}.template.json`), 'utf8')) as Template]]),
  });
  const whole = { ...proof, name: 'two' };
  const report = diffReport(side(whole), side(twoAccounts), []);
  expect(new Set(report.changes.map(({ action, causes }) => `${action} ${causes.join()}`))).toEqual(new Set(['replace /Place']));
  expect(report.refused).toEqual([expect.stringMatching(/^iris-two-sao-paulo-core-0\/CoreVolume/)]);
  expect(diffReport(side(whole), side({ ...whole, globalAccount: GLOBAL_ACCOUNT }), []).changes).toEqual([]);
});

it('is billed what every account gets for nothing once for each (C2)', () => {
  const free = (environment: Environment) => costReport(createPlan(environment)).lines.find(({ unit }) => unit === 'account');
  const [one, two] = [free(proof), free(twoAccounts)];
  expect([one?.quantity, two?.quantity]).toEqual([1, 2]);
  expect(two!.dollars).toBeLessThan(one!.dollars);
});

it('lets Cloudflare ask the name of each region’s edges, whichever zone it is in', () => {
  const folder = temporaryFolder();
  synthesizeCloudflare(createPlan({ ...twoAccounts, geoRouting: ['cloudflare'] }), folder);
  const text = readFileSync(join(folder, 'stacks/iris-two-global-cloudflare/cdk.tf.json'), 'utf8');
  for (const host of ['edge-tokyo.proof.iris.io', 'edge-sao-paulo.two.proof.iris.io']) expect(text).toContain(`"address": "${host}"`);
});

it('changes nothing of the regions that stay where they are when an account comes, nor of any when a region comes to it (L11)', async () => {
  const whole = { ...proof, name: 'two', globalAccount: GLOBAL_ACCOUNT };
  const before = filesOf(await synthesizeEnvironment(whole, { regions: ['tokyo'] }));
  const both = filesOf(assembly);
  const tokyo = [...before.keys()].filter((name) => name.startsWith('iris-two-tokyo-'));
  expect(tokyo.filter((name) => both.get(name) !== before.get(name))).toEqual([]);
  const added = newRegionEntry(twoAccounts, { code: 'sydney', account: OTHER_ACCOUNT, awsRegion: 'ap-southeast-2' });
  const grown = filesOf(await synthesizeEnvironment(withRegion(twoAccounts, added)));
  const changed = [...both.keys()].filter((name) => name.endsWith('.template.json') && both.get(name) !== grown.get(name));
  expect(changed.filter((name) => !/^iris-two-global(-join-\w+(-\w+)?|-routing)?\.template\.json$/.test(name))).toEqual([]);
});
