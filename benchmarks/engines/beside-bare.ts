import { type Figure, median } from '../report.ts';

/** Rounds’ lengths that each side works before the first: until its code is compiled, its statements prepared and its connections open. */
const WARM_UP_ROUNDS = 5;

export interface Comparison {
  readonly engine: string;
  readonly what: string;
  readonly unit: string;
  /** Durability class of what is answered; left out where nothing is stored for good. */
  readonly durability?: string;
  readonly rounds: number;
  readonly milliseconds: number;
}

/** Works for so many milliseconds; resolves to what was done meanwhile, in units. */
export type Side = (milliseconds: number) => Promise<number>;

interface Round {
  readonly cpuMicroseconds: number;
  readonly perSecond: number;
}

/**
 * CPU of this process for an adapter beside its bare driver, rounds in the order ABBA, so that what else the machine does meets both. The ratio is the median
 * of those of neighbouring rounds: a server that merges its files, or a busy machine, makes both of a pair dearer, and the others not.
 */
export async function besideBare(comparison: Comparison, sides: { adapter: Side; bare: Side }): Promise<Figure[]> {
  const { rounds, milliseconds } = comparison;
  const clients = { adapter: sides.adapter, 'bare driver': sides.bare };
  const names = ['adapter', 'bare driver'] as const;
  const measured = { adapter: [] as Round[], 'bare driver': [] as Round[] };
  for (const name of names) await measure(clients[name], milliseconds * WARM_UP_ROUNDS);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) measured[name].push(await measure(clients[name], milliseconds));
  }
  const ratios = measured.adapter.map(({ cpuMicroseconds }, round) => cpuMicroseconds / measured['bare driver'][round]!.cpuMicroseconds);
  return names.map((name) => ({
    what: `${comparison.engine} ${name}: ${comparison.what}`,
    unit: `µs CPU/${comparison.unit}`,
    values: measured[name].map(({ cpuMicroseconds }) => cpuMicroseconds),
    ...(name === 'adapter' && { goal: '≤ 1.3 × bare' }),
    ...(comparison.durability !== undefined && { durability: comparison.durability }),
    details: {
      [`${comparison.unit}s/s`]: Math.round(median(measured[name].map(({ perSecond }) => perSecond))),
      ...(name === 'adapter' && { 'of the bare driver': rounded(median(ratios)), 'half of the pairs': middleHalf(ratios) }),
    },
    voidReasons: [],
  }));
}

function rounded(ratio: number): number {
  return Number(ratio.toFixed(2));
}

/** Between which ratios the half of the pairs lies that is nearest to the median. */
function middleHalf(ratios: readonly number[]): string {
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.round((sorted.length - 1) * share)]!);
  return `${at(0.25)} to ${at(0.75)}`;
}

async function measure(side: Side, milliseconds: number): Promise<Round> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const units = await side(milliseconds);
  const { user, system } = process.cpuUsage(before);
  return { cpuMicroseconds: (user + system) / units, perSecond: (units * 1_000) / (performance.now() - startedMs) };
}
