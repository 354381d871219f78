import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorLine, IrisError } from '../../../runtime/contract/errors.ts';
import { systemCode } from '../../../runtime/contract/system-error.ts';
import { identityOf, isRunning, type ProcessIdentity } from '../process-identity.ts';

const POLL_MS = 20;
/** Milliseconds a server has to end by itself; then it is killed. */
const STOP_TIMEOUT_MS = 15_000;
const PID_FILE = 'process.json';
const LOG_FILE = 'server.log';

export interface EngineProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** @default those of this process */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * One server of an engine, as a process with a folder of its own. A server whose starter was killed is ended by the next start on its folder,
 * so that nothing is left running and no port stays taken.
 */
export class EngineProcess {
  readonly name: string;
  readonly directory: string;
  private readonly program: EngineProgram;
  private child: ChildProcess | undefined;

  constructor(name: string, directory: string, program: EngineProgram) {
    this.name = name;
    this.directory = directory;
    this.program = program;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Resolves when `isReady` says so. @throws IrisError ENGINE_UNAVAILABLE with the server’s last line when it ends or takes too long. */
  async start(isReady: () => Promise<boolean> | boolean, timeoutMs: number): Promise<void> {
    mkdirSync(this.directory, { recursive: true });
    await this.endLeftOver();
    const log = openSync(join(this.directory, LOG_FILE), 'a');
    const { command, args, env } = this.program;
    const child = spawn(command, [...args], { cwd: this.directory, ...(env && { env }), stdio: ['ignore', log, log] });
    this.child = child;
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    if (child.pid !== undefined) writeFileSync(join(this.directory, PID_FILE), JSON.stringify(identityOf(child.pid)));
    const deadlineMs = performance.now() + timeoutMs;
    while (failure !== undefined || !(await isReady())) {
      const hasEnded = failure !== undefined || child.exitCode !== null || child.signalCode !== null;
      if (hasEnded || performance.now() > deadlineMs) {
        await this.kill();
        const what = hasEnded ? 'ended before it was ready' : `was not ready within ${timeoutMs} ms`;
        throw new IrisError('ENGINE_UNAVAILABLE', `${this.name} ${what}: ${failure === undefined ? this.lastLine() : errorLine(failure)}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** kill -9 without waiting, for an exit that waits for nothing. */
  killNow(): void {
    if (this.isAlive) this.child?.kill('SIGKILL');
  }

  /** SIGSTOP or SIGCONT: the process stands still with all its connections open, or goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  private get isAlive(): boolean {
    return this.child?.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.isAlive) return;
    const { child } = this;
    child?.kill(signal);
    const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
    while (this.isAlive) {
      if (performance.now() > deadlineMs) child?.kill('SIGKILL');
      await delay(POLL_MS);
    }
    rmSync(join(this.directory, PID_FILE), { force: true });
  }

  private async endLeftOver(): Promise<void> {
    const left = this.leftOver();
    if (left === undefined || !isRunning(left)) return;
    process.kill(left.pid, 'SIGKILL');
    while (isRunning(left)) await delay(POLL_MS);
  }

  private leftOver(): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(join(this.directory, PID_FILE), 'utf8')) as ProcessIdentity;
    } catch (error) {
      // No file, or half of one: nothing is known to run.
      if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  private lastLine(): string {
    const lines = readFileSync(join(this.directory, LOG_FILE), 'utf8').trimEnd().split('\n');
    return lines.at(-1) ?? '';
  }
}

/** @throws IrisError ENGINE_UNAVAILABLE that names the missing command and how it is installed. */
export function requireCommand(command: string, install: string): void {
  if (spawnSync('sh', ['-c', 'command -v "$0"', command], { stdio: 'ignore' }).status === 0) return;
  throw new IrisError('ENGINE_UNAVAILABLE', `${command} is not on this machine; install it: ${install}`);
}
