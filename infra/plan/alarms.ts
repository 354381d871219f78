import type { AlarmPlan } from './alarm-plan.ts';
import { coreAlarms } from './alarms-core.ts';
import { edgeAlarms } from './alarms-edge.ts';
import { serviceAlarms } from './alarms-services.ts';
import type { Plan, RegionPlan } from './plan.ts';

/** Every alarm of a region. Thresholds are of one node or shares, so that a larger fleet changes no alarm. */
export function alarmsOf(plan: Plan, region: RegionPlan): AlarmPlan[] {
  return [...edgeAlarms(plan, region), ...coreAlarms(region), ...serviceAlarms(region)];
}

/** `iris-proof-tokyo-edge-cpu-over`: who rolls back by an alarm names it so. */
export function alarmName(region: Pick<RegionPlan, 'names'>, key: string): string {
  return `${region.names.prefix}-${key}`;
}

/** Key of the composite alarm that is on while any paging alarm of the region is. */
export const REGION_ALARM = 'region';

/** Key of the alarm that takes a new node config back; made with the rollout, not with the others. */
export const CONFIG_ALARM = 'config-rejected';

/**
 * Keys of the alarms that break off the replacement of a region’s edges: what a bad release of them does to clients. How full the machines
 * are is not among them, nor what cores or traffic do alone. 10 at most. Edges are deployed before their alarms, so an alarm comes in here
 * one release after it was made: a refresh that names one which is not there yet may be refused, and its stack goes back.
 */
export const REFRESH_ALARMS = [
  'edge-none-healthy',
  'edge-connections-fall',
  'edge-refusals',
  'edge-faults',
  'edge-login-slow',
  'edge-acknowledge-slow',
  'edge-delivery-slow',
] as const;
