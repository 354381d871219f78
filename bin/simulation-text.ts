import { SHOWN_STATES } from '../runtime/simulation/node-states.ts';
import type { SimulationReport } from '../runtime/simulation/simulate.ts';
import { grouped, textTable } from './text-table.ts';

/** Runs listed one by one; beyond it only those that broke a law are. */
const LISTED_MAX = 20;

/** The runs, what they add up to, which fault met which state, and what was broken. */
export function simulationText(reports: readonly SimulationReport[]): string {
  const broken = reports.filter((report) => report.broken.length > 0);
  const listed = reports.length > LISTED_MAX ? broken : reports;
  return [
    ...(listed.length > 0 ? [runTable(listed)] : []),
    totalLine(reports),
    encounterTable(reports),
    ...(reports.length === 1 ? [`history ${reports[0]?.historySha256.slice(0, 16)}`] : []),
    ...broken.flatMap(({ seed, broken: breaches }) => breaches.map(({ law, first }) => `seed ${seed}, ${law}: ${first.join(', ')}`)),
  ].join('\n');
}

function runTable(reports: readonly SimulationReport[]): string {
  const header = ['seed', 'hours', 'sent', 'acknowledged', 'refused', 'received', 'restarts', 'parked', 'verdict'];
  const rows = reports.map(({ seed, hours, sent, acknowledged, refused, received, restarts, parked, broken }) => [
    ...[seed, hours, sent, acknowledged, refused, received, restarts, parked].map(String),
    broken.length === 0 ? 'every law held' : broken.map(({ law, count }) => `${law} broken ${count} times`).join(', '),
  ]);
  return textTable([header, ...rows]);
}

function totalLine(reports: readonly SimulationReport[]): string {
  const sum = (of: (report: SimulationReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  const acknowledged = sum((report) => report.acknowledged);
  const lost = sum((report) => report.broken.find(({ law }) => law.startsWith('L1 '))?.count ?? 0);
  const reported = sum((report) => report.reportedLost);
  const told = reported === 0 ? '' : `, ${reported} reported as lost`;
  const bound = acknowledged === 0 ? 1 : Math.min(1, 3 / acknowledged);
  const broken = reports.filter((report) => report.broken.length > 0).length;
  const verdict = broken === 0 ? 'every law held' : `laws broken in ${broken} runs`;
  const hours = sum((report) => report.hours).toFixed(1);
  return `${reports.length} runs of ${hours} virtual hours: ${lost} lost of N = ${grouped(acknowledged)} acknowledged${told}, loss bound 3/N = ${bound.toExponential(1)}; ${verdict}`;
}

/** One line a fault, one column a state: how often the fault met a node in it. */
function encounterTable(reports: readonly SimulationReport[]): string {
  const sums = new Map<string, Map<string, number>>();
  for (const { faults, met } of reports) {
    for (const [fault, count] of Object.entries(faults)) add(sums, fault, 'times', count);
    for (const [fault, states] of Object.entries(met)) for (const [state, count] of Object.entries(states)) add(sums, fault, state, count);
  }
  if (sums.size === 0) return 'faults: none';
  const states = ['times', ...SHOWN_STATES].filter((state) => [...sums.values()].some((counts) => counts.has(state)));
  const rows = [...sums].toSorted(([a], [b]) => a.localeCompare(b));
  return textTable([
    ['fault', ...states],
    ...rows.map(([fault, counts]) => [fault, ...states.map((state) => String(counts.get(state) ?? ''))]),
  ]);
}

function add(sums: Map<string, Map<string, number>>, fault: string, column: string, count: number): void {
  const counts = sums.get(fault) ?? new Map<string, number>();
  sums.set(fault, counts);
  counts.set(column, (counts.get(column) ?? 0) + count);
}
