import { CfnScalingPolicy } from 'aws-cdk-lib/aws-autoscaling';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { IrisError } from '../../runtime/contract/errors.ts';
import { METRIC_DIMENSIONS, METRIC_NAMESPACE, METRIC_PERIOD_SECONDS, type NodeMetricName } from '../../runtime/contract/node-metrics.ts';

/** When a fleet grows and shrinks, by the averages of its nodes (O3). */
export interface EdgeScalingThresholds {
  /** Connections of a node above which the fleet grows. */
  readonly connectionsHigh: number;
  /** Connections below which it may shrink. */
  readonly connectionsLow: number;
  /** Percent of all processors that a node uses above which it grows. @default 70 - of a machine with one, which an edge’s event loop fills */
  readonly cpuHigh?: number;
  /** Percent below which it may shrink. @default 40 */
  readonly cpuLow?: number;
}

export interface EdgeScalingProps extends EdgeScalingThresholds {
  /** Name of the Auto Scaling group. */
  readonly fleetName: string;
  /** Environment and region under which the fleet’s nodes publish their metrics. */
  readonly environment: string;
  readonly region: string;
  /** Fewest nodes of the group. */
  readonly nodesMin: number;
}

const CPU_HIGH = 70;
const CPU_LOW = 40;
/** A fleet that shrinks loses a twentieth of its nodes at a time, and one at least: those that are left take their clients. */
const SHRINK_PERCENT = -5;
/** Minutes in a row that both measures must be low: clients of a node that has just left have come back by then. */
const SHRINK_MINUTES = 15;

/**
 * Grows on connections or processor, each tracked for itself and never the reason to shrink; shrinks only where both are low at once and
 * for long. High and low must lie so far apart that a step one way is not undone by the other, whatever the size of the fleet.
 */
export class EdgeScaling extends Construct {
  /** @throws IrisError SYNTH_FAILED where the fleet would grow and shrink by turns. */
  constructor(scope: Construct, id: string, props: EdgeScalingProps) {
    super(scope, id);
    expectApart(props);
    this.addGrowth(props);
    this.addShrinking(props);
  }

  private addGrowth(props: EdgeScalingProps): void {
    const tracked: Readonly<Record<string, CfnScalingPolicy.TargetTrackingConfigurationProperty>> = {
      GrowOnConnections: {
        customizedMetricSpecification: { ...metricOf('iris_connections', props), statistic: 'Average' },
        targetValue: props.connectionsHigh,
        disableScaleIn: true,
      },
      GrowOnCpu: {
        customizedMetricSpecification: { ...metricOf('iris_cpu_percent', props), statistic: 'Average' },
        targetValue: props.cpuHigh ?? CPU_HIGH,
        disableScaleIn: true,
      },
    };
    for (const [id, targetTrackingConfiguration] of Object.entries(tracked)) {
      new CfnScalingPolicy(this, id, {
        autoScalingGroupName: props.fleetName,
        policyType: 'TargetTrackingScaling',
        targetTrackingConfiguration,
      });
    }
  }

  private addShrinking(props: EdgeScalingProps): void {
    const shrink = new CfnScalingPolicy(this, 'Shrink', {
      autoScalingGroupName: props.fleetName,
      policyType: 'StepScaling',
      adjustmentType: 'PercentChangeInCapacity',
      minAdjustmentMagnitude: 1,
      stepAdjustments: [{ metricIntervalLowerBound: 0, scalingAdjustment: SHRINK_PERCENT }],
    });
    new CfnAlarm(this, 'BothLow', {
      alarmName: `${props.fleetName}-may-shrink`,
      alarmDescription: 'Not a fault: the edges have more room than they need, and the fleet gives some back.',
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      evaluationPeriods: SHRINK_MINUTES,
      treatMissingData: 'notBreaching',
      metrics: [
        {
          id: 'low',
          expression: `IF(cpu < ${props.cpuLow ?? CPU_LOW} AND connections < ${props.connectionsLow}, 1, 0)`,
          label: 'both low',
          returnData: true,
        },
        averageOf('cpu', metricOf('iris_cpu_percent', props)),
        averageOf('connections', metricOf('iris_connections', props)),
      ],
      alarmActions: [shrink.ref],
    });
  }
}

/** The smallest fleet that has just grown by one node still has `low` on each; with more nodes a step matters less. */
function expectApart({
  fleetName,
  nodesMin,
  connectionsHigh,
  connectionsLow,
  cpuHigh = CPU_HIGH,
  cpuLow = CPU_LOW,
}: EdgeScalingProps): void {
  for (const [name, high, low] of [
    ['connections', connectionsHigh, connectionsLow],
    ['cpu', cpuHigh, cpuLow],
  ] as const) {
    if ([high, low, nodesMin].some((value) => Token.isUnresolved(value))) continue;
    const most = (high * nodesMin) / (nodesMin + 1);
    if (low <= most) continue;
    throw new IrisError(
      'SYNTH_FAILED',
      `${fleetName} would shrink as soon as it has grown from ${nodesMin} nodes: ${name}Low is ${low}, lower it to ${Math.floor(most * 100) / 100} or raise ${name}High`,
    );
  }
}

interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: { readonly name: string; readonly value: string }[];
}

/** What every edge publishes of itself once a minute; EC2’s own figure of the processor comes every five, or is billed by the machine. */
function metricOf(metricName: NodeMetricName, { environment, region }: EdgeScalingProps): Metric {
  const values = { Environment: environment, Region: region, Role: 'edge' };
  return { namespace: METRIC_NAMESPACE, metricName, dimensions: METRIC_DIMENSIONS.map((name) => ({ name, value: values[name] })) };
}

function averageOf(id: string, metric: Metric): CfnAlarm.MetricDataQueryProperty {
  return { id, metricStat: { metric, period: METRIC_PERIOD_SECONDS, stat: 'Average' }, returnData: false };
}
