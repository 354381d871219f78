import { CREATE_ONLY } from '../../../infra/facts/create-only.ts';
import { changedPaths } from '../../../infra/reports/diff/changed-paths.ts';
import { diffReport } from '../../../infra/reports/diff/diff-report.ts';
import type { Resource, Template, Templates } from '../../../infra/reports/diff/template.ts';
import { diffTemplates } from '../../../infra/reports/diff/template-diff.ts';

const VPC: Resource = { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16', Tags: [] } };
const OTHER_VPC: Resource = { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.1.0.0/16', Tags: [] } };

function stacks(resources: Readonly<Record<string, Resource>>, others: Readonly<Record<string, Template>> = {}): Templates {
  return new Map<string, Template>([['iris-duo-north-network', { Resources: resources }], ...Object.entries(others)]);
}

function actions(before: Templates, after: Templates): string[] {
  return diffTemplates(before, after).map(({ logicalId, action, causes }) => [logicalId, action, ...causes].join(' '));
}

describe('changed paths', () => {
  it.each([
    ['equal values in another order of keys', { a: 1, b: { c: [1, { d: 2, e: 3 }] } }, { b: { c: [1, { e: 3, d: 2 }] }, a: 1 }, []],
    ['a value inside', { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, ['a.c']],
    ['something on one side only', { a: { b: 1 } }, { a: { b: 1, c: { d: 1 } } }, ['a.c']],
    ['a list, as a whole', { a: [1, 2] }, { a: [2, 1] }, ['a']],
    ['a reference, as a whole', { a: { Ref: 'X' } }, { a: { Ref: 'Y' } }, ['a']],
    ['a reference for a text', { a: { 'Fn::GetAtt': ['X', 'Arn'] } }, { a: 'text' }, ['a']],
    ['nothing and something', undefined, { a: 1 }, ['']],
  ])('are found for %s', (_, before, after, paths) => {
    expect(changedPaths(before, after)).toEqual(paths);
  });
});

describe('the template differ', () => {
  it('tells added, removed and equal resources', () => {
    const queue: Resource = { Type: 'AWS::SNS::Topic', Properties: {} };
    expect(actions(stacks({ Vpc: VPC, Gone: queue }), stacks({ Vpc: VPC, New: queue }))).toEqual(['Gone remove', 'New add']);
    expect(actions(stacks({ Vpc: VPC }), stacks({ Vpc: { ...VPC, Metadata: { 'aws:cdk:path': 'elsewhere' } } }))).toEqual([]);
  });

  it('tells an update from a replacement, also by a nested create-only property of MSK that the resource specification lacks', () => {
    const cluster = (subnets: string[], type: string): Resource => ({
      Type: 'AWS::MSK::Cluster',
      Properties: { ClusterName: 'a', BrokerNodeGroupInfo: { ClientSubnets: subnets, InstanceType: type } },
    });
    expect(actions(stacks({ Kafka: cluster(['a'], 'm') }), stacks({ Kafka: cluster(['a'], 'l') }))).toEqual(['Kafka update']);
    expect(actions(stacks({ Kafka: cluster(['a'], 'm') }), stacks({ Kafka: cluster(['b'], 'm') }))).toEqual([
      'Kafka replace BrokerNodeGroupInfo.ClientSubnets',
    ]);
  });

  it('tells another count of Valkey’s primaries as an update where it is resharded online, and else as a replacement', () => {
    const valkey = (NumNodeGroups: number, UpdatePolicy?: object): Resource => ({
      Type: 'AWS::ElastiCache::ReplicationGroup',
      Properties: { NumNodeGroups },
      ...(UpdatePolicy && { UpdatePolicy }),
    });
    const online = { UseOnlineResharding: true };
    expect(actions(stacks({ V: valkey(3, online) }), stacks({ V: valkey(4, online) }))).toEqual(['V update']);
    expect(actions(stacks({ V: valkey(3) }), stacks({ V: valkey(4) }))).toEqual(['V mayReplace NumNodeGroups']);
  });

  it('says of a type it does not know, and of a conditional property, that it may be replaced', () => {
    const unknown = (value: number): Resource => ({ Type: 'AWS::New::Thing', Properties: { Value: value } });
    expect(actions(stacks({ Thing: unknown(1) }), stacks({ Thing: unknown(2) }))).toEqual(['Thing mayReplace Value']);
    const group = (subnet: string): Resource => ({
      Type: 'AWS::AutoScaling::AutoScalingGroup',
      Properties: { VPCZoneIdentifier: [subnet] },
    });
    expect(actions(stacks({ Nodes: group('a') }), stacks({ Nodes: group('b') }))).toEqual(['Nodes mayReplace VPCZoneIdentifier']);
  });

  it('follows references from a replaced resource, through any number of them', () => {
    const subnet: Resource = { Type: 'AWS::EC2::Subnet', Properties: { VpcId: { Ref: 'Vpc' } } };
    const table: Resource = {
      Type: 'AWS::EC2::SubnetRouteTableAssociation',
      Properties: { SubnetId: { 'Fn::GetAtt': ['Subnet', 'SubnetId'] } },
    };
    const text: Resource = {
      Type: 'AWS::SNS::Topic',
      Properties: { DisplayName: { 'Fn::Sub': ['of $', '{Subnet.SubnetId} and $', '{!Vpc}'].join('') } },
    };
    const rest = { Subnet: subnet, Association: table, Topic: text };
    expect(actions(stacks({ Vpc: VPC, ...rest }), stacks({ Vpc: OTHER_VPC, ...rest }))).toEqual([
      'Association replace SubnetId',
      'Subnet replace VpcId',
      'Topic update',
      'Vpc replace CidrBlock',
    ]);
  });

  it('follows an SSM parameter into a stack whose template does not change: the cluster there is replaced all the same', () => {
    const pointer: Resource = { Type: 'AWS::SSM::Parameter', Properties: { Name: '/iris/duo/vpc', Value: { Ref: 'Vpc' } } };
    const reader: Template = {
      Parameters: { VpcId: { Type: 'AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>', Default: '/iris/duo/vpc' } },
      Resources: {
        Group: { Type: 'AWS::EC2::SecurityGroup', Properties: { VpcId: { Ref: 'VpcId' } } },
        Kafka: { Type: 'AWS::MSK::Cluster', Properties: { BrokerNodeGroupInfo: { SecurityGroups: [{ Ref: 'Group' }] } } },
      },
    };
    const before = stacks({ Vpc: VPC, Pointer: pointer }, { 'iris-duo-north-bus': reader });
    const after = stacks({ Vpc: OTHER_VPC, Pointer: pointer }, { 'iris-duo-north-bus': reader });
    expect(actions(before, after)).toEqual([
      'Group replace VpcId',
      'Kafka replace BrokerNodeGroupInfo',
      'Pointer update',
      'Vpc replace CidrBlock',
    ]);
  });
});

describe('the report', () => {
  const volume = (zone: string): Resource => ({
    Type: 'AWS::EC2::Volume',
    DeletionPolicy: 'Retain',
    Properties: { AvailabilityZone: zone },
  });
  const side = (name: string, templates: Templates) => ({ name, environment: 'duo', templates, plan: null });
  const before = side('before', new Map([['iris-duo-north-core-0', { Resources: { Volume: volume('a') } }]]));
  const after = side('after', new Map([['iris-duo-north-core-0', { Resources: { Volume: volume('b') } }]]));

  it('refuses to replace what has state, until its logical id is accepted, everywhere or in its stack', () => {
    expect(diffReport(before, after, [])).toMatchObject({
      refused: ['iris-duo-north-core-0/Volume'],
      scopes: [{ scope: 'north', changes: { replace: 1, add: 0 }, statefulReplacements: 1 }],
    });
    for (const id of ['Volume', 'iris-duo-north-core-0/Volume']) expect(diffReport(before, after, [id]).refused).toEqual([]);
    expect(diffReport(before, after, ['iris-duo-south-core-0/Volume']).refused).toHaveLength(1);
  });
});

describe('the create-only table', () => {
  it('has no property in both columns', () => {
    for (const { always, sometimes } of Object.values(CREATE_ONLY)) expect(always.filter((path) => sometimes.includes(path))).toEqual([]);
  });
});
