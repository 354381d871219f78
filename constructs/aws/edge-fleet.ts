import { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { CfnListener, CfnLoadBalancer, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { type CfnAutoScalingInstanceRefresh, Duration, Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { drainHook } from './drain-hook.ts';
import { EdgeScaling, type EdgeScalingThresholds } from './edge-scaling.ts';
import { expectKnown, expectRange, numberText, refuse } from './known-props.ts';
import { NodeLaunchTemplate } from './node-launch-template.ts';

/** TLS 1.3 only (A9). */
const TLS_POLICY = 'ELBSecurityPolicy-TLS13-1-3-2021-06';

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
  /** @default 8 */
  readonly rootGibibytes?: number;
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
  /**
   * How long a node that the load balancer has let go of keeps its open connections; longer than the node takes to send its clients away.
   * @default DEREGISTRATION_DELAY - 120 s, above the runtime's drain and the spread of its reconnects
   */
  readonly deregistrationDelay?: Duration;
  /** Environment and region under which the nodes publish their metrics. */
  readonly environment: string;
  readonly region: string;
  /** When the fleet grows and shrinks between `nodesMin` and `nodesMax`. @default - never */
  readonly scaling?: EdgeScalingThresholds;
  /** How the fleet takes over a new launch template. @default - tenths, all healthy, a bake of 5 minutes, no alarms */
  readonly refresh?: EdgeRefresh;
  /** A name of the region's own edges. @default - no record */
  readonly record?: { readonly hostedZoneId: string; readonly host: string };
}

/** An instance refresh: what the whole of a stack's update hangs on. */
export interface EdgeRefresh {
  /**
   * Names of alarms in the same region that break the refresh off, and so roll the stack back; at most 10. They are read when a new launch
   * template is rolled out and not when the fleet is made, so they may be made after it.
   * @default - none
   */
  readonly alarmNames?: readonly string[];
  /** How long the new nodes are watched at each checkpoint and at the end. @default Duration.minutes(5) - five periods of an alarm */
  readonly bake?: Duration;
}

export const DEREGISTRATION_DELAY = Duration.seconds(120);
/** How long an edge may be silent while it drains. */
const HOOK_TIMEOUT = Duration.minutes(2);
const BAKE = Duration.minutes(5);
const REFRESH_ALARMS_MAX = 10;
const BALANCER_NAME_MAX = 32;
/** How long a new edge takes before it counts: it boots, is found healthy, and gets its share of connections. */
const WARMUP = Duration.minutes(3);
/** Percent of the nodes that are new when a refresh stops to look: a first one or two, then half. */
const CHECKPOINTS = [1, 50, 100];

/** Stateless edges of one region behind one network load balancer. Losing a node loses connections, never messages. */
export class EdgeFleet extends Construct {
  readonly loadBalancerDnsName: string;
  readonly loadBalancerZoneId: string;
  /** What CloudWatch knows them by, such as `net/iris-proof-tokyo-edge/0123456789abcdef`. */
  readonly loadBalancerArn: string;
  readonly loadBalancerFullName: string;
  readonly targetGroupFullName: string;

  /** @throws IrisError SYNTH_FAILED for what Auto Scaling or the load balancer would refuse. */
  constructor(scope: Construct, id: string, props: EdgeFleetProps) {
    super(scope, id);
    expectFleet(props);
    const balancer = this.addLoadBalancer(props);
    const targets = this.addTargetGroup(props);
    new CfnListener(this, 'Listener', {
      loadBalancerArn: balancer.ref,
      port: props.clientPort,
      defaultActions: [{ type: 'forward', targetGroupArn: targets.ref }],
      ...(props.certificateArn === undefined
        ? { protocol: 'TCP' }
        : { protocol: 'TLS', certificates: [{ certificateArn: props.certificateArn }], sslPolicy: TLS_POLICY }),
    });
    this.addNodes(props, targets);
    this.loadBalancerDnsName = balancer.attrDnsName;
    this.loadBalancerZoneId = balancer.attrCanonicalHostedZoneId;
    this.loadBalancerArn = balancer.ref;
    this.loadBalancerFullName = balancer.attrLoadBalancerFullName;
    this.targetGroupFullName = targets.attrTargetGroupFullName;
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
    const delay = props.deregistrationDelay ?? DEREGISTRATION_DELAY;
    return new CfnTargetGroup(this, 'Targets', {
      name: props.targetGroupName,
      vpcId: props.vpcId,
      targetType: 'instance',
      protocol: 'TCP',
      port: props.clientPort,
      healthCheckProtocol: 'HTTP',
      healthCheckPort: numberText(props.adminPort),
      healthCheckPath: '/readyz',
      healthCheckIntervalSeconds: 10,
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 2,
      targetGroupAttributes: Object.entries({
        'deregistration_delay.timeout_seconds': numberText(delay.toSeconds()),
        // Edges see their clients' own addresses, so no PROXY header is needed; without it a balancer's address has 55,000 ports an edge.
        'preserve_client_ip.enabled': 'true',
        // An edge that drains or waits for its cores takes no new clients and keeps those it has.
        'target_health_state.unhealthy.connection_termination.enabled': 'false',
      }).map(([key, value]) => ({ key, value })),
    });
  }

  private addNodes(props: EdgeFleetProps, targets: CfnTargetGroup): void {
    const template = new NodeLaunchTemplate(this, 'Node', { ...props, securityGroupIds: props.nodeSecurityGroupIds });
    const fallbacks = props.fallbackInstanceTypes ?? [props.instanceType.replace(/^c7g\./, 'c6g.')];
    const types = [...new Set([props.instanceType, ...fallbacks])];
    const group = new CfnAutoScalingGroup(this, 'Nodes', {
      autoScalingGroupName: props.name,
      // No desired capacity: a deployment must not undo what scaling did.
      minSize: numberText(props.nodesMin),
      maxSize: numberText(props.nodesMax),
      vpcZoneIdentifier: [...props.nodeSubnetIds],
      targetGroupArns: [targets.ref],
      // Not the balancer's: where all cores of a region are away no edge is ready, and replacing them all would cost every connection.
      healthCheckType: 'EC2',
      healthCheckGracePeriod: 300,
      defaultInstanceWarmup: WARMUP.toSeconds(),
      lifecycleHookSpecificationList: [drainHook(HOOK_TIMEOUT)],
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
    group.cfnOptions.updatePolicy = { autoScalingInstanceRefresh: refreshOf(props.refresh ?? {}) };
    if (props.scaling !== undefined) {
      const { name: fleetName, environment, region, nodesMin } = props;
      const scaling = new EdgeScaling(this, 'Scaling', { ...props.scaling, fleetName, environment, region, nodesMin });
      scaling.node.addDependency(group);
    }
  }
}

function expectFleet(props: EdgeFleetProps): void {
  const { name, nodesMin, nodesMax, spotShare, deregistrationDelay = DEREGISTRATION_DELAY, refresh = {} } = props;
  expectKnown(`spotShare of ${name}`, spotShare);
  expectRange(`spotShare of ${name}`, spotShare, { min: 0, max: 1 });
  expectRange(`nodesMin of ${name}`, nodesMin, { min: 0, max: Token.isUnresolved(nodesMax) ? Number.POSITIVE_INFINITY : nodesMax });
  expectRange(`deregistrationDelay of ${name} in seconds`, deregistrationDelay.toSeconds(), { min: 0, max: 3_600 });
  expectRange(`alarms of the refresh of ${name}`, refresh.alarmNames?.length, { min: 0, max: REFRESH_ALARMS_MAX });
  for (const balancer of [props.loadBalancerName, props.targetGroupName])
    if (!Token.isUnresolved(balancer) && balancer.length > BALANCER_NAME_MAX)
      refuse(`${balancer} has ${balancer.length} characters, a load balancer and a target group take ${BALANCER_NAME_MAX}`);
}

/** New nodes come first, a tenth of the fleet at a time, so that a tenth of the connections reconnects at once. */
function refreshOf({ alarmNames = [], bake = BAKE }: EdgeRefresh): CfnAutoScalingInstanceRefresh {
  return {
    strategy: 'Rolling',
    preferences: {
      minHealthyPercentage: 100,
      maxHealthyPercentage: 110,
      checkpointPercentages: CHECKPOINTS,
      checkpointDelay: bake.toSeconds(),
      bakeTime: bake.toSeconds(),
      skipMatching: true,
      ...(alarmNames.length === 0 ? {} : { alarmSpecification: { alarms: [...alarmNames] } }),
    },
  };
}
