import assert from 'node:assert/strict';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { App, Duration, Stack } from 'aws-cdk-lib/core';
import { CoreShardGroups, type CoreShardGroupsProps } from '../../../constructs/aws/core-shard-groups.ts';
import { DEREGISTRATION_DELAY, EdgeFleet, type EdgeFleetProps } from '../../../constructs/aws/edge-fleet.ts';
import { LIFECYCLE_HOOK } from '../../../constructs/node/boot-tasks.ts';
import { DRAIN_TIMEOUT_MS, GOAWAY_SPREAD_MS } from '../../../runtime/contract/limits.ts';

const node = {
  instanceProfileArn: 'arn:aws:iam::111111111111:instance-profile/p',
  userData: '#!/bin/bash\n',
  tags: { 'iris:region': 'tokyo' },
};
const edge: EdgeFleetProps = {
  ...node,
  environment: 'proof',
  region: 'tokyo',
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
      { Protocol: 'TLS', SslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06' },
    );
  });

  it('takes a draining node out by its readiness and keeps its connections for the given time', () => {
    edgeTemplate({ deregistrationDelay: Duration.minutes(5) }).hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPath: '/readyz',
      HealthCheckPort: '9400',
      TargetGroupAttributes: Match.arrayWith([{ Key: 'deregistration_delay.timeout_seconds', Value: '300' }]),
    });
    assert.ok(DEREGISTRATION_DELAY.toMilliseconds() > DRAIN_TIMEOUT_MS + GOAWAY_SPREAD_MS);
  });

  it('tells edges their clients’ own addresses, and cuts no connection of an edge that is not ready', () => {
    edgeTemplate().hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      TargetGroupAttributes: Match.arrayWith([
        { Key: 'preserve_client_ip.enabled', Value: 'true' },
        { Key: 'target_health_state.unhealthy.connection_termination.enabled', Value: 'false' },
      ]),
    });
    edgeTemplate().hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { HealthCheckType: 'EC2' });
  });
});

describe('refresh of edges', () => {
  it('adds a tenth at a time before it takes any, looks at its checkpoints, and breaks off on an alarm', () => {
    edgeTemplate({ refresh: { alarmNames: ['iris-proof-tokyo-edge-refuses'], bake: Duration.minutes(10) } }).hasResource(
      'AWS::AutoScaling::AutoScalingGroup',
      {
        UpdatePolicy: {
          AutoScalingInstanceRefresh: {
            Strategy: 'Rolling',
            Preferences: {
              MinHealthyPercentage: 100,
              MaxHealthyPercentage: 110,
              CheckpointPercentages: [1, 50, 100],
              CheckpointDelay: 600,
              BakeTime: 600,
              AlarmSpecification: { Alarms: ['iris-proof-tokyo-edge-refuses'] },
            },
          },
        },
      },
    );
  });
});

describe('life-cycle hook', () => {
  it('holds a leaving machine of either fleet until its node completes it, and a dead one for two minutes', () => {
    for (const template of [edgeTemplate(), coreTemplate()]) {
      template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
        LifecycleHookSpecificationList: [
          {
            LifecycleHookName: LIFECYCLE_HOOK,
            LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
            HeartbeatTimeout: 120,
            DefaultResult: 'CONTINUE',
          },
        ],
      });
    }
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
    template.allResourcesProperties('AWS::AutoScaling::AutoScalingGroup', {
      MinSize: '2',
      AvailabilityZoneDistribution: { CapacityDistributionStrategy: 'balanced-only' },
    });
  });

  it('fails above the groups that one stack holds, with both figures', () => {
    const groups = Array.from({ length: 201 }, (_, index) => ({ ...core.groups[0]!, id: `tokyo-g${index}` }));
    assert.throws(() => coreTemplate({ groups }), { code: 'SYNTH_FAILED', message: /has 201 shard groups in one stack, 200 fit/ });
  });
});
