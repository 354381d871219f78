import { NODE_METRICS } from '../../../runtime/contract/node-metrics.ts';
import type { AlarmFigure } from '../../plan/alarm-plan.ts';

type NodeFigure = Extract<AlarmFigure, { from: 'nodes' }>;

const AGGREGATIONS = { Average: 'avg', Maximum: 'max', Minimum: 'min', Sum: 'sum', SampleCount: 'count' } as const;

export interface QueryOptions {
  /** What the label `region` is matched with: `="tokyo"` or `=~"$region"`. */
  readonly region: string;
  /** Over which counters are counted. */
  readonly periodSeconds: number;
  /** Seconds that it is asked for the past. @default 0 */
  readonly agoSeconds?: number;
}

/** PromQL of a figure that nodes publish: what CloudWatch’s statistic is over the nodes of a role. */
export function queryOf({ metric, role, statistic }: NodeFigure, { region, periodSeconds, agoSeconds = 0 }: QueryOptions): string {
  const series = `${metric}{region${region},role="${role}"}`;
  const offset = agoSeconds === 0 ? '' : ` offset ${agoSeconds}s`;
  const value = NODE_METRICS[metric].kind === 'counter' ? `increase(${series}[${periodSeconds}s]${offset})` : `${series}${offset}`;
  return `${AGGREGATIONS[statistic]}(${value})`;
}

/**
 * PromQL of a formula of CloudWatch’s metric math, as far as alarms use it: `IF(condition, value, 0)`, which here is the value while the
 * condition holds, and `DIFF(figure)`, the change since the period before.
 */
export function formulaOf(expression: string, figures: Readonly<Record<string, NodeFigure>>, options: QueryOptions): string {
  const figure = (name: string, agoSeconds = 0): string => queryOf(figures[name] as NodeFigure, { ...options, agoSeconds });
  const put = (text: string): string =>
    text.replace(/\bDIFF\((\w+)\)|\b[a-z]\w*/g, (word, changing: string | undefined) =>
      changing === undefined ? figure(word) : `(${figure(changing)} - ${figure(changing, options.periodSeconds)})`,
    );
  const condition = /^IF\((.+?), (.+), 0\)$/.exec(expression);
  if (condition === null) return put(expression);
  return `(${put(condition[2] as string)}) and (${put(condition[1] as string)})`;
}
