import { IrisError } from '../runtime/contract/errors.ts';
import { type SimulateOptions, type SimulationReport, simulate } from '../runtime/simulation/simulate.ts';
import type { CommandIo } from './command.ts';
import { createHistoryFile } from './history-file.ts';
import { runTasks } from './progress.ts';
import { SimulationRecord, type SimulationTerms } from './simulation-record.ts';

export interface SeedsOptions {
  readonly terms: SimulationTerms;
  readonly first: number;
  readonly count: number;
  /** A file for what every client saw; of one seed. */
  readonly history: string | undefined;
  /** The folder that keeps what is done. */
  readonly progress: string | undefined;
  /** One line for each seed on stdout. */
  readonly isJson: boolean;
}

interface Progress {
  readonly done: number;
  readonly of: number;
}

const MINUTE_S = 60;
const HOUR_S = 3_600;

/**
 * The reports of all seeds, those that the folder has among them; fewer after an interruption where no folder keeps them.
 * @throws IrisError TIMED_OUT for one that the folder lets go on, and what SimulationRecord throws.
 */
export async function simulateSeeds(io: CommandIo, options: SeedsOptions): Promise<SimulationReport[]> {
  const { progress, terms, count } = options;
  const record = progress === undefined ? undefined : new SimulationRecord(progress, terms);
  try {
    const reports = await runAll(io, options, record);
    if (record !== undefined && reports.length < count)
      throw new IrisError('TIMED_OUT', `interrupted after ${reports.length} of ${count} seeds; the same command goes on from here`);
    return reports;
  } finally {
    record?.close();
  }
}

async function runAll(io: CommandIo, options: SeedsOptions, record: SimulationRecord | undefined): Promise<SimulationReport[]> {
  const { first, count, terms, isJson } = options;
  const seeds = Array.from({ length: count }, (_, i) => first + i);
  const reports: SimulationReport[] = [];
  const take = (report: SimulationReport) => {
    reports.push(report);
    const progress: Progress = { done: reports.length, of: count };
    if (isJson) io.result(JSON.stringify(record === undefined ? report : { ...report, progress }));
  };
  // Those there are come first, whatever their order was: the output is that of one run.
  const isKnown = (seed: number) => record?.reports.has(seed) === true;
  for (const seed of seeds.filter(isKnown)) take(record?.reports.get(seed) as SimulationReport);
  const known = reports.length;
  if (known > 0) io.note(`${known} of ${count} seeds were done before, ${brokenIn(reports)} broken`);
  const startMs = performance.now();
  const run = async (say: (text: string) => void) => {
    for (const seed of seeds.filter((one) => !isKnown(one))) {
      if (io.signal.aborted) return;
      const report = await simulateOne({ ...terms, seed }, options.history);
      record?.add(report);
      take(report);
      const secondsEach = (performance.now() - startMs) / 1_000 / (reports.length - known);
      say(progressLine(reports, { done: reports.length, of: count }, secondsEach));
    }
  };
  if (io.isInteractive && !isJson) await runTasks(io, [{ title: `simulate ${terms.regions.length} regions`, run }]);
  else await run((text) => io.note(text));
  io.note(speedLine(reports.slice(known), performance.now() - startMs));
  return reports;
}

async function simulateOne(options: SimulateOptions, history: string | undefined): Promise<SimulationReport> {
  if (history === undefined) return await simulate(options);
  const file = createHistoryFile(history);
  try {
    return await simulate({ ...options, line: (text) => file.line(text) });
  } finally {
    file.close();
  }
}

function speedLine(reports: readonly SimulationReport[], elapsedMs: number): string {
  const hours = hoursOf(reports);
  return `${hours.toFixed(1)} virtual hours in ${(elapsedMs / 1_000).toFixed(1)} s: ${Math.round(hours / (elapsedMs / 3_600_000))} an hour`;
}

function progressLine(reports: readonly SimulationReport[], { done, of }: Progress, secondsEach: number): string {
  const left = done === of ? '' : `, about ${timeText((of - done) * secondsEach)} left`;
  return `${done} of ${of} seeds, ${hoursOf(reports).toFixed(1)} virtual hours, ${brokenIn(reports)} broken${left}`;
}

function hoursOf(reports: readonly SimulationReport[]): number {
  return reports.reduce((sum, report) => sum + report.hours, 0);
}

function brokenIn(reports: readonly SimulationReport[]): number {
  return reports.filter((report) => report.broken.length > 0).length;
}

function timeText(seconds: number): string {
  if (seconds < MINUTE_S) return `${Math.ceil(seconds)} s`;
  if (seconds < HOUR_S) return `${Math.ceil(seconds / MINUTE_S)} min`;
  return `${Math.floor(seconds / HOUR_S)} h ${Math.floor((seconds % HOUR_S) / MINUTE_S)} min`;
}
