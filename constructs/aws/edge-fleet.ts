import { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { CfnListener, CfnLoadBalancer, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { NodeLaunchTemplate } from './node-launch-template.ts';

/** Batches of a rolling update: a tenth of the connections reconnects at a time. */
const UPDATE_BATCHES = 10;

export interface EdgeFleetProps {
  /** Name tag and name of the Auto Scaling group. */
  readonly name: string;
  /** At most 32 characters. */
  readonly loadBalancerName: string;
  /** At most 32 characters. */
  readonly targetGroupName: string;
  readonly vpcId: string;
  readonly loadBalancerSubnetIds: readonly string[];
  readonly nodeSubnetIds: readonly string[];
  readonly loadBalancerSecurityGroupIds: readonly string[];
  readonly nodeSecurityGroupIds: readonly string[];
  /** True where nodes are in public subnets without a gateway. */
  readonly hasPublicAddress: boolean;
  readonly nodesMin: number;
  readonly nodesMax: number;
  readonly instanceType: string;
  /**
   * Types used where the first has no capacity; same size and architecture.
   * @default the same size of c6g - it exists wherever c7g does
   */
  readonly fallbackInstanceTypes?: readonly string[];
  /**
   * Share of the nodes that are spot instances, 0 to 1; one node is always on demand.
   * @default 0 - an interruption costs every connection of a node
   */
  readonly spotShare?: number;
  readonly imageId?: string;
  readonly instanceProfileArn: string;
  /** The boot script. */
  readonly userData: string;
  /** Tags of each node; a node reads them from its metadata. */
  readonly tags: Readonly<Record<string, string>>;
  readonly clientPort: number;
  /** Where a node answers `/readyz`; it stops doing so when it drains. */
  readonly adminPort: number;
  /** Certificate for TLS at the load balancer. @default - plain TCP: clients of the v1 protocol know no TLS */
  readonly certificateArn?: string;
  /** How long a leaving node keeps its open connections. @default Duration.seconds(120) - above the spread of reconnects */
  readonly deregistrationDelay?: Duration;
  /** A name of the region's own edges. @default - no record */
  readonly record?: { readonly hostedZoneId: string; readonly host: string };
}

/** Stateless edges of one region behind one network load balancer. Losing a node loses connections, never messages. */
export class EdgeFleet extends Construct {
  readonly loadBalancerDnsName: string;
  readonly loadBalancerZoneId: string;

  constructor(scope: Construct, id: string, props: EdgeFleetProps) {
    super(scope, id);
    const balancer = this.addLoadBalancer(props);
    const targets = this.addTargetGroup(props);
    new CfnListener(this, 'Listener', {
      loadBalancerArn: balancer.ref,
      port: props.clientPort,
      defaultActions: [{ type: 'forward', targetGroupArn: targets.ref }],
      ...(props.certificateArn === undefined
        ? { protocol: 'TCP' }
        : { protocol: 'TLS', certificates: [{ certificateArn: props.certificateArn }], sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06' }),
    });
    this.addNodes(props, targets);
    this.loadBalancerDnsName = balancer.attrDnsName;
    this.loadBalancerZoneId = balancer.attrCanonicalHostedZoneId;
    if (props.record !== undefined) {
      new CfnRecordSet(this, 'Record', {
        hostedZoneId: props.record.hostedZoneId,
        name: props.record.host,
        type: 'A',
        aliasTarget: { dnsName: balancer.attrDnsName, hostedZoneId: balancer.attrCanonicalHostedZoneId, evaluateTargetHealth: true },
      });
    }
  }

  private addLoadBalancer(props: EdgeFleetProps): CfnLoadBalancer {
    return new CfnLoadBalancer(this, 'LoadBalancer', {
      name: props.loadBalancerName,
      type: 'network',
      scheme: 'internet-facing',
      subnets: [...props.loadBalancerSubnetIds],
      securityGroups: [...props.loadBalancerSecurityGroupIds],
      // With cross-zone on, a balancer takes 500 targets in all; off, 500 in each zone.
      loadBalancerAttributes: [{ key: 'load_balancing.cross_zone.enabled', value: 'false' }],
    });
  }

  private addTargetGroup(props: EdgeFleetProps): CfnTargetGroup {
    const delay = props.deregistrationDelay ?? Duration.seconds(120);
    return new CfnTargetGroup(this, 'Targets', {
      name: props.targetGroupName,
      vpcId: props.vpcId,
      targetType: 'instance',
      protocol: 'TCP',
      port: props.clientPort,
      healthCheckProtocol: 'HTTP',
      healthCheckPort: `${props.adminPort}`,
      healthCheckPath: '/readyz',
      healthCheckIntervalSeconds: 10,
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 2,
      targetGroupAttributes: [{ key: 'deregistration_delay.timeout_seconds', value: `${delay.toSeconds()}` }],
    });
  }

  private addNodes(props: EdgeFleetProps, targets: CfnTargetGroup): void {
    const template = new NodeLaunchTemplate(this, 'Node', { ...props, securityGroupIds: props.nodeSecurityGroupIds });
    const fallbacks = props.fallbackInstanceTypes ?? [props.instanceType.replace(/^c7g\./, 'c6g.')];
    const types = [...new Set([props.instanceType, ...fallbacks])];
    const group = new CfnAutoScalingGroup(this, 'Nodes', {
      autoScalingGroupName: props.name,
      // No desired capacity: a deployment must not undo what scaling did.
      minSize: `${props.nodesMin}`,
      maxSize: `${props.nodesMax}`,
      vpcZoneIdentifier: [...props.nodeSubnetIds],
      targetGroupArns: [targets.ref],
      healthCheckType: 'ELB',
      healthCheckGracePeriod: 300,
      capacityRebalance: true,
      mixedInstancesPolicy: {
        launchTemplate: {
          launchTemplateSpecification: { launchTemplateId: template.launchTemplateId, version: template.version },
          overrides: types.map((instanceType) => ({ instanceType })),
        },
        instancesDistribution: {
          onDemandBaseCapacity: 1,
          onDemandPercentageAboveBaseCapacity: Math.round((1 - (props.spotShare ?? 0)) * 100),
          onDemandAllocationStrategy: 'prioritized',
          spotAllocationStrategy: 'price-capacity-optimized',
        },
      },
      tags: [{ key: 'Name', value: props.name, propagateAtLaunch: true }],
    });
    group.cfnOptions.updatePolicy = {
      autoScalingRollingUpdate: {
        maxBatchSize: Math.max(1, Math.floor(props.nodesMin / UPDATE_BATCHES)),
        minInstancesInService: Math.min(props.nodesMin, props.nodesMax - 1),
        pauseTime: 'PT3M',
        suspendProcesses: ['AZRebalance', 'AlarmNotification', 'ScheduledActions'],
      },
    };
  }
}
