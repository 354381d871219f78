/**
 * Every metric of a node, in two parts of one table: those that leave it, which the publisher on the machine sends to CloudWatch and alarms, dashboards and
 * scaling policies are made of, and those that `/metrics` alone names. So no alarm watches what nobody publishes. Tests hold started nodes and the sources
 * against the table, both ways; docs/metrics.md is generated from it.
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
  readonly unit: 'Count' | 'Bytes' | 'Milliseconds' | 'Percent' | 'Megabits/Second';
  /** Nodes without this part do not name it; left out for what every node of the roles names. */
  readonly part?: NodePart;
}

/** What some nodes have, and how docs/metrics.md says it. */
export const NODE_PARTS = {
  certificate: 'a certificate of its own',
  register: 'a register of slot maps',
  directory: 'Redis or Valkey',
  folder: 'a store in a folder',
  engines: 'a log and rows on engines',
} as const;

export type NodePart = keyof typeof NODE_PARTS;

const EDGE = ['edge'] as const;
const CORE = ['core'] as const;
const BOTH = ['edge', 'core'] as const;

/** Published; by the name that Prometheus and CloudWatch both know. */
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
  iris_presence_watches: { kind: 'gauge', roles: EDGE, unit: 'Count' },
  iris_presence_told_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_presence_refused_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_shed_presence_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
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
  iris_disk_percent: { kind: 'gauge', roles: CORE, unit: 'Percent', part: 'folder' },
  iris_store_percent: { kind: 'gauge', roles: CORE, unit: 'Percent' },
  iris_rows_behind_percent: { kind: 'gauge', roles: CORE, unit: 'Percent', part: 'engines' },
  iris_log_waiting_percent: { kind: 'gauge', roles: CORE, unit: 'Percent', part: 'engines' },
  iris_certificate_days: { kind: 'gauge', roles: EDGE, unit: 'Count', part: 'certificate' },
  iris_directory_stale_ms: { kind: 'gauge', roles: EDGE, unit: 'Milliseconds', part: 'directory' },
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

/** At `/metrics` only: for who looks at one node, or scrapes all of them. CloudWatch bills each metric. A name may be published by the other role. */
export const LOCAL_METRICS = {
  iris_accepts_failed_total: { kind: 'counter', roles: BOTH, unit: 'Count' },
  iris_breaker_opened_total: { kind: 'counter', roles: BOTH, unit: 'Count' },
  iris_breaker_refused_total: { kind: 'counter', roles: BOTH, unit: 'Count' },
  iris_link_queued_bytes: { kind: 'gauge', roles: BOTH, unit: 'Bytes' },
  iris_shed_typing_total: { kind: 'counter', roles: BOTH, unit: 'Count' },
  iris_shed_receipts_total: { kind: 'counter', roles: BOTH, unit: 'Count' },
  iris_messages_acknowledged_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_rate_limited_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_gap_untold_total: { kind: 'counter', roles: EDGE, unit: 'Count' },
  iris_presence_waiting: { kind: 'gauge', roles: EDGE, unit: 'Count' },
  iris_tls_handshakes_failed_total: { kind: 'counter', roles: EDGE, unit: 'Count', part: 'certificate' },
  iris_directory_up: { kind: 'gauge', roles: EDGE, unit: 'Count', part: 'directory' },
  iris_directory_due: { kind: 'gauge', roles: EDGE, unit: 'Count', part: 'directory' },
  iris_directory_errors_total: { kind: 'counter', roles: EDGE, unit: 'Count', part: 'directory' },
  iris_presence_watches: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_presence_told_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_shed_presence_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_status_cache_percent: { kind: 'gauge', roles: BOTH, unit: 'Percent' },
  iris_store_cache_percent: { kind: 'gauge', roles: CORE, unit: 'Percent' },
  iris_mark_cache_percent: { kind: 'gauge', roles: CORE, unit: 'Percent' },
  iris_owner_epoch: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_links_in: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_commits_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_commit_queued_bytes: { kind: 'gauge', roles: CORE, unit: 'Bytes' },
  iris_envelopes_committed_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_envelopes_parked_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_parked_bytes: { kind: 'gauge', roles: CORE, unit: 'Bytes' },
  iris_order_given_up_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_duplicates_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_inbox_readers: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_reads_shed_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_replays_waiting: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_statuses_grown_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_statuses_shed_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_gaps: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_dead_letters: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_promoted_inboxes: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_inboxes_promoted_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_inboxes_demoted_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_handover_users_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_handover_bytes_total: { kind: 'counter', roles: CORE, unit: 'Bytes' },
  iris_handover_retries_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_handover_groups_left: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_strays_left: { kind: 'gauge', roles: CORE, unit: 'Count' },
  iris_bridge_forwarded_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_bridge_refused_for_good_total: { kind: 'counter', roles: CORE, unit: 'Count' },
  iris_log_retries_total: { kind: 'counter', roles: CORE, unit: 'Count', part: 'engines' },
  iris_log_entries_total: { kind: 'counter', roles: CORE, unit: 'Count', part: 'engines' },
  iris_log_bytes_total: { kind: 'counter', roles: CORE, unit: 'Bytes', part: 'engines' },
  iris_log_waiting_bytes: { kind: 'gauge', roles: CORE, unit: 'Bytes', part: 'engines' },
  iris_log_append_p50_ms: { kind: 'gauge', roles: CORE, unit: 'Milliseconds', part: 'engines' },
  iris_log_append_p95_ms: { kind: 'gauge', roles: CORE, unit: 'Milliseconds', part: 'engines' },
  iris_log_append_p99_ms: { kind: 'gauge', roles: CORE, unit: 'Milliseconds', part: 'engines' },
} as const satisfies Readonly<Record<string, NodeMetric>>;

const EVERY_PART = Object.keys(NODE_PARTS) as readonly NodePart[];

/** Names of what a node of this role publishes, with these parts. @default parts - all there are */
export function publishedMetrics(role: 'edge' | 'core', parts: readonly NodePart[] = EVERY_PART): NodeMetricName[] {
  return namesOf(NODE_METRICS, role, parts) as NodeMetricName[];
}

/** Names of all that `/metrics` of such a node has. */
export function namedMetrics(role: 'edge' | 'core', parts: readonly NodePart[]): string[] {
  return [...namesOf(NODE_METRICS, role, parts), ...namesOf(LOCAL_METRICS, role, parts)];
}

function namesOf(table: Readonly<Record<string, NodeMetric>>, role: 'edge' | 'core', parts: readonly NodePart[]): string[] {
  return Object.entries(table)
    .filter(([, { roles, part }]) => roles.includes(role) && (part === undefined || parts.includes(part)))
    .map(([name]) => name);
}
