import { FREE_OF_CHARGE, transferOut, UNIT_PRICES } from '../../facts/prices.ts';
import type { Plan } from '../../plan/plan.ts';
import type { CostLine } from './cost-line.ts';

/** What the price pages take off every account’s bill: the first units of egress and CloudWatch. Egress at the price of the global AWS region. */
export function freeOfCharge(lines: readonly CostLine[], { regions, globalAccount, globalRegion }: Plan): CostLine {
  const accounts = new Map(regions.map(({ code, account }) => [code, account]));
  const bills = [...Map.groupBy(lines, ({ region }) => accounts.get(region) ?? globalAccount).values()];
  const dollars = bills.reduce((sum, bill) => sum + freeOfBill(bill, globalRegion), 0);
  return { region: 'global', layer: 'global', item: 'free for every account', quantity: bills.length, unit: 'account', dollars: -dollars };
}

function freeOfBill(lines: readonly CostLine[], awsRegion: string): number {
  const quantityOf = (item: string) => lines.filter((line) => line.item === item).reduce((sum, { quantity }) => sum + quantity, 0);
  const { gigabytesOut, metrics, alarms, dashboards, metricRequests } = FREE_OF_CHARGE;
  const off = [
    transferOut(awsRegion, Math.min(gigabytesOut, quantityOf('messages to clients') + quantityOf('heartbeats to clients'))),
    Math.min(metrics, quantityOf('metrics of nodes')) * UNIT_PRICES.metricMonth,
    Math.min(alarms, quantityOf('alarms')) * UNIT_PRICES.alarmMonth,
    Math.min(dashboards, quantityOf('dashboard')) * UNIT_PRICES.dashboardMonth,
    Math.min(metricRequests, quantityOf('their publication')) * UNIT_PRICES.metricRequest,
  ];
  return off.reduce((sum, amount) => sum + amount, 0);
}
