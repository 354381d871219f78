import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../../environments/environment.ts';
import { proof } from '../../../environments/proof.ts';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { regionStackNames } from '../../../infra/plan/stack-names.ts';
import { fullEnvironment } from '../apps/full-environment.ts';
import { type Resource, readTemplate, resourcesOfType, synthesizeEnvironment, type Template } from '../apps/synthesize-fixture.ts';
import { deployedStacks } from '../laws/deployed-stacks.ts';
import { oldPresigned, openBuckets, unencrypted } from '../laws/exposure.ts';

/** What must survive its stack. */
const STATEFUL = [
  'AWS::EC2::Volume',
  'AWS::MSK::Cluster',
  'AWS::KMS::Key',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::EC2::Instance',
  'AWS::EC2::NetworkInterface',
  'AWS::Route53::HostedZone',
  'AWS::S3::Bucket',
];

/** All that nodes of either foundation may do. */
const NODE_ACTIONS = [
  'appconfig:GetLatestConfiguration',
  'appconfig:StartConfigurationSession',
  'autoscaling:CompleteLifecycleAction',
  'autoscaling:RecordLifecycleActionHeartbeat',
  'cloudwatch:PutMetricData',
  'ec2:AttachVolume',
  'elasticache:Connect',
  'kafka-cluster:Connect',
  'kafka-cluster:CreateTopic',
  'kafka-cluster:DescribeCluster',
  'kafka-cluster:DescribeTopic',
  'kafka-cluster:DescribeTopicDynamicConfiguration',
  'kafka-cluster:ReadData',
  'kafka-cluster:WriteData',
  'kafka-cluster:WriteDataIdempotently',
  'kafka:GetBootstrapBrokers',
  'route53:ChangeResourceRecordSets',
  's3:AbortMultipartUpload',
  's3:GetObject',
  's3:ListBucket',
  's3:PutObject',
  'secretsmanager:GetSecretValue',
  'servicediscovery:DeregisterInstance',
  'servicediscovery:RegisterInstance',
  'ssm:GetParameter',
  'ssm:PutParameter',
  'ssm:GetParameters',
];

