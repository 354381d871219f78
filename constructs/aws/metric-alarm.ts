import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

/** One figure that an alarm is made of. */
export type AlarmMetric =
  | {
      readonly namespace: string;
      readonly name: string;
      readonly dimensions: Readonly<Record<string, string>>;
      /** Average, Maximum, Minimum, Sum, SampleCount or a percentile. */
      readonly statistic: string;
    }
  /** A Metrics Insights query of one series. CloudWatch evaluates the last three hours of one. */
  | { readonly query: string };

export interface MetricAlarmProps {
  /** Frozen: who rolls back by an alarm names it. */
  readonly name: string;
  /** What it says, and what to do: at most 1,024 characters. */
  readonly description: string;
  /** By the name under which `expression` knows each: a lower-case letter, then letters and digits. At most 10. */
  readonly metrics: Readonly<Record<string, AlarmMetric>>;
  /** Metric math over `metrics`. @default - the one metric as it is */
  readonly expression?: string;
  readonly comparison: 'above' | 'atLeast' | 'below';
  readonly threshold: number;
  /** 60 or a multiple. */
  readonly periodSeconds: number;
  /** Periods in a row; together at most a day. */
  readonly periods: number;
  /** @default 'notBreaching' - a node that counts nothing publishes nothing */
  readonly whenMissing?: 'notBreaching' | 'breaching';
  /** Topics that hear of it, when it begins and when it ends. @default - none: a composite alarm tells */
  readonly topicArns?: readonly string[];
}

const OPERATORS = {
  above: 'GreaterThanThreshold',
  atLeast: 'GreaterThanOrEqualToThreshold',
  below: 'LessThanThreshold',
} as const;

/** An alarm of CloudWatch over metrics, a formula, or a query that takes in every member of a fleet. */
export class MetricAlarm extends Construct {
  readonly name: string;
  readonly resource: CfnAlarm;

  constructor(scope: Construct, id: string, props: MetricAlarmProps) {
    super(scope, id);
    const topics = [...(props.topicArns ?? [])];
    this.name = props.name;
    this.resource = new CfnAlarm(this, 'Alarm', {
      alarmName: props.name,
      alarmDescription: props.description,
      metrics: metricQueries(props),
      comparisonOperator: OPERATORS[props.comparison],
      threshold: props.threshold,
      evaluationPeriods: props.periods,
      datapointsToAlarm: props.periods,
      treatMissingData: props.whenMissing ?? 'notBreaching',
      ...(topics.length > 0 ? { alarmActions: topics, okActions: topics } : {}),
    });
  }
}

function metricQueries({ metrics, expression, periodSeconds }: MetricAlarmProps): CfnAlarm.MetricDataQueryProperty[] {
  const queries = Object.entries(metrics).map(([id, metric]): CfnAlarm.MetricDataQueryProperty => {
    const returnData = expression === undefined;
    if ('query' in metric) return { id, expression: metric.query, period: periodSeconds, returnData };
    const { namespace, name, dimensions, statistic } = metric;
    const named = Object.entries(dimensions).map(([key, value]) => ({ name: key, value }));
    return {
      id,
      metricStat: { metric: { namespace, metricName: name, dimensions: named }, period: periodSeconds, stat: statistic },
      returnData,
    };
  });
  return expression === undefined ? queries : [...queries, { id: 'result', expression, returnData: true }];
}
