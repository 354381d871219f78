/**
 * The metrics of a node that leave it: what `/metrics` names, the publisher on the machine sends to CloudWatch, and alarms, dashboards and
 * scaling policies are made of. One table, so that no alarm watches what nobody publishes; a test starts nodes and holds it against them.
 */
export const METRIC_NAMESPACE = 'Iris/Node';

/**
 * Dimensions of each, in this order; no node or instance among them, since CloudWatch bills a metric per combination of values. Average and
 * Maximum are therefore of the nodes, Sum of a gauge is the region’s total, Sum of a counter what all of them counted in the period.
 */
export const METRIC_DIMENSIONS = ['Environment', 'Region', 'Role'] as const;

/** Counts configs that a node was not ready with, and gave back. The machine publishes it, since the node’s own process may not run. */
export const CONFIG_REJECTED_METRIC = 'iris_config_rejected_total';

/** Seconds between two publications, and the period of every alarm on them. */
export const METRIC_PERIOD_SECONDS = 60;

export interface NodeMetric {
  /** gauge: published as it is, left out while it is NaN. counter: published as its growth since the last publication. */
  readonly kind: 'gauge' | 'counter';
  readonly roles: readonly ('edge' | 'core')[];
  /** CloudWatch’s unit. */
  readonly unit: 'Count' | 'Milliseconds' | 'Percent' | 'Megabits/Second';
  /** Nodes without this part do not name it; left out for what every node of the roles names. */
  readonly part?: NodePart;
}

/** What some nodes have: a certificate of their own, a register of slot maps, Redis or Valkey, a log and rows on engines. */
export type NodePart = 'certificate' | 'register' | 'directory' | 'engines';

const EDGE = ['edge'] as const;
const CORE = ['core'] as const;
const BOTH = ['edge', 'core'] as const;

/** By the name that Prometheus and CloudWatch both know. */
export const NODE_METRICS = {
  iris_connections: { kind: 'gauge', roles: EDGE, unit: 'Count' },
  iris_links_up: { kind: 'gauge', roles: EDGE, unit: 'Count' },
  iris_logins_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_messages_in_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_messages_out_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_messages_refused_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_gap_messages_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_connection_faults_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_connections_refused_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_login_p50_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_login_p95_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_login_p99_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_acknowledge_p50_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_acknowledge_p95_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_acknowledge_p99_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_delivery_p50_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_delivery_p95_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_delivery_p99_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds' },
  iris_messages_committed_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_commits_failed_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_appends_refused_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_messages_set_aside_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_inbox_expired_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_outbox_expired_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_outbox_under_way: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_commit_p50_ms: { kind: 'gauge', roles: CORE, unit: 'Milliseconds' },
  iris_commit_p95_ms: { kind: 'gauge', roles: CORE, unit: 'Milliseconds' },
  iris_commit_p99_ms: { kind: 'gauge', roles: CORE, unit: 'Milliseconds' },
  iris_disk_percent: { kind: 'gauge', roles: CORE, unit: 'Percent' },
  iris_store_percent: { kind: 'gauge', roles: CORE, unit: 'Percent' },
  iris_store_cache_percent: { kind: 'gauge', roles: CORE, unit: 'Percent' },
  iris_rows_behind_percent: { kind: 'gauge', roles: CORE, unit: 'Percent', part: 'engines' },
  iris_log_waiting_percent: { kind: 'gauge', roles: CORE, unit: 'Percent', part: 'engines' },
  iris_log_retries_total: { kind: 'counter', roles: CORE, unit: 'Count', part: 'engines' },
  iris_status_cache_percent: { kind: 'gauge', roles: EDGE, unit: 'Percent' },
  iris_certificate_days: { kind: 'gauge', roles: EDGE, unit: 'Count', part: 'certificate' },
  iris_directory_stale_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds', part: 'directory' },
  iris_directory_errors_total: { kind: 'counter', roles: EDGE, unit: 'Count', part: 'directory' },
  iris_directory_channels_refused_total: { kind: 'counter', roles: EDGE, unit: 'Count', part: 'directory' },
  iris_slot_map_source_up: { kind: 'gauge', roles: BOTH, unit: 'Count', part: 'register' },
  iris_breakers_open: { kind: 'gauge', roles: BOTH, unit: 'Count' },
  iris_queue_percent: { kind: 'gauge', roles: BOTH, unit: 'Percent' },
  iris_cpu_percent: { kind: 'gauge', roles: BOTH, unit: 'Percent' },
  iris_memory_percent: { kind: 'gauge', roles: BOTH, unit: 'Percent' },
  iris_network_megabits: { kind: 'gauge', roles: BOTH, unit: 'Megabits/Second' },
  iris_event_loop_lag_ms: { kind: 'gauge', roles: BOTH, unit: 'Milliseconds' },
  iris_load_level: { kind: 'gauge', roles: BOTH, unit: 'Count' },
  iris_slot_map_version: { kind: 'gauge', roles: BOTH, unit: 'Count' },
  iris_slot_map_refused_total: { kind: 'counter', roles: BOTH, unit: 'Count' },
} as const satisfies Readonly<Record<string, NodeMetric>>;

export type NodeMetricName = keyof typeof NODE_METRICS;

const EVERY_PART: readonly NodePart[] = ['certificate', 'register', 'directory', 'engines'];

/** Names of what a node of this role publishes, with these parts. @default parts - all there are */
export function publishedMetrics(role: 'edge' | 'core', parts: readonly NodePart[] = EVERY_PART): NodeMetricName[] {
  return (Object.keys(NODE_METRICS) as NodeMetricName[]).filter((name) => {
    const { roles, part }: NodeMetric = NODE_METRICS[name];
    return roles.includes(role) && (part === undefined || parts.includes(part));
  });
}
