import { METRIC_PERIOD_SECONDS, type NodeMetricName } from '../../runtime/contract/node-metrics.ts';
import { networkMegabits } from '../facts/network-baselines.ts';
import type { AlarmFigure, AlarmPlan, AlarmStatistic } from './alarm-plan.ts';

type Role = 'edge' | 'core';

/** What most alarms are; a row says what differs. */
const USUAL = {
  expression: null,
  comparison: 'above',
  periodSeconds: METRIC_PERIOD_SECONDS,
  periods: 5,
  whenMissing: 'notBreaching',
  pages: true,
} as const;

type Row = Pick<AlarmPlan, 'key' | 'signal' | 'says' | 'figures' | 'threshold' | 'unit'> & Partial<AlarmPlan>;

export function alarm(row: Row): AlarmPlan {
  return { ...USUAL, ...row };
}

export function ofNodes(role: Role, metric: NodeMetricName, statistic: AlarmStatistic): AlarmFigure {
  return { from: 'nodes', role, metric, statistic };
}

/** A latency’s percentile 95, averaged over the nodes. */
export function slow(role: Role, what: string, metric: NodeMetricName, thresholdMs: number): AlarmPlan {
  return alarm({
    key: `${role}-${what}-slow`,
    signal: 'latency',
    says: `${what} takes long at percentile 95`,
    figures: { p95: ofNodes(role, metric, 'Average') },
    threshold: thresholdMs,
    unit: 'ms',
  });
}

/** Something that should not happen at all. */
export function happens(role: Role, key: string, metric: NodeMetricName, says: string): AlarmPlan {
  return alarm({
    key: `${role}-${key}`,
    signal: 'errors',
    says,
    figures: { count: ofNodes(role, metric, 'Sum') },
    threshold: 0,
    unit: 'a minute',
    periods: 1,
  });
}

/** The last good map stays (F20), but no newer one comes: a failover would not be heard of. */
export function mapSourceAway(role: Role): AlarmPlan {
  return alarm({
    key: `${role}-slot-map-source-away`,
    signal: 'service',
    says: `${role}s cannot read the place of published slot maps`,
    figures: { up: ofNodes(role, 'iris_slot_map_source_up', 'Minimum') },
    comparison: 'below',
    threshold: 1,
    unit: 'places',
    periods: 10,
    pages: false,
  });
}

/** Days are long enough that a calm night is none. */
const UNDER_PERIOD_SECONDS = 21_600;
const UNDER_PERIODS = 4;
const BUSY_PERIODS = 15;

/**
 * How full the machines of a role are: above O1’s saturation it is told, above K10’s bound it wakes somebody, below K10’s other bound for a
 * day there are too many or too large ones.
 */
export function machineAlarms(role: Role, instanceType: string): AlarmPlan[] {
  const percent = (what: string, metric: NodeMetricName, [under, busy, over]: readonly [number, number, number]): AlarmPlan[] => {
    const figures = { used: ofNodes(role, metric, 'Average') };
    const row = (how: string, signal: AlarmPlan['signal'], threshold: number) => ({
      key: `${role}-${what}-${how}`,
      signal,
      says: `${what} of the ${role}s is ${how}`,
      figures,
      threshold,
      unit: '%',
    });
    return [
      alarm({ ...row('busy', 'saturation', busy), periods: BUSY_PERIODS, pages: false }),
      alarm(row('over', 'efficiency', over)),
      alarm({
        ...row('under', 'efficiency', under),
        comparison: 'below',
        periodSeconds: UNDER_PERIOD_SECONDS,
        periods: UNDER_PERIODS,
        pages: false,
      }),
    ];
  };
  return [
    ...percent('cpu', 'iris_cpu_percent', [50, 70, 90]),
    ...percent('memory', 'iris_memory_percent', [60, 80, 95]),
    ...networkAlarm(role, instanceType),
    alarm({
      key: `${role}-queue-full`,
      signal: 'saturation',
      says: `a bounded queue of the ${role}s is nearly full`,
      figures: { used: ofNodes(role, 'iris_queue_percent', 'Maximum') },
      threshold: 80,
      unit: '%',
    }),
    alarm({
      key: `${role}-sheds-load`,
      signal: 'saturation',
      says: `a ${role} leaves out presence or receipts to keep up`,
      figures: { level: ofNodes(role, 'iris_load_level', 'Maximum') },
      comparison: 'atLeast',
      threshold: 2,
      unit: 'level',
    }),
  ];
}

/** Share of what a machine may send or receive for ever; types whose figure is not known have no alarm. */
function networkAlarm(role: Role, instanceType: string): AlarmPlan[] {
  const baseline = networkMegabits(instanceType);
  if (baseline === undefined) return [];
  return [
    alarm({
      key: `${role}-network-busy`,
      signal: 'saturation',
      says: `the network of a ${role} is busy`,
      figures: { used: ofNodes(role, 'iris_network_megabits', 'Maximum') },
      threshold: baseline * NETWORK_SHARE,
      unit: 'Mbit/s',
      periods: BUSY_PERIODS,
      pages: false,
    }),
  ];
}

/** O1’s saturation of the network. */
const NETWORK_SHARE = 0.7;
