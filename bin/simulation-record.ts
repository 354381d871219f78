import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { lockState, type StateLock } from '../infra/local/state-lock.ts';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import type { SimulateOptions, SimulationReport } from '../runtime/simulation/simulate.ts';
import { packageVersion } from './package-version.ts';

/** What decides a history beside its seed. */
export type SimulationTerms = Pick<SimulateOptions, 'regions' | 'hours' | 'faults' | 'store' | 'promoteEverySeconds'>;

/** In the folder: a line with the terms, then one for each seed that is done. */
const FILE = 'simulation.jsonl';
const FORMAT = 'iris-simulation/1';

/** The reports of a simulation that takes longer than one process lives, in a folder: started again with the same terms, it goes on. */
export class SimulationRecord {
  /** By seed. */
  readonly reports = new Map<number, SimulationReport>();
  private readonly lock: StateLock;
  private readonly path: string;
  private readonly file: number;

  /**
   * @throws IrisError STATE_IN_USE while another process goes on with it, FILE_UNREADABLE for what is no record or one of other terms,
   * CONFIG_INVALID where the folder cannot be written.
   */
  constructor(folder: string, terms: SimulationTerms) {
    this.lock = locked(folder);
    this.path = join(folder, FILE);
    try {
      const bytes = existsSync(this.path) ? this.readAll(JSON.parse(headerOf(terms)) as Header) : 0;
      this.file = opened(this.path);
      // What a killed process wrote of a line goes.
      ftruncateSync(this.file, bytes);
      if (bytes === 0) this.write(headerOf(terms));
    } catch (error) {
      this.lock.release();
      throw error;
    }
  }

  /** On the disk when it returns. */
  add(report: SimulationReport): void {
    this.reports.set(report.seed, report);
    this.write(JSON.stringify(report));
  }

  close(): void {
    closeSync(this.file);
    this.lock.release();
  }

  private write(line: string): void {
    writeSync(this.file, `${line}\n`);
    fsyncSync(this.file);
  }

  /** Resolves to the bytes of the whole lines. */
  private readAll(terms: Header): number {
    const text = readFileSync(this.path, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [first, ...lines] = whole.split('\n').slice(0, -1);
    if (first !== undefined) this.compare(this.parsed(first, 1) as Partial<Header>, terms);
    lines.forEach((line, i) => {
      const report = this.parsed(line, i + 2) as SimulationReport;
      this.reports.set(report.seed, report);
    });
    return Buffer.byteLength(whole);
  }

  private parsed(line: string, number: number): unknown {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new IrisError('FILE_UNREADABLE', `${this.path} line ${number} is no report: ${errorLine(cause)}`, { cause });
    }
  }

  /** Reports of other terms would say nothing of this run. */
  private compare(known: Partial<Header>, terms: Header): void {
    for (const [field, value] of Object.entries(terms)) {
      const [there, here] = [known[field as keyof Header], value].map((one) => JSON.stringify(one));
      if (there === here) continue;
      const message = `${this.path} is of ${field} ${shortened(there)}, this run of ${shortened(here)}; give it another folder, or what the record began with`;
      throw new IrisError('FILE_UNREADABLE', message);
    }
  }
}

type Header = ReturnType<typeof termsOf>;

function termsOf({ regions, hours, store, faults, promoteEverySeconds }: SimulationTerms) {
  return { format: FORMAT, release: packageVersion(), hours, store, promoteEverySeconds, faults, regions };
}

function headerOf(terms: SimulationTerms): string {
  return JSON.stringify(termsOf(terms));
}

function locked(folder: string): StateLock {
  try {
    return lockState(
      folder,
      (path, pid) => `process ${pid} simulates on ${path}; stop it with kill ${pid}, or give this one a folder of its own`,
    );
  } catch (error) {
    throw error instanceof IrisError ? error : notWritable(folder, error);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    throw notWritable(path, cause);
  }
}

function notWritable(path: string, cause: unknown): IrisError {
  return new IrisError('CONFIG_INVALID', `${path} cannot be written: ${errorLine(cause)}`, { cause });
}

function shortened(text = 'nothing'): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
