import { DELIVERY_OVERHEAD_BYTES, HEARTBEAT_BYTES } from '../infra/facts/measured-needs.ts';
import { LAYERS } from '../infra/reports/cost/cost-line.ts';
import type { CostReport } from '../infra/reports/cost/cost-report.ts';
import { CROSS_REGION_SHARE } from '../infra/reports/cost/transfer-lines.ts';
import { grouped, textTable } from './text-table.ts';

/** A bill for people: per region and layer, every line of all regions together, the seeds’ targets, how well each layer is used, and what is assumed. */
export function renderCost(report: CostReport): string {
  const layers = LAYERS.filter((layer) => report.layers[layer] !== 0);
  const row = (name: string, amounts: CostReport['layers'], total: number) => [
    name,
    ...layers.map((layer) => dollars(amounts[layer])),
    dollars(total),
  ];
  return [
    `${report.environment}: $${dollars(report.total)} a month at list price, $${dollars(report.totalOnDemand)} with every edge on demand`,
    textTable([
      ['region', ...layers, 'together'],
      ...report.regions.map(({ region, layers: own, total }) => row(region, own, total)),
      row('together', report.layers, report.total),
    ]),
    `$${report.perConnection.toPrecision(3)} a connection, $${report.perDailyUser.toPrecision(3)} a daily user`,
    `Every line, the largest first\n${textTable(lineRows(report))}`,
    `The seeds’ figures for this size (they contradict each other)\n${textTable(targetRows(report))}`,
    `Designed use at the peak\n${textTable(useRows(report))}`,
    assumptions(report),
  ].join('\n\n');
}

function lineRows({ lines, total }: CostReport): string[][] {
  const sums = new Map<string, number>();
  for (const { layer, item, dollars: amount } of lines) {
    const name = `${layer}: ${item.replace(/, \d+ of them spot$/, '')}`;
    sums.set(name, (sums.get(name) ?? 0) + amount);
  }
  const shown = [...sums].filter(([, amount]) => amount !== 0).toSorted(([, a], [, b]) => b - a);
  return [
    ['', '$ a month', 'of all'],
    ...shown.map(([name, amount]) => [name, dollars(amount), `${Math.round((amount / total) * 100)} %`]),
  ];
}

function targetRows({ targets }: CostReport): string[][] {
  const rows = targets.map(({ row, says, target, actual }) => [
    row,
    says,
    dollars(target),
    dollars(actual),
    `${(actual / target).toPrecision(2)} times`,
  ]);
  return [['row', 'says', 'target $', 'this plan $', 'gap'], ...rows];
}

function useRows({ use }: CostReport): string[][] {
  return [['layer', 'of its', 'used'], ...use.map(({ layer, of, share }) => [layer, of, `${Math.round(share * 100)} %`])];
}

function assumptions({ prices, notCounted }: CostReport): string {
  return [
    `Prices of ${prices.date}: ${prices.source}.`,
    `Assumed: each message goes by itself to one reader, with ${DELIVERY_OVERHEAD_BYTES} bytes of frames and headers; ${CROSS_REGION_SHARE * 100} % cross a region; a connection costs ${HEARTBEAT_BYTES} bytes every 30 s; connections follow the messages, so that the average is the peak over traffic.peakToAverage.`,
    `Not counted: ${notCounted.join('; ')}.`,
  ].join('\n');
}

function dollars(amount: number): string {
  return amount > 0 && amount < 1 ? amount.toFixed(2) : grouped(Math.round(amount));
}
