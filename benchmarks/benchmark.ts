import type { FleetEngine } from '../infra/local/local-engines.ts';
import type { CpuPair } from './process-meter.ts';
import type { Report } from './report.ts';

/** A whole number that a run can be made shorter or longer with. */
export interface NumberFlag {
  readonly name: string;
  readonly meaning: string;
  readonly fallback: number;
}

/** What a run may do with the outside. */
export interface BenchmarkIo {
  /** Progress, on stderr. */
  note(text: string): void;
  /** Folder in which stores are made and removed; its disk is what a D2 figure measures. */
  readonly stateRoot: string;
  /** Undefined where this process may use one CPU only: such runs are void. */
  readonly cpus: CpuPair | undefined;
  /** Folder for a CPU profile of every server process. Profiled servers run from their sources, so that functions have names. */
  readonly profileDirectory?: string;
  /** `distributed` measures that beside embedded. */
  readonly engine: FleetEngine;
}

/** One scenario. */
export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly NumberFlag[];
  run(flag: (name: string) => number, io: BenchmarkIo): Promise<Report>;
}

/** A wrong name or flag: one line and exit code 2. */
export class UsageError extends Error {}