interface Statement {
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function statementsOf(role: Resource): Statement[] {
  const policies = (role.Properties?.['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

describe.each([
  ['embedded', proof],
  ['distributed', fullEnvironment],
] as const)('templates of the %s foundation', (_, environment: Environment) => {
  let assembly: Assembly;
  let region: string;
  let templates: Map<string, Template>;

  beforeAll(async () => {
    region = createPlan(environment).regions[0]!.code;
    assembly = await synthesizeEnvironment(environment, { regions: [region] });
    templates = new Map(assembly.templates.map(({ stack }) => [stack, readTemplate(assembly, stack)]));
  });

  it('are of the stacks that the plan counts, but for the join, which comes with the whole environment', () => {
    const plan = createPlan(environment);
    const names = regionStackNames(plan, plan.regions[0]!).filter((name) => !name.includes('-join-'));
    assert.deepEqual(names, assembly.regionStacks[region]);
  });

  const ofType = (type: string): Resource[] => [...templates.values()].flatMap((template) => resourcesOfType(template, type));
  const text = (value: unknown): string => JSON.stringify(value);

  it('read only SSM parameters that an earlier stack of the same region writes, or an operator does', () => {
    const stacks = assembly.regionStacks[region]!;
    const written = new Set<unknown>();
    for (const stack of stacks) {
      const template = templates.get(stack)!;
      for (const parameter of Object.values(template.Parameters ?? {})) {
        if (!parameter.Type.startsWith('AWS::SSM::Parameter::Value') || parameter.Default === '/cdk-bootstrap/hnb659fds/version') continue;
        if (parameter.Default?.endsWith('/store-image') === true) continue;
        assert.ok(written.has(parameter.Default), `${stack} reads ${parameter.Default}`);
      }
      for (const resource of resourcesOfType(template, 'AWS::SSM::Parameter')) written.add(resource.Properties?.['Name']);
    }
  });

  it('speak TLS 1.3 with clients, by a certificate of every name that they use, where the environment says so (A9)', () => {
    const [listener] = ofType('AWS::ElasticLoadBalancingV2::Listener');
    const certificates = ofType('AWS::CertificateManager::Certificate');
    if (environment.clientTls !== 'acm') {
      assert.deepEqual([listener?.Properties?.['Protocol'], certificates], ['TCP', []]);
      return;
    }
    const { Protocol, SslPolicy, Certificates } = listener!.Properties as { Protocol: string; SslPolicy: string; Certificates: object[] };
    assert.deepEqual([Protocol, SslPolicy, Certificates.length], ['TLS', 'ELBSecurityPolicy-TLS13-1-3-2021-06', 1]);
    const { DomainName, SubjectAlternativeNames, DomainValidationOptions } = certificates[0]!.Properties as Record<string, unknown[]>;
    const { domain } = environment;
    assert.deepEqual(
      [DomainName, ...(SubjectAlternativeNames as string[])],
      [`edge.${domain}`, `anycast.edge.${domain}`, `edge-${region}.${domain}`],
    );
    assert.equal(DomainValidationOptions?.length, 3);
  });

  it('keep buckets closed, logged and of short presigned requests (A16), and everything encrypted (A17)', () => {
    const stacks = deployedStacks(assembly);
    assert.deepEqual([...openBuckets(stacks), ...oldPresigned(stacks), ...unencrypted(stacks)], []);
  });

  it('keep everything stateful and protect its stacks', () => {
    const manifest = JSON.parse(readFileSync(join(assembly.directory, 'manifest.json'), 'utf8'));
    let kept = 0;
    for (const [stack, template] of templates) {
      // The key of the alarms’ topics keeps nothing: what it encrypts is on its way.
      if (stack.endsWith('-monitor')) continue;
      for (const resource of Object.values(template.Resources).filter(({ Type }) => STATEFUL.includes(Type))) {
        assert.equal(resource.DeletionPolicy, 'Retain', `${stack} ${resource.Type}`);
        assert.equal(resource.UpdateReplacePolicy, 'Retain', `${stack} ${resource.Type}`);
        assert.equal(manifest.artifacts[stack].properties.terminationProtection, true, stack);
        kept += 1;
      }
    }
    assert.ok(kept >= 2);
  });

  it('ask for IMDSv2 one hop away, an encrypted root and no key pair on every machine (A12, A15, A17)', () => {
    const machines = ofType('AWS::EC2::LaunchTemplate').map(
      ({ Properties }) => Properties?.['LaunchTemplateData'] as Record<string, unknown>,
    );
    assert.ok(machines.length >= 2);
    for (const machine of machines) {
      assert.deepEqual(machine['MetadataOptions'], {
        HttpEndpoint: 'enabled',
        HttpPutResponseHopLimit: 1,
        HttpTokens: 'required',
        InstanceMetadataTags: 'enabled',
      });
      assert.match(text(machine['BlockDeviceMappings']), /"Encrypted":true/);
      assert.equal(machine['KeyName'], undefined);
    }
  });

  it('open one port to the world, at the load balancer only (A15)', () => {
    const open = ofType('AWS::EC2::SecurityGroupIngress').filter(({ Properties }) => Properties?.['CidrIp'] === '0.0.0.0/0');
    assert.equal(open.length, 1);
    assert.deepEqual([open[0]?.Properties?.['FromPort'], open[0]?.Properties?.['ToPort']], [8443, 8443]);
    assert.match(text(open[0]?.Properties?.['GroupId']), /LoadBalancer/);
    for (const { Properties } of ofType('AWS::EC2::SecurityGroup')) assert.equal(Properties?.['SecurityGroupIngress'], undefined);
  });

  it('grant nodes named actions only, and no managed policy (A14)', () => {
    const roles = ofType('AWS::IAM::Role').filter((role) => text(role).includes('ec2.amazonaws.com'));
    const lists = roles.flatMap((role) => [...text(role).matchAll(/"Action":(\[[^\]]*\])/g)].map((match) => match[1]!));
    const actions = new Set(lists.flatMap((list) => JSON.parse(list) as string[]));
    for (const action of actions) assert.ok(NODE_ACTIONS.includes(action), action);
    for (const role of roles) assert.equal(role.Properties?.['ManagedPolicyArns'], undefined);
    const anywhere = roles.flatMap(statementsOf).filter(({ Resource, Action }) => text([Resource, Action]).includes('"*"'));
    // PutMetricData knows no resources; its namespace is limited instead.
    for (const { Action, Condition } of anywhere) {
      assert.deepEqual([Action, Condition], [['cloudwatch:PutMetricData'], { StringEquals: { 'cloudwatch:namespace': 'Iris/Node' } }]);
    }
  });

  it('leave scaling’s decisions alone and keep cross-zone off', () => {
    for (const { Properties } of ofType('AWS::AutoScaling::AutoScalingGroup')) assert.equal(Properties?.['DesiredCapacity'], undefined);
    const [balancer] = ofType('AWS::ElasticLoadBalancingV2::LoadBalancer');
    assert.match(text(balancer), /"load_balancing.cross_zone.enabled","Value":"false"/);
  });

  it('name subnets by zone id, which means the same place in every account', () => {
    for (const { Properties } of ofType('AWS::EC2::Subnet')) {
      assert.match(String(Properties?.['AvailabilityZoneId']), /-az\d$/);
      assert.equal(Properties?.['AvailabilityZone'], undefined);
    }
  });

  it('reference no other region’s stack', () => {
    for (const [stack, template] of templates) {
      const names = [...text(template).matchAll(/"Fn::GetStackOutput":\{"StackName":"([^"]+)"/g)].map((match) => match[1]);
      // Anycast comes after the regions and reads where their load balancers are.
      const wanted = stack.endsWith('-anycast') ? /-edge$|-global$/ : /-global$/;
      for (const name of names) assert.match(name ?? '', wanted, stack);
      assert.doesNotMatch(text(template), /Fn::ImportValue|Custom::/);
    }
  });
});
