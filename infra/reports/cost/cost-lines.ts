import { UNIT_PRICES } from '../../facts/prices.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';
import type { CostLine } from './cost-line.ts';
import { machineLines } from './machine-lines.ts';
import { monitoringLines } from './monitoring-lines.ts';
import { networkLines } from './network-lines.ts';
import { transferLines } from './transfer-lines.ts';

export function linesOfRegion(plan: Plan, region: RegionPlan): CostLine[] {
  return [...machineLines(plan, region), ...networkLines(plan, region), ...transferLines(plan, region), ...monitoringLines(plan, region)];
}

export function linesOfGlobal({ hostedZoneId, regions }: Plan): CostLine[] {
  const zones = hostedZoneId === null ? 1 : 0;
  const keys = regions.filter(({ store, bus }) => store !== null || bus !== null).length;
  return [
    { region: 'global', layer: 'global', item: 'hosted zone', quantity: zones, unit: 'zone', dollars: zones * UNIT_PRICES.hostedZoneMonth },
    { region: 'global', layer: 'global', item: 'encryption keys', quantity: keys, unit: 'key', dollars: keys * UNIT_PRICES.keyMonth },
  ];
}
