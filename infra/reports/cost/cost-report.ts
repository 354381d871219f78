import { IrisError } from '../../../runtime/contract/errors.ts';
import { PRICES_TAKEN } from '../../facts/prices.ts';
import type { Plan } from '../../plan/plan.ts';
import { type CostLine, LAYERS, type Layer } from './cost-line.ts';
import { linesOfGlobal, linesOfRegion } from './cost-lines.ts';
import { type CostTarget, targetsOf } from './cost-targets.ts';
import { freeOfCharge } from './free-of-charge.ts';
import { type LayerUse, useOf } from './layer-use.ts';
import { routingLines } from './routing-lines.ts';

/** What an environment costs a month at list price. Dollars, not rounded. */
export interface CostReport {
  readonly format: 'iris-cost/1';
  readonly environment: string;
  readonly prices: typeof PRICES_TAKEN;
  readonly lines: readonly CostLine[];
  readonly regions: readonly { readonly region: string; readonly layers: Readonly<Record<Layer, number>>; readonly total: number }[];
  readonly layers: Readonly<Record<Layer, number>>;
  readonly total: number;
  /** The same with every edge on demand. */
  readonly totalOnDemand: number;
  readonly perConnection: number;
  readonly perDailyUser: number;
  readonly targets: readonly CostTarget[];
  readonly use: readonly LayerUse[];
  /** What the sums leave out. */
  readonly notCounted: readonly string[];
}

const NOT_COUNTED = [
  'media: their bytes in S3 and CloudFront, which no field says',
  'logs in CloudWatch, flow logs among them',
  'requests to S3, SSM, KMS and Route 53',
  'support, tax, and every discount: reserved capacity, savings plans, volume agreements',
];

/** @throws IrisError CONFIG_INVALID for a local environment, or a machine type or AWS region without a price. */
export function costReport(plan: Plan): CostReport {
  if (plan.runsIn === 'local')
    throw new IrisError('CONFIG_INVALID', `environment ${plan.environment} runs in 'local', where nothing is billed`);
  const billed = [...plan.regions.flatMap((region) => linesOfRegion(plan, region)), ...linesOfGlobal(plan), ...routingLines(plan)];
  const lines = [...billed, freeOfCharge(billed, plan)];
  const names = [...new Set(lines.map(({ region }) => region))];
  const layers = layersOf(lines);
  const total = sum(lines);
  return {
    format: 'iris-cost/1',
    environment: plan.environment,
    prices: PRICES_TAKEN,
    lines,
    regions: names.map((region) => {
      const own = lines.filter((line) => line.region === region);
      return { region, layers: layersOf(own), total: sum(own) };
    }),
    layers,
    total,
    totalOnDemand: lines.reduce((dollars, line) => dollars + (line.dollarsOnDemand ?? line.dollars), 0),
    perConnection: total / plan.totals.concurrentConnections,
    perDailyUser: total / plan.totals.dailyActiveUsers,
    targets: targetsOf(plan, { layers, total }),
    use: useOf(plan),
    notCounted: NOT_COUNTED,
  };
}

function layersOf(lines: readonly CostLine[]): Record<Layer, number> {
  return Object.fromEntries(LAYERS.map((layer) => [layer, sum(lines.filter((line) => line.layer === layer))])) as Record<Layer, number>;
}

function sum(lines: readonly CostLine[]): number {
  return lines.reduce((dollars, line) => dollars + line.dollars, 0);
}
