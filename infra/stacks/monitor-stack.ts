import type { Construct } from 'constructs';
import type { AlarmMetric } from '../../constructs/aws/metric-alarm.ts';
import { type MonitoredAlarm, RegionMonitoring, type RegionMonitoringProps } from '../../constructs/aws/region-monitoring.ts';
import { METRIC_DIMENSIONS, METRIC_NAMESPACE } from '../../runtime/contract/node-metrics.ts';
import type { AlarmFigure, AlarmPlan } from '../plan/alarm-plan.ts';
import { alarmName, alarmsOf, REGION_ALARM } from '../plan/alarms.ts';
import { panelsOf } from '../plan/panels.ts';
import type { AlertPlan } from '../plan/plan.ts';
import { balancerParameters, read } from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

type NodeOrService = Exclude<AlarmFigure, { from: 'query' }>;
type Names = Readonly<Record<string, string>>;

/** Alarms and dashboard of one region; the last of its stacks, since it watches the others. Nothing in it holds data. */
export class MonitorStack extends IrisStack {
  constructor(scope: Construct, props: RegionStackProps) {
    super(scope, regionStack(props, 'monitor', 'alarms and dashboard', false));
    const { plan, region } = props;
    const parameters = balancerParameters(plan.environment, region.code);
    const names = {
      loadBalancer: read(this, parameters.loadBalancer, 'String'),
      targetGroup: read(this, parameters.targetGroup, 'String'),
    };
    const metricOf = (figure: NodeOrService) => metric(props, names, figure);
    new RegionMonitoring(this, 'Monitoring', {
      name: alarmName(region, REGION_ALARM),
      awsRegion: region.awsRegion,
      heading: `# ${plan.environment} ${region.code}\nAn alarm’s name without \`${region.names.prefix}-\` is its heading in docs/runbook.md.`,
      pagesTopicName: `${region.names.prefix}-pages`,
      noticesTopicName: `${region.names.prefix}-notices`,
      ...this.subscriber('pager', plan.alerts.pager),
      ...this.subscriber('reader', plan.alerts.reader),
      alarms: alarmsOf(plan, region).map((alarm) => alarmProps(props, alarm, metricOf)),
      panels: panelsOf(region).map(({ title, lines, threshold }) => ({
        title,
        ...(threshold === undefined ? {} : { threshold }),
        metrics: lines.map(({ label, figure }) => ({ label, ...metricOf(figure) })),
      })),
    });
  }

  /** The endpoint is read when the stack is deployed: a pager’s address lets anyone page. */
  private subscriber(who: 'pager' | 'reader', alert: AlertPlan | null): Pick<RegionMonitoringProps, 'pager' | 'reader'> {
    if (alert === null) return {};
    return { [who]: { protocol: alert.protocol, endpoint: read(this, alert.endpointParameter, 'String') } };
  }
}

function alarmProps({ region }: RegionStackProps, alarm: AlarmPlan, metricOf: (figure: NodeOrService) => AlarmMetric): MonitoredAlarm {
  const { key, says, figures, expression, comparison, threshold, periodSeconds, periods, whenMissing, pages } = alarm;
  const metrics = Object.entries(figures).map(([id, figure]): [string, AlarmMetric] => [
    id,
    figure.from === 'query' ? { query: figure.query } : metricOf(figure),
  ]);
  return {
    key,
    name: alarmName(region, key),
    description: `${region.code}: ${says}. docs/runbook.md, ${key}`,
    metrics: Object.fromEntries(metrics),
    ...(expression === null ? {} : { expression }),
    comparison,
    threshold,
    periodSeconds,
    periods,
    whenMissing,
    pages,
  };
}

function metric({ plan, region }: RegionStackProps, names: Names, figure: NodeOrService) {
  if (figure.from === 'nodes') {
    const [environment, code, role] = METRIC_DIMENSIONS;
    const dimensions = { [environment]: plan.environment, [code]: region.code, [role]: figure.role };
    return { namespace: METRIC_NAMESPACE, name: figure.metric, dimensions, statistic: figure.statistic };
  }
  const dimensions = Object.entries(figure.dimensions).map(([key, value]) => [key, names[value] ?? value]);
  return {
    namespace: figure.namespace,
    name: figure.metric,
    dimensions: Object.fromEntries(dimensions) as Names,
    statistic: figure.statistic,
  };
}
