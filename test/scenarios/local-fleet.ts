import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export interface FleetNode {
  readonly id: string;
  readonly role: 'edge' | 'core';
  readonly region: string;
  readonly isStandby?: true;
  readonly pid: number;
  readonly listen: { readonly tcp?: string; readonly link?: string; readonly admin: string };
}

/** `iris up` as a user runs it: a process of its own, read through its one JSON line and its fleet file. */
export class LocalFleet {
  readonly state: string;
  private readonly child: ChildProcess;
  private readonly notes: string[] = [];
  private ready: readonly FleetNode[] = [];

  private constructor(child: ChildProcess, state: string) {
    this.child = child;
    this.state = state;
    child.stderr?.on('data', (chunk: Buffer) => this.notes.push(chunk.toString()));
  }

  /** `flags` are further ones of `iris up`. */
  static async start(
    environment: string,
    basePort: number,
    options: { state?: string; flags?: readonly string[] } = {},
  ): Promise<LocalFleet> {
    const iris = resolve(__dirname, '../../bin/iris.js');
    const { state = mkdtempSync(join(tmpdir(), 'iris-fleet-')), flags = [] } = options;
    const args = [iris, 'up', environment, '--json', '--state', state, '--base-port', String(basePort), ...flags];
    const fleet = new LocalFleet(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }), state);
    await fleet.untilReady();
    return fleet;
  }

  /** As of the ready line. */
  get nodes(): readonly FleetNode[] {
    return this.ready;
  }

  /** What the supervisor said so far. */
  get said(): string {
    return this.notes.join('');
  }

  /** A metric’s value now. */
  async metric(id: string, name: string): Promise<number> {
    const admin = this.ready.find((node) => node.id === id)?.listen.admin;
    const body = await (await fetch(`http://${admin}/metrics`, { headers: { connection: 'close' } })).text();
    return Number(new RegExp(`^${name}\\{[^}]*\\} (.+)$`, 'm').exec(body)?.[1]);
  }

  edgesOf(region: string): string[] {
    return this.ready.filter((node) => node.role === 'edge' && node.region === region).map((node) => node.listen.tcp as string);
  }

  /** Sends SIGKILL to whatever process is this node now. False when it is just being restarted. */
  killNode(id: string): boolean {
    return this.signalNode(id, 'SIGKILL');
  }

  /** The same for another signal. */
  signalNode(id: string, signal: NodeJS.Signals): boolean {
    const file = JSON.parse(readFileSync(join(this.state, 'fleet.json'), 'utf8')) as { nodes: { id: string; process: { pid: number } }[] };
    const pid = file.nodes.find((node) => node.id === id)?.process.pid ?? 0;
    if (pid <= 0) return false;
    try {
      return process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw error;
    }
  }

  /** SIGTERM, as Ctrl-C in a script; resolves to the exit code. */
  async stop({ keepState = false } = {}): Promise<number | null> {
    const exited = once(this.child, 'exit');
    if (this.child.exitCode === null) this.child.kill('SIGTERM');
    const [code] = this.child.exitCode === null ? ((await exited) as [number | null]) : [this.child.exitCode];
    if (!keepState) rmSync(this.state, { recursive: true, force: true });
    return code;
  }

  /** SIGKILL to the supervisor and every node. */
  async killAll(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    for (const node of this.ready) this.killNode(node.id);
    await exited;
  }

  private async untilReady(): Promise<void> {
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    const exited = once(this.child, 'exit').then(([code]) => {
      throw new Error(`iris up ended with ${code} before it was ready: ${this.said}`);
    });
    const line = once(lines, 'line').then(([text]) => JSON.parse(text as string) as { nodes: FleetNode[] });
    exited.catch(() => undefined);
    this.ready = (await Promise.race([line, exited])).nodes;
  }
}
