import type { NodeMetricName } from '../../runtime/contract/node-metrics.ts';
import type { AlarmFigure, AlarmPlan, AlarmStatistic } from './alarm-plan.ts';
import type { RegionPlan } from './plan.ts';

/** One graph of a region’s dashboard. */
export interface PanelPlan {
  readonly signal: Exclude<AlarmPlan['signal'], 'efficiency'>;
  readonly title: string;
  readonly lines: readonly { readonly label: string; readonly figure: Exclude<AlarmFigure, { from: 'query' }> }[];
  readonly threshold?: number;
}

type Role = 'edge' | 'core';

/** Every golden signal (O1): what clients wait for, what comes, what fails, how full it is. */
export function panelsOf(region: RegionPlan): PanelPlan[] {
  return [...latencyPanels(), ...trafficPanels(), ...errorPanels(), ...saturationPanels(region), ...servicePanels(region)];
}

function latencyPanels(): PanelPlan[] {
  const percentiles = (title: string, role: Role, name: 'delivery' | 'acknowledge' | 'login' | 'commit', threshold: number): PanelPlan => ({
    signal: 'latency',
    title: `${title}, ms`,
    threshold,
    lines: (['p50', 'p95', 'p99'] as const).map((p) => nodes(role, `iris_${name}_${p}_ms` as NodeMetricName, 'Average', p)),
  });
  return [
    percentiles('Delivery', 'edge', 'delivery', 100),
    percentiles('Acknowledgement', 'edge', 'acknowledge', 100),
    percentiles('Login', 'edge', 'login', 1_000),
    percentiles('Commit to the log', 'core', 'commit', 50),
  ];
}

function trafficPanels(): PanelPlan[] {
  return [
    { signal: 'traffic', title: 'Open connections', lines: [nodes('edge', 'iris_connections', 'Sum', 'of the region')] },
    { signal: 'traffic', title: 'Connections of an edge', lines: averageAndMost('edge', 'iris_connections') },
    {
      signal: 'traffic',
      title: 'Messages a minute',
      lines: [
        nodes('edge', 'iris_messages_in_total', 'Sum', 'taken'),
        nodes('edge', 'iris_messages_out_total', 'Sum', 'delivered'),
        nodes('core', 'iris_messages_committed_total', 'Sum', 'committed'),
      ],
    },
    { signal: 'traffic', title: 'Logins a minute', lines: [nodes('edge', 'iris_logins_total', 'Sum', 'logins')] },
    { signal: 'traffic', title: 'Users watched by others', lines: averageAndMost('edge', 'iris_presence_watches') },
    {
      signal: 'traffic',
      title: 'Presence, a minute',
      lines: [
        nodes('edge', 'iris_presence_told_total', 'Sum', 'told'),
        nodes('edge', 'iris_presence_refused_total', 'Sum', 'watches refused'),
        nodes('edge', 'iris_shed_presence_total', 'Sum', 'shed under load'),
      ],
    },
    { signal: 'traffic', title: 'On the way to other groups', lines: averageAndMost('core', 'iris_outbox_under_way') },
  ];
}

function errorPanels(): PanelPlan[] {
  const counts = (title: string, role: Role, metrics: readonly (readonly [NodeMetricName, string])[]): PanelPlan => ({
    signal: 'errors',
    title,
    lines: metrics.map(([metric, label]) => nodes(role, metric, 'Sum', label)),
  });
  return [
    counts('Failures at edges, a minute', 'edge', [
      ['iris_messages_refused_total', 'messages refused'],
      ['iris_gap_messages_total', 'messages gone'],
      ['iris_connection_faults_total', 'connections ended by a fault'],
      ['iris_connections_refused_total', 'connections refused'],
      ['iris_slot_map_refused_total', 'slot maps refused'],
    ]),
    counts('Failures at cores, a minute', 'core', [
      ['iris_commits_failed_total', 'commits failed'],
      ['iris_appends_refused_total', 'envelopes refused'],
      ['iris_messages_set_aside_total', 'messages set aside'],
      ['iris_inbox_expired_total', 'expired in inboxes'],
      ['iris_outbox_expired_total', 'expired in outboxes'],
      ['iris_slot_map_refused_total', 'slot maps refused'],
    ]),
    {
      signal: 'errors',
      title: 'Owners that do not answer',
      lines: [
        nodes('edge', 'iris_breakers_open', 'Maximum', 'edges see'),
        nodes('core', 'iris_breakers_open', 'Maximum', 'cores see'),
        nodes('edge', 'iris_links_up', 'Minimum', 'fewest links of an edge'),
      ],
    },
  ];
}

