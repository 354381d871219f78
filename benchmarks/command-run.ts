import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { IrisError } from '../runtime/contract/errors.ts';

const IRIS = join(import.meta.dirname, '..', 'bin', 'iris.js');
/** Runs inside the command as it exits: its own CPU time and that of its children, and its largest resident set, to file descriptor 3. */
const METER = `
import { readFileSync, writeSync } from 'node:fs';
process.on('exit', () => {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).map(Number);
  const peakKb = Number(/^VmHWM:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  writeSync(3, JSON.stringify({ cpuSeconds: ticks.reduce((sum, part) => sum + part, 0) / 100, peakKb }));
});`;

export interface CommandCost {
  readonly wallSeconds: number;
  /** User and system time, children included. */
  readonly cpuSeconds: number;
  /** Largest resident set of the process, in MB of 2^20 bytes. */
  readonly peakMb: number;
}

export interface CommandRunOptions {
  readonly cwd: string;
  /** Variables laid over this process’s own, as NAME=value. */
  readonly variables?: readonly string[];
}

/**
 * Runs `iris` as its own process, as a user does, and says what it cost.
 * @throws IrisError NODE_FAILED with what the command said last.
 */
export async function runCommand(args: readonly string[], { cwd, variables = [] }: CommandRunOptions): Promise<CommandCost> {
  const meter = ['--import', `data:text/javascript,${encodeURIComponent(METER)}`];
  const startedMs = performance.now();
  const child = spawn('env', [...variables, process.execPath, ...meter, IRIS, ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const [errors, cost] = ['', ''].map((text) => ({ text }));
  child.stdio[2]?.on('data', (chunk: Buffer) => {
    errors!.text = (errors!.text + chunk.toString()).slice(-1_000);
  });
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    cost!.text += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const wallSeconds = (performance.now() - startedMs) / 1_000;
  if (code !== 0) throw new IrisError('NODE_FAILED', `iris ${args.join(' ')} ended with ${code}: ${errors!.text.trim()}`);
  const { cpuSeconds, peakKb } = JSON.parse(cost!.text) as { cpuSeconds: number; peakKb: number };
  return { wallSeconds, cpuSeconds, peakMb: peakKb / 1_024 };
}
