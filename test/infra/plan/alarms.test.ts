/** O1, O4, K10, D8: what is watched is what somebody publishes, each alarm has its page, and each page its alarm. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presets } from '../../../environments/presets.ts';
import type { AlarmPlan } from '../../../infra/plan/alarm-plan.ts';
import { alarmName, alarmsOf, CONFIG_ALARM, REGION_ALARM } from '../../../infra/plan/alarms.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { panelsOf } from '../../../infra/plan/panels.ts';
import { NODE_METRICS, publishedMetrics } from '../../../runtime/contract/node-metrics.ts';

const plans = [...presets.values()].map(createPlan);
const everyRegion = plans.flatMap((plan) => plan.regions.map((region) => ({ plan, region, alarms: alarmsOf(plan, region) })));
const all = new Map(everyRegion.flatMap(({ alarms }) => alarms.map((alarm): [string, AlarmPlan] => [alarm.key, alarm])));

it('every alarm has its heading in the runbook with description, investigation and resolution, and every heading its alarm', () => {
  const runbook = readFileSync(join(__dirname, '../../../docs/runbook.md'), 'utf8');
  const sections = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split('\n')[0] as string, section]),
  );
  expect([...sections.keys()].toSorted()).toEqual([REGION_ALARM, CONFIG_ALARM, ...all.keys()].toSorted());
  for (const [key, section] of sections) {
    expect([key, [...section.matchAll(/^\*\*(\w+)\*\* \S/gm)].map((match) => match[1])]).toEqual([
      key,
      ['Description', 'Investigation', 'Resolution'],
    ]);
  }
});

it('alarms and panels on nodes name only metrics that nodes of that role publish (O1)', () => {
  for (const { region, alarms } of everyRegion) {
    const figures = [
      ...alarms.flatMap((alarm) => Object.values(alarm.figures)),
      ...panelsOf(region).flatMap(({ lines }) => lines.map(({ figure }) => figure)),
    ];
    for (const figure of figures)
      if (figure.from === 'nodes') expect([figure.metric, ...NODE_METRICS[figure.metric].roles]).toContain(figure.role);
  }
});

it('whatever nodes publish is in an alarm or a panel: CloudWatch bills each metric (C2)', () => {
  const used = new Set(
    everyRegion.flatMap(({ region, alarms }) =>
      [
        ...alarms.flatMap(({ figures }) => Object.values(figures)),
        ...panelsOf(region).flatMap(({ lines }) => lines.map(({ figure }) => figure)),
      ]
        .filter((figure) => figure.from === 'nodes')
        .map(({ role, metric }) => `${role} ${metric}`),
    ),
  );
  const published = (['edge', 'core'] as const).flatMap((role) => publishedMetrics(role).map((name) => `${role} ${name}`));
  expect(published.filter((name) => !used.has(name))).toEqual([]);
});

it('every golden signal has a metric, a panel and an alarm (O1)', () => {
  const wanted = [
    ['latency', ['iris_delivery_p95_ms', 'iris_acknowledge_p95_ms', 'iris_login_p95_ms', 'iris_commit_p95_ms']],
    ['traffic', ['iris_connections', 'iris_messages_in_total']],
    [
      'errors',
      [
        'iris_gap_messages_total',
        'iris_connection_faults_total',
        'iris_commits_failed_total',
        'iris_connections_refused_total',
        'iris_messages_refused_total',
      ],
    ],
    ['saturation', ['iris_cpu_percent', 'iris_memory_percent', 'iris_queue_percent', 'iris_network_megabits', 'iris_disk_percent']],
  ] as const;
  const { region, alarms } = everyRegion[0]!;
  const text = (value: unknown) => JSON.stringify(value);
  for (const [signal, metrics] of wanted) {
    for (const metric of metrics) {
      expect([signal, metric, text(alarms.filter((alarm) => alarm.signal === signal)).includes(`"${metric}"`)]).toEqual([
        signal,
        metric,
        true,
      ]);
      expect([signal, metric, text(panelsOf(region).filter((panel) => panel.signal === signal)).includes(`"${metric}"`)]).toEqual([
        signal,
        metric,
        true,
      ]);
    }
  }
});

it('has the bounds of the sources: K10 under 50 and 60, over 90 and 95; O1 70 and 80; delivery 100 ms (O5); D8 80 % and 800,000 a second', () => {
  const bound = (key: string) => [all.get(key)?.comparison, all.get(key)?.threshold];
  for (const role of ['edge', 'core']) {
    expect(
      ['cpu-under', 'memory-under', 'cpu-over', 'memory-over', 'cpu-busy', 'memory-busy', 'queue-full'].map((key) =>
        bound(`${role}-${key}`),
      ),
    ).toEqual([
      ['below', 50],
      ['below', 60],
      ['above', 90],
      ['above', 95],
      ['above', 70],
      ['above', 80],
      ['above', 80],
    ]);
    expect(all.has(`${role}-network-busy`)).toBe(true);
  }
  expect(['edge-delivery-slow', 'directory-memory-full', 'directory-operations-over'].map(bound)).toEqual([
    ['above', 100],
    ['above', 80],
    ['above', 48_000_000],
  ]);
});

it('keeps what CloudWatch takes: a day at most, 100 parts of a composite and 10,240 characters of its rule, 255 of a name, 10 figures', () => {
  for (const { region, alarms } of everyRegion) {
    const paging = alarms.filter(({ pages }) => pages);
    expect(paging.length).toBeLessThanOrEqual(100);
    expect(paging.map(({ key }) => `ALARM("${alarmName(region, key)}")`).join(' OR ').length).toBeLessThanOrEqual(10_240);
    expect(new Set(alarms.map(({ key }) => key)).size).toBe(alarms.length);
    for (const alarm of alarms) {
      expect(alarm.periodSeconds * alarm.periods).toBeLessThanOrEqual(86_400);
      expect(alarmName(region, alarm.key).length).toBeLessThanOrEqual(255);
      expect(Object.keys(alarm.figures).every((id) => /^[a-z][a-zA-Z0-9]*$/.test(id))).toBe(true);
      expect(Object.keys(alarm.figures).length).toBeLessThanOrEqual(10);
      // Metrics Insights sees the last three hours.
      if (Object.values(alarm.figures).some(({ from }) => from === 'query'))
        expect(alarm.periodSeconds * alarm.periods).toBeLessThanOrEqual(10_800);
    }
  }
});

it('changes with no number of nodes, so that growing a region changes no alarm (L11)', () => {
  const [plan] = plans;
  const region = plan!.regions[0]!;
  expect(alarmsOf(plan!, { ...region, edges: 40, edgesMin: 40, shardGroups: 9, cores: 9 })).toEqual(alarmsOf(plan!, region));
});
