import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { IrisError } from '../../runtime/contract/errors.ts';
import { systemCode } from '../../runtime/contract/system-error.ts';
import type { FleetLayout } from './fleet-layout.ts';

/**
 * Mebibytes of memory that one node has for itself. Measured on linux-x64 with the slot map of planet: 35 idle, beside 52 of program
 * that all nodes share; the rest is for sessions, links and what waits for a commit.
 */
export const NODE_MEBIBYTES = { edge: 64, core: 64 } as const;
/**
 * The same of an engine that is started beside them, as they are started here: 180, 850 and 8 when they have started, the rest is for
 * what their heaps may grow to.
 */
export const ENGINE_MEBIBYTES = { Kafka: 500, Cassandra: 1_000, Redis: 80 } as const;
export type LocalEngine = keyof typeof ENGINE_MEBIBYTES;
/** Share of the machine's memory that a fleet may plan with; the rest is for messages under way and for everyone else. */
const MEMORY_SHARE = 0.8;
/** Descriptors the supervisor holds for each node: three pipes' ends, the log while it starts, and one to spare. */
const SUPERVISOR_FILES_PER_NODE = 4;
/** Descriptors a node holds for itself: listeners, store, log, and some clients. */
const NODE_FILES_OWN = 256;

export interface Machine {
  readonly memoryMebibytes: number;
  /** Open files one process may have. */
  readonly filesMax: number;
}

export interface FleetNeed {
  readonly processes: number;
  readonly memoryMebibytes: number;
  /** Of the process that needs most. */
  readonly files: number;
}

/** @param engines those that are started beside the nodes */
export function needOf({ nodes }: Pick<FleetLayout, 'nodes'>, engines: readonly LocalEngine[]): FleetNeed {
  const engineMebibytes = engines.reduce((sum, engine) => sum + ENGINE_MEBIBYTES[engine], 0);
  const memoryMebibytes = nodes.reduce((sum, { role }) => sum + NODE_MEBIBYTES[role], engineMebibytes);
  const cores = nodes.filter(({ role }) => role === 'core').length;
  const files = Math.max(nodes.length * SUPERVISOR_FILES_PER_NODE, nodes.length + cores) + NODE_FILES_OWN;
  return { processes: nodes.length, memoryMebibytes, files };
}

/** This machine, or the part of it that its container may use. */
export function thisMachine(): Machine {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return { memoryMebibytes: Math.floor(bytes / 2 ** 20), filesMax: filesMax() };
}

/**
 * Refuses a fleet that this machine cannot hold, before a single process is started.
 * @throws IrisError TOO_LARGE_FOR_MACHINE with both figures and the remedy.
 */
export function checkMachine(
  layout: Pick<FleetLayout, 'nodes' | 'environment'>,
  machine: Machine,
  engines: readonly LocalEngine[] = [],
): void {
  const need = needOf(layout, engines);
  const memoryMax = Math.floor(machine.memoryMebibytes * MEMORY_SHARE);
  const lacks: string[] = [];
  if (need.memoryMebibytes > memoryMax)
    lacks.push(`${need.memoryMebibytes} MiB of memory, ${memoryMax} of ${machine.memoryMebibytes} may be used`);
  if (need.files > machine.filesMax) lacks.push(`${need.files} open files in one process, ${machine.filesMax} are allowed (ulimit -n)`);
  if (lacks.length === 0) return;
  throw new IrisError(
    'TOO_LARGE_FOR_MACHINE',
    `${layout.environment} has ${need.processes} nodes${beside(engines)} and needs ${lacks.join(', and ')}; --shrink runs one edge and one shard group in each region, --regions a,b only in those${elsewhere(engines)}`,
  );
}

function beside(engines: readonly LocalEngine[]): string {
  return engines.length === 0 ? '' : ` (and ${engines.join(', ')} beside them)`;
}

function elsewhere(engines: readonly LocalEngine[]): string {
  return engines.length === 0 ? '' : '; --kafka, --cql and --redis name engines that run elsewhere';
}

/** Node raises its soft limit to the hard one at start, so what /proc says now is what counts; unlimited where nothing is said. */
function filesMax(): number {
  try {
    const row = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    const soft = Number(row?.[1]);
    return Number.isFinite(soft) ? soft : Number.MAX_SAFE_INTEGER;
  } catch (error) {
    if (systemCode(error) !== undefined) return Number.MAX_SAFE_INTEGER;
    throw error;
  }
}
