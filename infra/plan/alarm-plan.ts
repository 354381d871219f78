import type { NodeMetricName } from '../../runtime/contract/node-metrics.ts';

/** One figure of an alarm. */
export type AlarmFigure =
  /** Of the region’s nodes of one role. */
  | { readonly from: 'nodes'; readonly metric: NodeMetricName; readonly role: 'edge' | 'core'; readonly statistic: AlarmStatistic }
  /** Of AWS; a dimension’s value may be `loadBalancer` or `targetGroup`, whose full names only a deployment knows. */
  | {
      readonly from: 'aws';
      readonly namespace: string;
      readonly metric: string;
      readonly dimensions: Readonly<Record<string, string>>;
      readonly statistic: AlarmStatistic;
    }
  /** Metrics Insights: one alarm for every member of a fleet, however many there are. */
  | { readonly from: 'query'; readonly query: string };

export type AlarmStatistic = 'Average' | 'Maximum' | 'Minimum' | 'Sum' | 'SampleCount';

/** An alarm of one region. Its name is `<region’s prefix>-<key>`, and `key` is its heading in docs/runbook.md. */
export interface AlarmPlan {
  readonly key: string;
  /** The golden signal (O1), `efficiency` (K10) or `service` for what AWS says of its parts. */
  readonly signal: 'latency' | 'traffic' | 'errors' | 'saturation' | 'efficiency' | 'service';
  readonly says: string;
  /** Figures by the name under which `expression` knows them. */
  readonly figures: Readonly<Record<string, AlarmFigure>>;
  /** CloudWatch metric math. Null where there is one figure and it is compared as it is. */
  readonly expression: string | null;
  readonly comparison: 'above' | 'atLeast' | 'below';
  readonly threshold: number;
  readonly unit: string;
  readonly periodSeconds: number;
  /** Periods in a row. */
  readonly periods: number;
  readonly whenMissing: 'notBreaching' | 'breaching';
  /** True: it wakes somebody, and is part of the region’s composite alarm. False: it is told by day. */
  readonly pages: boolean;
}
