import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { IrisError } from '../../runtime/contract/errors.ts';
import { NODE_ENVIRONMENT } from '../../runtime/contract/node-flags.ts';
import type { FleetNode } from './fleet-layout.ts';

/** Bytes of a node's log above which it is set aside as `.old` when the node starts. */
const LOG_BYTES_MAX = 8 * 1_048_576;
/** Bytes of a log's end that are searched for the reason of a death. */
const LOG_TAIL_BYTES = 4_096;

/** How one life of a node ended. */
export interface NodeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly uptimeMs: number;
}

/** One running process of a node. */
export interface NodeProcess {
  readonly pid: number;
  /** Resolves with the ready line; rejects with NODE_FAILED when the process ends first or the deadline passes. */
  readonly ready: Promise<{ readonly isStandby: boolean }>;
  readonly exited: Promise<NodeExit>;
  kill(signal: NodeJS.Signals): void;
}

export interface NodeProgram {
  /** The executable and what comes before the config's path. */
  readonly command: string;
  readonly args: readonly string[];
}

export interface SpawnOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly readyTimeoutMs: number;
  /** A standby has become the owner of its shards. */
  readonly onOwner: (epoch: number) => void;
}

/**
 * Starts a node. Its stdin stays open as long as this process lives: with IRIS_PARENT_PIPE set a node leaves when that pipe closes,
 * so that nothing runs on after a kill -9 of the supervisor. Its stderr is appended to its log.
 */
export function spawnNode(node: FleetNode, program: NodeProgram, options: SpawnOptions): NodeProcess {
  const log = openLog(node.logPath);
  const startedAtMs = performance.now();
  const child = spawn(program.command, [...program.args, node.configPath], {
    stdio: ['pipe', 'pipe', log],
    env: { ...NODE_ENVIRONMENT, ...options.env, IRIS_PARENT_PIPE: '1' },
    // A Ctrl-C reaches every process of the terminal's group; the nodes are told by the supervisor, in order.
    detached: true,
  });
  closeSync(log);
  const exited = new Promise<NodeExit>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ code, signal, uptimeMs: performance.now() - startedAtMs });
    child.once('exit', end);
    child.once('error', () => end(null, null));
  });
  return {
    pid: child.pid ?? 0,
    ready: readyLine(child, node, { exited, ...options }),
    exited,
    kill: (signal) => void child.kill(signal),
  };
}

/** Says how a life ended; with the node's last words where it ended by itself. */
export function describeExit(node: FleetNode, exit: NodeExit): string {
  const uptime = `after ${Math.round(exit.uptimeMs)} ms`;
  if (exit.signal !== null) return `${node.id} ended with ${exit.signal} ${uptime}`;
  const words = lastWords(node.logPath);
  return `${node.id} ended with exit code ${exit.code ?? 'unknown'} ${uptime}${words === '' ? '' : `: ${words}`}`;
}

async function readyLine(
  child: ChildProcess,
  node: FleetNode,
  { exited, readyTimeoutMs: timeoutMs, onOwner }: SpawnOptions & { exited: Promise<NodeExit> },
): Promise<{ isStandby: boolean }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ isStandby: boolean }>();
  const deadline = setTimeout(() => {
    reject(new IrisError('NODE_FAILED', `${node.id} was not ready within ${timeoutMs} ms; its log is ${node.logPath}`));
  }, timeoutMs);
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = eventOf(line, node.id);
      if (said?.event === 'ready') resolve({ isStandby: said.isStandby === true });
      // Both lines may come at once; who waits for the first hears of it first.
      else if (said?.event === 'owner') setImmediate(() => onOwner(said.epoch ?? 0));
    });
  void exited.then((exit) => reject(new IrisError('NODE_FAILED', `${describeExit(node, exit)}; its log is ${node.logPath}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
  }
}

/** Undefined for a line that is no event of this node. */
function eventOf(line: string, id: string): { event: unknown; isStandby?: boolean; epoch?: number } | undefined {
  const value = parsed(line);
  return typeof value === 'object' && value !== null && 'event' in value && 'node' in value && value.node === id ? value : undefined;
}

/** A line that is no JSON is not ours to judge: it is no ready line. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(path, `${path}.old`);
  return openSync(path, 'a');
}

/** The last line of a log; of a JSON line only its message. */
function lastWords(path: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const tail = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
  if (tail.length === 0) return '';
  const file = openSync(path, 'r');
  try {
    readSync(file, tail, 0, tail.length, size - tail.length);
  } finally {
    closeSync(file);
  }
  const line = tail.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  const entry = parsed(line);
  return typeof entry === 'object' && entry !== null && 'msg' in entry ? String(entry.msg) : line;
}
