import { METRIC_PERIOD_SECONDS, type NodePart, publishedMetrics } from '../../../runtime/contract/node-metrics.ts';
import { HOURS_PER_MONTH, UNIT_PRICES } from '../../facts/prices.ts';
import { alarmsOf } from '../../plan/alarms.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';
import type { CostLine } from './cost-line.ts';

/** What CloudWatch costs: a metric for each name and role, its publications by every node, alarms, and a dashboard. */
export function monitoringLines(plan: Plan, region: RegionPlan): CostLine[] {
  const alarms = alarmsOf(plan, region);
  const queries = alarms.filter(({ figures }) => Object.values(figures).some(({ from }) => from === 'query'));
  const parts: NodePart[] = [
    'register',
    ...(region.directory === null ? [] : (['directory'] as const)),
    region.store === null ? 'folder' : 'engines',
  ];
  const metrics = publishedMetrics('edge', parts).length + publishedMetrics('core', parts).length;
  const nodes = region.edges + region.cores;
  const publications = (nodes * HOURS_PER_MONTH * 3_600) / METRIC_PERIOD_SECONDS;
  const line = (item: string, quantity: number, unit: string, price: number): CostLine => ({
    region: region.code,
    layer: 'monitoring',
    item,
    quantity: Math.round(quantity),
    unit,
    dollars: quantity * price,
  });
  return [
    line('metrics of nodes', metrics, 'metric', UNIT_PRICES.metricMonth),
    line('their publication', publications, 'request', UNIT_PRICES.metricRequest),
    // A formula is billed for each figure it takes, a query for each member it looks at: the region’s nodes.
    line(
      'alarms',
      alarms.reduce((sum, { figures }) => sum + Object.keys(figures).length, 0),
      'figure',
      UNIT_PRICES.alarmMonth,
    ),
    line('members that queries look at', queries.length * nodes, 'figure', UNIT_PRICES.alarmMonth),
    line('composite alarm', 1, 'alarm', UNIT_PRICES.compositeAlarmMonth),
    line('dashboard', 1, 'dashboard', UNIT_PRICES.dashboardMonth),
    line('key of the alarms’ topics', 1, 'key', UNIT_PRICES.keyMonth),
  ];
}