function saturationPanels(region: RegionPlan): PanelPlan[] {
  const both = (title: string, metric: NodeMetricName, threshold?: number): PanelPlan => ({
    signal: 'saturation',
    title,
    ...(threshold === undefined ? {} : { threshold }),
    lines: [...averageAndMost('edge', metric), ...averageAndMost('core', metric)],
  });
  return [
    both('Processor, %', 'iris_cpu_percent', 70),
    both('Memory, %', 'iris_memory_percent', 80),
    both('Queues, %', 'iris_queue_percent', 80),
    both('Network, Mbit/s', 'iris_network_megabits'),
    ...(region.store === null ? [diskPanel()] : []),
    { signal: 'saturation', title: 'What waits in stores, %', threshold: 80, lines: averageAndMost('core', 'iris_store_percent') },
    both('Load level', 'iris_load_level', 2),
    both('Event loop, ms late', 'iris_event_loop_lag_ms'),
  ];
}

/** Where cores keep their stores themselves. */
function diskPanel(): PanelPlan {
  return { signal: 'saturation', title: 'Disk of stores, %', threshold: 85, lines: averageAndMost('core', 'iris_disk_percent') };
}

function servicePanels(region: RegionPlan): PanelPlan[] {
  const dimensions = { LoadBalancer: 'loadBalancer', TargetGroup: 'targetGroup' };
  const balancer = (metric: string, label: string) =>
    ({ label, figure: { from: 'aws', namespace: 'AWS/NetworkELB', metric, dimensions, statistic: 'Maximum' } }) as const;
  const flows = (metric: string, statistic: AlarmStatistic, label: string) =>
    ({
      label,
      figure: { from: 'aws', namespace: 'AWS/NetworkELB', metric, dimensions: { LoadBalancer: 'loadBalancer' }, statistic },
    }) as const;
  return [
    {
      signal: 'service',
      title: 'Edges behind the load balancer',
      lines: [balancer('HealthyHostCount', 'healthy'), balancer('UnHealthyHostCount', 'not healthy')],
    },
    {
      signal: 'service',
      title: 'Flows of the load balancer',
      lines: [flows('ActiveFlowCount', 'Average', 'open'), flows('NewFlowCount', 'Sum', 'new, a minute')],
    },
    {
      signal: 'service',
      title: 'Version of the slot map',
      lines: (['edge', 'core'] as const).flatMap((role) => [
        nodes(role, 'iris_slot_map_version', 'Minimum', `oldest of ${role}s`),
        nodes(role, 'iris_slot_map_version', 'Maximum', `newest of ${role}s`),
      ]),
    },
    ...(region.bus === null ? [] : [busPanel(region.names.bus)]),
  ];
}

function busPanel(cluster: string): PanelPlan {
  const line = (metric: string, label: string) =>
    ({
      label,
      figure: { from: 'aws', namespace: 'AWS/Kafka', metric, dimensions: { 'Cluster Name': cluster }, statistic: 'Maximum' },
    }) as const;
  return {
    signal: 'service',
    title: 'Partitions of the bus',
    lines: [line('OfflinePartitionsCount', 'without a leader'), line('GlobalPartitionCount', 'all')],
  };
}

function averageAndMost(role: Role, metric: NodeMetricName): PanelPlan['lines'] {
  return [nodes(role, metric, 'Average', `${role}s`), nodes(role, metric, 'Maximum', `most of ${role}s`)];
}

function nodes(role: Role, metric: NodeMetricName, statistic: AlarmStatistic, label: string) {
  return { label, figure: { from: 'nodes', role, metric, statistic } } as const;
}
