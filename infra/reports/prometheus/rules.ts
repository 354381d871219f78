import type { AlarmFigure, AlarmPlan } from '../../plan/alarm-plan.ts';
import { alarmName, alarmsOf } from '../../plan/alarms.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';
import { formulaOf, type QueryOptions, queryOf } from './queries.ts';

/** A rule file of Prometheus; JSON is YAML. */
export interface PrometheusRules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly PrometheusRule[] }[];
}

export interface PrometheusRule {
  readonly alert: string;
  readonly expr: string;
  /** `300s` */
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

type NodeFigure = Extract<AlarmFigure, { from: 'nodes' }>;
const OPERATORS = { above: '>', atLeast: '>=', below: '<' } as const;

/** The alarms of an environment that stand on what nodes say themselves, for who scrapes `/metrics` instead of CloudWatch (O2). */
export function prometheusRules(plan: Plan): PrometheusRules {
  return {
    groups: plan.regions.map((region) => ({
      name: region.names.prefix,
      rules: alarmsOf(plan, region).flatMap((alarm) => ruleOf(region, alarm)),
    })),
  };
}

function ruleOf(region: RegionPlan, alarm: AlarmPlan): PrometheusRule[] {
  const figures = Object.entries(alarm.figures).filter((entry): entry is [string, NodeFigure] => entry[1].from === 'nodes');
  if (figures.length < Object.keys(alarm.figures).length) return [];
  const options: QueryOptions = { region: `="${region.code}"`, periodSeconds: alarm.periodSeconds };
  const [[, first]] = figures as [[string, NodeFigure]];
  const value = alarm.expression === null ? queryOf(first, options) : formulaOf(alarm.expression, Object.fromEntries(figures), options);
  return [
    {
      alert: alarmName(region, alarm.key),
      expr: exprOf(alarm, first, { value, region }),
      for: `${alarm.periodSeconds * alarm.periods}s`,
      labels: { region: region.code, signal: alarm.signal, severity: alarm.pages ? 'page' : 'notice' },
      annotations: { summary: `${region.code}: ${alarm.says}`, runbook: `docs/runbook.md#${alarm.key}`, unit: alarm.unit },
    },
  ];
}

function exprOf(alarm: AlarmPlan, first: NodeFigure, { value, region }: { value: string; region: RegionPlan }): string {
  // No sample of a thing is no series at all, which is below nothing.
  if (first.statistic === 'SampleCount') return `absent(${first.metric}{region="${region.code}",role="${first.role}"})`;
  return `(${value}) ${OPERATORS[alarm.comparison]} ${alarm.threshold}`;
}
