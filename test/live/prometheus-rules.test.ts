/** O2: Prometheus’ own checker takes the rules of an environment and the dashboard’s queries, and fires them on what they mean. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runIris } from '../commands/run-iris.ts';
import { requireTool } from '../services/tool.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-rules-'));
const rules = join(folder, 'prometheus-rules.json');

beforeAll(async () => {
  requireTool({ command: 'promtool', install: 'apt-get install prometheus', debianPackage: 'prometheus' });
  expect((await runIris(['monitoring', 'proof', '--out', folder])).code).toBe(0);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', timeout: 60_000 });
  return { status, output: `${stdout}${stderr}` };
}

it('every rule is one that Prometheus takes', () => {
  const { status, output } = promtool('check', 'rules', rules);
  expect([status, output]).toEqual([0, expect.stringMatching(/SUCCESS: \d{2,} rules found/)]);
});

it('every query of the dashboard is one that Prometheus takes', () => {
  const { panels } = JSON.parse(readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$region', 'tokyo')));
  expect(expressions.length).toBeGreaterThan(30);
  const records = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
  writeFileSync(join(folder, 'panels.json'), JSON.stringify({ groups: [{ name: 'panels', rules: records }] }));
  expect(promtool('check', 'rules', join(folder, 'panels.json')).status).toBe(0);
});

it('slow deliveries, refusals, a fall of connections and silence page; what is well does not', () => {
  const series = (metric: string, role: string, values: string) => ({
    series: `${metric}{region="tokyo",role="${role}",node="n"}`,
    values,
  });
  const silent = (alert: string, at: string) => ({ eval_time: at, alertname: `iris-proof-tokyo-${alert}`, exp_alerts: [] });
  const expressions = new Map(
    (JSON.parse(readFileSync(rules, 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] }).groups
      .flatMap((group) => group.rules)
      .map(({ alert, expr }) => [alert, expr]),
  );
  const holds = (alert: string, at: string, isHeld: boolean) => ({
    expr: `count(${expressions.get(`iris-proof-tokyo-${alert}`)}) or vector(0)`,
    eval_time: at,
    exp_samples: [{ labels: '{}', value: isHeld ? 1 : 0 }],
  });
  const test = {
    rule_files: [rules],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: [
          series('iris_delivery_p95_ms', 'edge', '20x10 180x20'),
          series('iris_messages_in_total', 'edge', '0+1000x30'),
          series('iris_messages_refused_total', 'edge', '0+5x10 100+50x20'),
          series('iris_connections', 'edge', '100000x15 50000x15'),
        ],
        promql_expr_test: [
          holds('edge-delivery-slow', '8m', false),
          holds('edge-delivery-slow', '20m', true),
          holds('edge-refusals', '8m', false),
          holds('edge-refusals', '25m', true),
          holds('edge-connections-fall', '14m', false),
          holds('edge-connections-fall', '18m', true),
          holds('edge-silent', '8m', false),
          holds('core-silent', '8m', true),
        ],
        alert_rule_test: [silent('edge-delivery-slow', '8m'), silent('edge-gaps', '20m')],
      },
    ],
  };
  writeFileSync(join(folder, 'test.json'), JSON.stringify(test));
  const { status, output } = promtool('test', 'rules', join(folder, 'test.json'));
  expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
});
