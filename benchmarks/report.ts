import { cpus } from 'node:os';

/** One measured quantity over all rounds of a run. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  /** One value per round, in the order measured. */
  readonly values: readonly number[];
  /** What the figure should stay below or reach, as text. */
  readonly goal?: string;
  /** Weakest durability class that an acknowledgement carried (L1). */
  readonly durability?: string;
  readonly deliveries?: Deliveries;
  /** Further readings of the same rounds, for the JSON line and the lines below the table. */
  readonly details?: Readonly<Record<string, number | string>>;
  /** Why the figure does not count; empty when it does. */
  readonly voidReasons: readonly string[];
}

/** What came of the messages behind a figure. Anything but zeros after `received` voids it. */
export interface Deliveries {
  readonly received: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  readonly refused: number;
}

export interface Report {
  readonly scenario: string;
  readonly figures: readonly Figure[];
  /** What a reader must know to judge the figures. */
  readonly remarks: readonly string[];
}

/** A table for people, then one JSON line for programs. */
export function renderReport(report: Report): string {
  const rows = [
    ['figure', 'median', 'range', 'unit', 'goal', 'class', 'received', 'lost/double/inverted/refused', 'counts'],
    ...report.figures.map(rowOf),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const details = report.figures.flatMap(({ what, details: values = {} }) => {
    const pairs = Object.entries(values).map(([name, value]) => `${name} ${value}`);
    return pairs.length === 0 ? [] : [`${what}: ${pairs.join(', ')}`];
  });
  return [...table, '', ...details, ...report.remarks, '', jsonLine(report)].join('\n');
}

function rowOf(figure: Figure): string[] {
  const { what, unit, values, goal = '', durability = '', deliveries, voidReasons } = figure;
  const { lost, doubled, outOfOrder, refused } = deliveries ?? { lost: 0, doubled: 0, outOfOrder: 0, refused: 0 };
  return [
    what,
    shown(median(values)),
    values.length > 1 ? `${shown(Math.min(...values))} to ${shown(Math.max(...values))}` : '',
    unit,
    goal,
    durability,
    deliveries === undefined ? '' : deliveries.received.toLocaleString('en'),
    deliveries === undefined ? '' : `${lost}/${doubled}/${outOfOrder}/${refused}`,
    voidReasons.length === 0 ? 'yes' : `void: ${voidReasons.join('; ')}`,
  ];
}

function jsonLine({ scenario, figures, remarks }: Report): string {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, node: process.versions.node };
  return JSON.stringify({ scenario, machine, figures: figures.map((figure) => ({ ...figure, median: median(figure.values) })), remarks });
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function shown(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** Sums of several verdicts. */
export function sumOf(verdicts: readonly Deliveries[]): Deliveries {
  const sum = (field: keyof Deliveries) => verdicts.reduce((total, verdict) => total + verdict[field], 0);
  return { received: sum('received'), lost: sum('lost'), doubled: sum('doubled'), outOfOrder: sum('outOfOrder'), refused: sum('refused') };
}
