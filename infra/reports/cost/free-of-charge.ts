import { FREE_OF_CHARGE, transferOut, UNIT_PRICES } from '../../facts/prices.ts';
import type { CostLine } from './cost-line.ts';

/** What the price pages take off every account’s bill: the first units of egress and CloudWatch. For one account, the one that pays least for them. */
export function freeOfCharge(lines: readonly CostLine[], awsRegion: string): CostLine {
  const quantityOf = (item: string) => lines.filter((line) => line.item === item).reduce((sum, { quantity }) => sum + quantity, 0);
  const { gigabytesOut, metrics, alarms, dashboards, metricRequests } = FREE_OF_CHARGE;
  const off = [
    transferOut(awsRegion, Math.min(gigabytesOut, quantityOf('messages to clients') + quantityOf('heartbeats to clients'))),
    Math.min(metrics, quantityOf('metrics of nodes')) * UNIT_PRICES.metricMonth,
    Math.min(alarms, quantityOf('alarms')) * UNIT_PRICES.alarmMonth,
    Math.min(dashboards, quantityOf('dashboard')) * UNIT_PRICES.dashboardMonth,
    Math.min(metricRequests, quantityOf('their publication')) * UNIT_PRICES.metricRequest,
  ];
  const dollars = off.reduce((sum, amount) => sum + amount, 0);
  return { region: 'global', layer: 'global', item: 'free for every account', quantity: 1, unit: 'account', dollars: -dollars };
}
