import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, CfnParameter, Duration, Fn, Stack } from 'aws-cdk-lib/core';
import { addContentFile } from '../../../constructs/aws/content-file.ts';
import {
  ClientCertificate,
  ConfigRollout,
  CoreShardGroups,
  DirectoryCache,
  EdgeFleet,
  KafkaCluster,
  MediaStore,
  NodeConfigStore,
  PrivateBucket,
  RegionMonitoring,
} from '../../../constructs/aws/index.ts';
import { bootScript } from '../../../constructs/node/boot-script.ts';

const network = { vpcId: 'vpc-1', clientSecurityGroupIds: ['sg-1'], subnetIds: ['subnet-1', 'subnet-2', 'subnet-3'] };
const node = { instanceProfileArn: 'arn', userData: '', tags: {}, instanceType: 'c7g.large', hasPublicAddress: false };
const edge = {
  ...node,
  ...network,
  environment: 'chat',
  region: 'tokyo',
  name: 'edges',
  loadBalancerName: 'edges',
  targetGroupName: 'edges',
  loadBalancerSubnetIds: network.subnetIds,
  nodeSubnetIds: network.subnetIds,
  loadBalancerSecurityGroupIds: ['sg-1'],
  nodeSecurityGroupIds: ['sg-2'],
  nodesMin: 2,
  nodesMax: 6,
  clientPort: 8443,
  adminPort: 9400,
};
const group = { id: 'g0', host: 'g0.example.com', subnetIds: ['subnet-1'], zoneId: 'apne1-az1' };
const cores = { ...node, name: 'cores', groups: [group], nodesPerGroup: 1, securityGroupIds: ['sg-3'] };
const kafka = { ...network, name: 'bus', brokers: 3, instanceType: 'm7g.large', storage: { gibibytes: 100, gibibytesMax: 200 } };
const directory = { ...network, name: 'directory', nodeGroups: 3, replicasPerGroup: 1, instanceType: 'r7g.large' };
const topics = { name: 'chat', awsRegion: 'eu-west-1', pagesTopicName: 'a', noticesTopicName: 'b', panels: [], heading: '' };

/** A stack of no account and region, as an app of someone else has it. */
function newStack(): Stack {
  return new Stack(new App(), 'foreign');
}

function numberOf(stack: Stack, id: string): number {
  return new CfnParameter(stack, id, { type: 'Number' }).valueAsNumber;
}

