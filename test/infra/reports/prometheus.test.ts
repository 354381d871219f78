import { proof } from '../../../environments/proof.ts';
import { alarmsOf } from '../../../infra/plan/alarms.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { panelsOf } from '../../../infra/plan/panels.ts';
import { grafanaDashboard } from '../../../infra/reports/prometheus/grafana-dashboard.ts';
import { formulaOf, queryOf } from '../../../infra/reports/prometheus/queries.ts';
import { prometheusRules } from '../../../infra/reports/prometheus/rules.ts';
import { NODE_METRICS } from '../../../runtime/contract/node-metrics.ts';

const plan = createPlan(proof);
const [tokyo] = plan.regions;
const options = { region: '="tokyo"', periodSeconds: 60 };
const open = { from: 'nodes', metric: 'iris_connections', role: 'edge', statistic: 'Sum' } as const;
const refused = { from: 'nodes', metric: 'iris_messages_refused_total', role: 'edge', statistic: 'Sum' } as const;

describe('alarms for Prometheus (O2)', () => {
  it('ask for a gauge as it is and for a counter’s increase, over the nodes of a role', () => {
    expect(queryOf(open, options)).toBe('sum(iris_connections{region="tokyo",role="edge"})');
    expect(queryOf(refused, options)).toBe('sum(increase(iris_messages_refused_total{region="tokyo",role="edge"}[60s]))');
    expect(queryOf({ ...refused, statistic: 'Average' }, { ...options, agoSeconds: 300 })).toBe(
      'avg(increase(iris_messages_refused_total{region="tokyo",role="edge"}[60s] offset 300s))',
    );
  });

  it('take a formula’s figures, conditions and changes', () => {
    const now = 'sum(iris_connections{region="tokyo",role="edge"})';
    const before = 'sum(iris_connections{region="tokyo",role="edge"} offset 60s)';
    expect(formulaOf('IF(open > 100, 100 * DIFF(open) / open, 0)', { open }, options)).toBe(
      `(100 * (${now} - ${before}) / ${now}) and (${now} > 100)`,
    );
  });

  it('are all that stand on nodes, in each region, with who is told and the runbook’s heading', () => {
    const { groups } = prometheusRules(plan);
    const wanted = alarmsOf(plan, tokyo!).filter(({ figures }) => Object.values(figures).every(({ from }) => from === 'nodes'));
    expect(groups.map(({ rules }) => rules.length)).toEqual(plan.regions.map(() => wanted.length));
    expect(groups[0]!.rules.map(({ alert }) => alert)).toEqual(wanted.map(({ key }) => `iris-proof-tokyo-${key}`));
    expect(groups[0]!.rules[0]).toMatchObject({
      expr: '(avg(iris_delivery_p95_ms{region="tokyo",role="edge"})) > 100',
      for: '300s',
      labels: { region: 'tokyo', severity: 'page', signal: 'latency' },
      annotations: { runbook: 'docs/runbook.md#edge-delivery-slow' },
    });
    expect(groups[0]!.rules.find(({ alert }) => alert.endsWith('edge-silent'))?.expr).toBe(
      'absent(iris_connections{region="tokyo",role="edge"})',
    );
  });

  it('and the dashboard name only metrics that nodes have, and every panel of CloudWatch that stands on them', () => {
    const text = JSON.stringify([prometheusRules(plan), grafanaDashboard(plan)]);
    for (const [, name] of text.matchAll(/\b(iris_\w+)\{/g)) expect(NODE_METRICS).toHaveProperty(name!);
    const { panels } = grafanaDashboard(plan) as { panels: { title: string }[] };
    const wanted = panelsOf(tokyo!).filter(({ lines }) => lines.some(({ figure }) => figure.from === 'nodes'));
    expect(panels.map(({ title }) => title)).toEqual(wanted.map(({ title }) => title));
  });
});
