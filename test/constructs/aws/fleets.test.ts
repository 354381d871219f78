import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Duration, Stack } from 'aws-cdk-lib/core';
import { CoreShardGroups, type CoreShardGroupsProps } from '../../../constructs/aws/core-shard-groups.ts';
import { EdgeFleet, type EdgeFleetProps } from '../../../constructs/aws/edge-fleet.ts';

const node = {
  instanceProfileArn: 'arn:aws:iam::111111111111:instance-profile/p',
  userData: '#!/bin/bash\n',
  tags: { 'iris:region': 'tokyo' },
};
const edge: EdgeFleetProps = {
  ...node,
  name: 'iris-proof-tokyo-edge',
  loadBalancerName: 'iris-proof-tokyo-edge',
  targetGroupName: 'iris-proof-tokyo-edge',
  vpcId: 'vpc-1',
  loadBalancerSubnetIds: ['subnet-1'],
  nodeSubnetIds: ['subnet-2'],
  loadBalancerSecurityGroupIds: ['sg-1'],
  nodeSecurityGroupIds: ['sg-2'],
  hasPublicAddress: false,
  nodesMin: 2,
  nodesMax: 4,
  instanceType: 'c7g.2xlarge',
  clientPort: 8443,
  adminPort: 9400,
};
const core: CoreShardGroupsProps = {
  ...node,
  name: 'iris-proof-tokyo',
  groups: [{ id: 'tokyo-g0', host: 'tokyo-g0.core.example.com', subnetIds: ['subnet-1'], zoneId: 'apne1-az1' }],
  nodesPerGroup: 1,
  volume: { gibibytes: 64 },
  instanceType: 'c7g.large',
  securityGroupIds: ['sg-3'],
  hasPublicAddress: true,
};

function edgeTemplate(props: Partial<EdgeFleetProps> = {}): Template {
  const stack = new Stack(new App(), 'test');
  new EdgeFleet(stack, 'Edge', { ...edge, ...props });
  return Template.fromStack(stack);
}

function coreTemplate(props: Partial<CoreShardGroupsProps> = {}): Template {
  const stack = new Stack(new App(), 'test');
  new CoreShardGroups(stack, 'Core', { ...core, ...props });
  return Template.fromStack(stack);
}

describe('edge fleet', () => {
  it('mixes spot with on-demand nodes and falls back to the same size of c6g (K11)', () => {
    edgeTemplate({ spotShare: 0.5 }).hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
      MinSize: '2',
      MaxSize: '4',
      DesiredCapacity: Match.absent(),
      MixedInstancesPolicy: {
        InstancesDistribution: { OnDemandBaseCapacity: 1, OnDemandPercentageAboveBaseCapacity: 50 },
        LaunchTemplate: { Overrides: [{ InstanceType: 'c7g.2xlarge' }, { InstanceType: 'c6g.2xlarge' }] },
      },
    });
  });

  it('ends TLS at the load balancer where a certificate is given, and speaks TCP where not', () => {
    edgeTemplate().hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Protocol: 'TCP',
      Port: 8443,
      Certificates: Match.absent(),
    });
    edgeTemplate({ certificateArn: 'arn:aws:acm:eu-west-1:111111111111:certificate/c' }).hasResourceProperties(
      'AWS::ElasticLoadBalancingV2::Listener',
      { Protocol: 'TLS', SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06' },
    );
  });

  it('takes a draining node out by its readiness and keeps its connections for the given time', () => {
    edgeTemplate({ deregistrationDelay: Duration.minutes(5) }).hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPath: '/readyz',
      HealthCheckPort: '9400',
      TargetGroupAttributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '300' }],
    });
  });
});

describe('rolling update of edges', () => {
  it.each([
    [2, 1],
    [100, 10],
  ])('replaces a tenth of %i nodes at a time: %i', (nodesMin, maxBatchSize) => {
    edgeTemplate({ nodesMin, nodesMax: nodesMin * 2 }).hasResource('AWS::AutoScaling::AutoScalingGroup', {
      UpdatePolicy: { AutoScalingRollingUpdate: { MaxBatchSize: maxBatchSize, MinInstancesInService: nodesMin } },
    });
  });
});

describe('core shard groups', () => {
  it('are one Auto Scaling group each, told apart by tags, with a kept volume that the next node takes over', () => {
    const template = coreTemplate();
    template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
      MinSize: '1',
      MaxSize: '1',
      Tags: Match.arrayWith([
        { Key: 'iris:group', Value: 'tokyo-g0', PropagateAtLaunch: true },
        Match.objectLike({ Key: 'iris:volume', Value: { Ref: Match.anyValue() } }),
      ]),
    });
    template.hasResource('AWS::EC2::Volume', {
      DeletionPolicy: 'Retain',
      Properties: { AvailabilityZoneId: 'apne1-az1', Encrypted: true, Size: 64 },
    });
    template.hasResource('AWS::AutoScaling::AutoScalingGroup', {
      UpdatePolicy: { AutoScalingRollingUpdate: { MaxBatchSize: 1, MinInstancesInService: 0 } },
    });
  });

  it('add one resource per group on the distributed foundation, a primary and a standby in it (R4)', () => {
    const groups = Array.from({ length: 300 }, (_, index) => ({ ...core.groups[0]!, id: `tokyo-g${index}` }));
    const { volume: _, ...rest } = core;
    const stack = new Stack(new App(), 'test');
    new CoreShardGroups(stack, 'Core', { ...rest, groups, nodesPerGroup: 2 });
    const template = Template.fromStack(stack);
    assert.equal(Object.keys(template.toJSON()['Resources'] as object).length, 301);
    template.allResourcesProperties('AWS::AutoScaling::AutoScalingGroup', { MinSize: '2' });
  });

  it('fails above the groups that one stack holds, with both figures', () => {
    const groups = Array.from({ length: 201 }, (_, index) => ({ ...core.groups[0]!, id: `tokyo-g${index}` }));
    assert.throws(() => coreTemplate({ groups }), { code: 'SYNTH_FAILED', message: /has 201 shard groups in one stack, 200 fit/ });
  });
});
