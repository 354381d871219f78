import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { until } from '../servers/node-pair.ts';
import { freePort } from './free-port.ts';
import { GO, requireTool } from './tool.ts';

/** `up` is what the connecting side sends, `down` what it hears. */
export type Direction = 'up' | 'down';

/** A fault proxy between nodes: a process of its own, ended with the test. */
export class Toxiproxy {
  private readonly child: ChildProcess;
  private readonly api: string;
  private lastName = 0;

  private constructor(child: ChildProcess, api: string) {
    this.child = child;
    this.api = api;
  }

  /** Builds the server when the machine has none yet: half a minute, once. */
  static async start(): Promise<Toxiproxy> {
    requireTool(GO);
    const binary = execFileSync(resolve(__dirname, 'toxiproxy.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    const port = await freePort();
    const child = spawn(binary, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
    const toxiproxy = new Toxiproxy(child, `http://127.0.0.1:${port}`);
    await until(() => toxiproxy.answers(), 'toxiproxy answers');
    return toxiproxy;
  }

  /** A path to host:port that faults can be put on. */
  async path(upstream: string): Promise<FaultPath> {
    const name = `path-${++this.lastName}`;
    const { listen } = (await this.call('POST', '/proxies', { name, listen: '127.0.0.1:0', upstream })) as { listen: string };
    return new FaultPath((method, rest, body) => this.call(method, `/proxies/${name}${rest}`, body), listen);
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await exited;
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.api}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`toxiproxy ${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  private async answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.api}/version`)).ok;
    } catch {
      // Not yet; `until` has the deadline.
      return false;
    }
  }
}

/** One path through the proxy. */
export class FaultPath {
  /** host:port to connect to instead. */
  readonly listen: string;
  private readonly call: (method: string, rest: string, body?: unknown) => Promise<unknown>;
  private readonly toxics = new Set<string>();

  constructor(call: FaultPath['call'], listen: string) {
    this.call = call;
    this.listen = listen;
  }

  /** Swallows every byte and keeps connections open, as a network that is cut does. */
  async cut(directions: readonly Direction[] = ['up', 'down']): Promise<void> {
    for (const direction of directions) await this.add(direction, 'timeout', { timeout: 0 });
  }

  /** Ends every connection and takes no new one until `heal`. */
  async refuse(): Promise<void> {
    await this.call('POST', '', { enabled: false });
  }

  /** Takes every fault away; connections that were cut are closed. */
  async heal(): Promise<void> {
    for (const name of this.toxics) await this.call('DELETE', `/toxics/${name}`);
    this.toxics.clear();
    await this.call('POST', '', { enabled: true });
  }

  private async add(direction: Direction, type: string, attributes: object): Promise<void> {
    const name = `${type}-${direction}`;
    if (this.toxics.has(name)) return;
    await this.call('POST', '/toxics', { name, type, stream: direction === 'up' ? 'upstream' : 'downstream', toxicity: 1, attributes });
    this.toxics.add(name);
  }
}
