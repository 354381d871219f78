import type { AlarmPlan } from './alarm-plan.ts';
import { alarm, happens, machineAlarms, mapSourceAway, ofNodes, slow } from './alarm-rows.ts';
import type { Plan, RegionPlan } from './plan.ts';

/** What clients notice, and how full the edges are. */
export function edgeAlarms(plan: Plan, region: RegionPlan): AlarmPlan[] {
  return [
    slow('edge', 'delivery', 'iris_delivery_p95_ms', 100),
    slow('edge', 'acknowledge', 'iris_acknowledge_p95_ms', 100),
    slow('edge', 'login', 'iris_login_p95_ms', 1_000),
    ...trafficAlarms(plan),
    ...errorAlarms(),
    mapSourceAway('edge'),
    ...machineAlarms('edge', region.instanceTypes.edge),
    ...(region.directory === null ? [] : directoryAlarms()),
    alarm({
      key: 'edge-certificate-expires',
      signal: 'service',
      says: 'clients will refuse the certificate of an edge within 30 days (F21)',
      figures: { days: ofNodes('edge', 'iris_certificate_days', 'Minimum') },
      comparison: 'below',
      threshold: 30,
      unit: 'days',
      pages: false,
    }),
    alarm({
      key: 'edge-silent',
      signal: 'service',
      says: 'no edge of the region publishes anything',
      figures: { samples: ofNodes('edge', 'iris_connections', 'SampleCount') },
      comparison: 'below',
      threshold: 1,
      unit: 'nodes',
      whenMissing: 'breaching',
    }),
    alarm({
      key: 'edge-none-healthy',
      signal: 'service',
      says: 'the load balancer has no healthy edge',
      figures: { healthy: balancer('HealthyHostCount', 'Maximum') },
      comparison: 'below',
      threshold: 1,
      unit: 'edges',
      periods: 2,
      whenMissing: 'breaching',
    }),
    alarm({
      key: 'edge-some-unhealthy',
      signal: 'service',
      says: 'edges of a zone are not ready',
      figures: { unhealthy: balancer('UnHealthyHostCount', 'Maximum') },
      threshold: 0,
      unit: 'edges',
      periods: 15,
      pages: false,
    }),
  ];
}

function balancer(metric: string, statistic: 'Maximum' | 'Sum') {
  const dimensions = { LoadBalancer: 'loadBalancer', TargetGroup: 'targetGroup' };
  return { from: 'aws', namespace: 'AWS/NetworkELB', metric, dimensions, statistic } as const;
}

function trafficAlarms({ config }: Plan): AlarmPlan[] {
  const { messagesPerUserPerDay, peakToAverage } = config.traffic;
  const perConnection = (messagesPerUserPerDay * peakToAverage) / 86_400 / config.peakConcurrentShare;
  return [
    alarm({
      key: 'edge-traffic-above-plan',
      signal: 'traffic',
      says: 'an edge takes more messages than its share of the planned peak',
      figures: { messages: ofNodes('edge', 'iris_messages_in_total', 'Average') },
      threshold: Math.ceil(perConnection * config.connectionsPerEdge * 60),
      unit: 'messages a minute and edge',
      periods: 15,
      pages: false,
    }),
    alarm({
      key: 'edge-connections-fall',
      signal: 'traffic',
      says: 'the region has a fifth fewer connections than in the five minutes before',
      figures: { open: ofNodes('edge', 'iris_connections', 'Sum') },
      // DIFF is the change since the period before; below a thousand a minute’s sum, shares say nothing.
      expression: 'IF(open - DIFF(open) > 5000, 100 * DIFF(open) / (open - DIFF(open)), 0)',
      comparison: 'below',
      threshold: -20,
      unit: '%',
      periodSeconds: 300,
      periods: 1,
    }),
  ];
}

function errorAlarms(): AlarmPlan[] {
  return [
    alarm({
      key: 'edge-refusals',
      signal: 'errors',
      says: 'more than 1 % of the messages are refused',
      figures: {
        refused: ofNodes('edge', 'iris_messages_refused_total', 'Sum'),
        taken: ofNodes('edge', 'iris_messages_in_total', 'Sum'),
      },
      expression: 'IF(taken > 100, 100 * refused / taken, 0)',
      threshold: 1,
      unit: '%',
    }),
    alarm({
      key: 'edge-faults',
      signal: 'errors',
      says: 'connections end by faults of clients, over 5 % of those that log in',
      figures: {
        faults: ofNodes('edge', 'iris_connection_faults_total', 'Sum'),
        logins: ofNodes('edge', 'iris_logins_total', 'Sum'),
      },
      expression: 'IF(faults > 100, 100 * faults / (logins + 1), 0)',
      threshold: 5,
      unit: '%',
      pages: false,
    }),
    happens('edge', 'connections-refused', 'iris_connections_refused_total', 'an edge is full and refuses connections'),
    happens('edge', 'gaps', 'iris_gap_messages_total', 'readers were told of messages that are gone'),
    alarm({
      key: 'edge-owners-away',
      signal: 'errors',
      says: 'an owner of shards does not answer',
      figures: { open: ofNodes('edge', 'iris_breakers_open', 'Maximum') },
      threshold: 0,
      unit: 'owners',
      periods: 3,
    }),
    {
      ...happens('edge', 'watches-refused', 'iris_presence_refused_total', 'an edge or a user has as many watches as it may (R15)'),
      pages: false,
    },
    happens('edge', 'slot-map-refused', 'iris_slot_map_refused_total', 'edges refuse the published slot map'),
  ];
}

/** Sessions are where they are whatever the directory says; what asks it where is told something old (R15). */
function directoryAlarms(): AlarmPlan[] {
  return [
    alarm({
      key: 'edge-directory-stale',
      signal: 'errors',
      says: 'an edge could not tell the session directory what happened for over 5 s',
      figures: { stale: ofNodes('edge', 'iris_directory_stale_ms', 'Maximum') },
      threshold: 5_000,
      unit: 'ms',
      pages: false,
    }),
    {
      ...happens('edge', 'directory-channels-refused', 'iris_directory_channels_refused_total', 'an edge hears as many channels as it may'),
      pages: false,
    },
  ];
}