describe('constructs in an app of someone else', () => {
  it('take counts and ports that only the deployment knows', () => {
    const stack = newStack();
    const [nodesMin, nodesMax, adminPort] = ['Min', 'Max', 'Port'].map((id) => numberOf(stack, id)) as [number, number, number];
    new EdgeFleet(stack, 'Edge', {
      ...edge,
      nodesMin,
      nodesMax,
      adminPort,
      deregistrationDelay: Duration.seconds(numberOf(stack, 'Delay')),
      scaling: { connectionsHigh: numberOf(stack, 'High'), connectionsLow: 30_000 },
    });
    new KafkaCluster(stack, 'Kafka', { ...kafka, brokers: numberOf(stack, 'Brokers'), replicas: numberOf(stack, 'Copies') });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MinSize: { Ref: 'Min' }, MaxSize: { Ref: 'Max' } });
    const delay = { Key: 'deregistration_delay.timeout_seconds', Value: { Ref: 'Delay' } };
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPort: { Ref: 'Port' },
      TargetGroupAttributes: Match.arrayWith([delay]),
    });
    template.hasResourceProperties('AWS::MSK::Cluster', { NumberOfBrokerNodes: { Ref: 'Brokers' } });
    assert.doesNotMatch(JSON.stringify(template.toJSON()), /e\+\d{2,}|Token\[/);
  });

  it('keep the sessions where the count of a directory’s primaries changes', () => {
    const stack = newStack();
    new DirectoryCache(stack, 'Directory', directory);
    Template.fromStack(stack).hasResource('AWS::ElastiCache::ReplicationGroup', { UpdatePolicy: { UseOnlineResharding: true } });
  });

  it('quote what stands in the boot script, whatever it holds', () => {
    const at = { bucket: 'b', key: "l'objet", sha256: '0' };
    const place = { name: '/p', awsRegion: 'eu-west-3' };
    const script = bootScript({
      role: 'edge',
      awsRegion: 'eu-west-3',
      runtime: at,
      node: at,
      nodeConfig: place,
      slotMap: place,
      adminPort: 9400,
      environment: 'e',
      region: 'r',
    });
    assert.match(script, /^RUNTIME_KEY='l'\\''objet'$/m);
  });

  it.each<[string, (stack: Stack) => unknown, RegExp]>([
    [
      'a share in per cent',
      (stack) => new EdgeFleet(stack, 'E', { ...edge, spotShare: 50 }),
      /spotShare of edges is 50; it must be 0 to 1/,
    ],
    [
      'a share unknown yet',
      (stack) => new EdgeFleet(stack, 'E', { ...edge, spotShare: numberOf(stack, 'S') }),
      /spotShare of edges must be known/,
    ],
    [
      'more nodes than its most',
      (stack) => new EdgeFleet(stack, 'E', { ...edge, nodesMin: 7 }),
      /nodesMin of edges is 7; it must be 0 to 6/,
    ],
    [
      'a name too long for a load balancer',
      (stack) => new EdgeFleet(stack, 'E', { ...edge, targetGroupName: 'x'.repeat(33) }),
      /x{33} has 33 characters, a load balancer and a target group take 32/,
    ],
    [
      'a delay beyond an hour',
      (stack) => new EdgeFleet(stack, 'E', { ...edge, deregistrationDelay: Duration.hours(2) }),
      /deregistrationDelay of edges in seconds is 7200/,
    ],
    [
      'no node in a group',
      (stack) => new CoreShardGroups(stack, 'C', { ...cores, nodesPerGroup: 0 }),
      /nodesPerGroup of cores is 0; it must be 1 or more/,
    ],
    [
      'a volume for two nodes',
      (stack) => new CoreShardGroups(stack, 'C', { ...cores, nodesPerGroup: 2, volume: { gibibytes: 64 } }),
      /nodesPerGroup of cores, which have a volume is 2; it must be 1 to 1/,
    ],
    [
      'a volume in two zones',
      (stack) => new CoreShardGroups(stack, 'C', { ...cores, groups: [{ ...group, subnetIds: ['a', 'b'] }], volume: { gibibytes: 64 } }),
      /group g0 has a volume and 2 subnets/,
    ],
    [
      'primaries without a replica',
      (stack) => new DirectoryCache(stack, 'D', { ...directory, replicasPerGroup: 0 }),
      /replicas of a primary of directory is 0/,
    ],
    [
      'a key unknown yet',
      (stack) => new MediaStore(stack, 'M', { name: 'm', signingKey: new CfnParameter(stack, 'Key').valueAsString }),
      /signingKey of m must be known/,
    ],
    [
      'a document with a value unknown yet',
      (stack) => {
        const store = { kind: 'embedded', directory: Fn.ref('Folder') } as const;
        const listeners = { admin: { host: '::1', port: 1 }, link: { host: '::1', port: 2 } };
        const names = { environment: 'chat', region: 'tokyo', node: 'n', group: 'g', slotMapPath: '/map' };
        const document = { format: 'iris-node/1', role: 'core', ...names, local: false, ...listeners, store } as const;
        return new NodeConfigStore(stack, 'N', { name: 'chat', documents: [{ role: 'core', parameterName: '/p', document }] });
      },
      /text of chat\.core\.nodeconfig must be known/,
    ],
    [
      'two documents of one name',
      (stack) => ['a', 'b'].map((text) => addContentFile(stack, { fileName: 'odd.nodeconfig', source: { text } })),
      /odd\.nodeconfig is in this assembly already, with other content/,
    ],
    [
      'no alarm that pages',
      (stack) => new RegionMonitoring(stack, 'R', { ...topics, alarms: [] }),
      /number of alarms of chat that page is 0/,
    ],
    [
      'more alarms than AppConfig watches',
      (stack) => new ConfigRollout(stack, 'R', { name: 'chat', documents: [], alarmArns: ['a', 'b', 'c', 'd', 'e', 'f'] }),
      /number of alarms of rollout chat is 6; it must be 0 to 5/,
    ],
    [
      'a certificate for no name',
      (stack) => new ClientCertificate(stack, 'C', { hosts: [], hostedZoneId: 'Z1' }),
      /certificate .* is for no name/,
    ],
    [
      'rare access too early',
      (stack) => new PrivateBucket(stack, 'B', { moves: [{ afterDays: 7, storageClass: 'STANDARD_IA' }] }),
      /STANDARD_IA after 7 days, S3 wants 30 at least/,
    ],
    [
      'a move of what is gone',
      (stack) => new PrivateBucket(stack, 'B', { moves: [{ afterDays: 90, storageClass: 'GLACIER' }], expireAfterDays: 90 }),
      /GLACIER after 90 days and go after 90/,
    ],
  ])('refuse %s, with the value and its limit', (_, make, message) => {
    assert.throws(() => make(newStack()), { code: 'SYNTH_FAILED', message });
  });
});
