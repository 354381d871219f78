import type { AlarmPlan } from './alarm-plan.ts';
import { alarm, happens, machineAlarms, mapSourceAway, ofNodes, slow } from './alarm-rows.ts';
import type { RegionPlan } from './plan.ts';

/** What the owners of shards notice, and how full they are. */
export function coreAlarms(region: RegionPlan): AlarmPlan[] {
  return [
    slow('core', 'commit', 'iris_commit_p95_ms', 50),
    happens('core', 'commits-failed', 'iris_commits_failed_total', 'the log could not take a batch'),
    alarm({
      key: 'core-refusals',
      signal: 'errors',
      says: 'owners refuse more than 1 % of what they are given',
      figures: {
        refused: ofNodes('core', 'iris_appends_refused_total', 'Sum'),
        committed: ofNodes('core', 'iris_messages_committed_total', 'Sum'),
      },
      expression: 'IF(refused + committed > 100, 100 * refused / (refused + committed), 0)',
      threshold: 1,
      unit: '%',
    }),
    {
      ...happens('core', 'set-aside', 'iris_messages_set_aside_total', 'a handler failed on messages, which were set aside'),
      pages: false,
    },
    { ...happens('core', 'inbox-expired', 'iris_inbox_expired_total', 'messages waited too long for their reader'), pages: false },
    happens('core', 'outbox-expired', 'iris_outbox_expired_total', 'messages waited too long for another region and were taken out'),
    happens('core', 'slot-map-refused', 'iris_slot_map_refused_total', 'cores refuse the published slot map'),
    mapSourceAway('core'),
    ...machineAlarms('core', region.instanceTypes.core),
    alarm({
      key: 'core-store-full',
      signal: 'saturation',
      says: 'what waits in inboxes and outboxes nearly takes the memory that a core has for it',
      figures: { used: ofNodes('core', 'iris_store_percent', 'Maximum') },
      threshold: 80,
      unit: '%',
    }),
    ...(region.store === null ? [diskAlarm()] : engineAlarms()),
    alarm({
      key: 'core-silent',
      signal: 'service',
      says: 'no core of the region publishes anything',
      figures: { samples: ofNodes('core', 'iris_load_level', 'SampleCount') },
      comparison: 'below',
      threshold: 1,
      unit: 'nodes',
      whenMissing: 'breaching',
    }),
  ];
}

function diskAlarm(): AlarmPlan {
  return alarm({
    key: 'core-disk-full',
    signal: 'saturation',
    says: 'the disk of a store is nearly full',
    figures: { used: ofNodes('core', 'iris_disk_percent', 'Maximum') },
    threshold: 85,
    unit: '%',
  });
}

/** A log and rows on engines that do not keep up, before what waits for them is refused. */
function engineAlarms(): AlarmPlan[] {
  const filling = (key: string, metric: 'iris_log_waiting_percent' | 'iris_rows_behind_percent', says: string): AlarmPlan =>
    alarm({ key, signal: 'saturation', says, figures: { used: ofNodes('core', metric, 'Maximum') }, threshold: 50, unit: '%' });
  return [
    filling('core-log-behind', 'iris_log_waiting_percent', 'appends pile up in front of the bus'),
    filling('core-rows-behind', 'iris_rows_behind_percent', 'changes pile up in front of the store'),
  ];
}
