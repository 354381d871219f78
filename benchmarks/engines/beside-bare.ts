import { type Figure, median } from '../report.ts';

/** The length of each round, its warm-up before the first included. */
const WARM_UP_SHARE = 0.3;

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

/** CPU of this process for an adapter beside its bare driver, rounds in the order ABBA, so that what else the machine does meets both. */
export async function besideBare(comparison: Comparison, sides: { adapter: Side; bare: Side }): Promise<Figure[]> {
  const { rounds, milliseconds } = comparison;
  const clients = { adapter: sides.adapter, 'bare driver': sides.bare };
  const names = ['adapter', 'bare driver'] as const;
  const measured = { adapter: [] as Round[], 'bare driver': [] as Round[] };
  for (const name of names) await measure(clients[name], milliseconds * WARM_UP_SHARE);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) measured[name].push(await measure(clients[name], milliseconds));
  }
  const cpu = (name: (typeof names)[number]) => median(measured[name].map(({ cpuMicroseconds }) => cpuMicroseconds));
  const ratio = Number((cpu('adapter') / cpu('bare driver')).toFixed(2));
  return names.map((name) => ({
    what: `${comparison.engine} ${name}: ${comparison.what}`,
    unit: `µs CPU/${comparison.unit}`,
    values: measured[name].map(({ cpuMicroseconds }) => cpuMicroseconds),
    ...(name === 'adapter' && { goal: '≤ 1.3 × bare' }),
    ...(comparison.durability !== undefined && { durability: comparison.durability }),
    details: {
      [`${comparison.unit}s/s`]: Math.round(median(measured[name].map(({ perSecond }) => perSecond))),
      ...(name === 'adapter' && { 'of the bare driver': ratio }),
    },
    voidReasons: [],
  }));
}

async function measure(side: Side, milliseconds: number): Promise<Round> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const units = await side(milliseconds);
  const { user, system } = process.cpuUsage(before);
  return { cpuMicroseconds: (user + system) / units, perSecond: (units * 1_000) / (performance.now() - startedMs) };
}
