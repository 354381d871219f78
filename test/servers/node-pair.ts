import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';

export interface NodeProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the node’s command line as its own last arguments, such as `strace -f`. */
  readonly through?: readonly string[];
  /** What runs in the place of this release’s `runtime/<role>.ts`. */
  readonly entry?: string;
}

/** A node as an operator starts it: `node runtime/edge.ts <config>`, read through its ready line, its stderr and its exit code. */
export class NodeProcess {
  private readonly child: ChildProcess;
  private readonly notes: string[] = [];
  private readonly exited: Promise<number | null>;
  listen: Readonly<Record<string, string>> = {};

  constructor(role: 'edge' | 'core', configPath: string, { env = {}, through = [], entry }: NodeProcessOptions = {}) {
    const program = entry ?? resolve(__dirname, `../../runtime/${role}.ts`);
    const [command, ...args] = [...through, process.execPath, program, configPath];
    this.child = spawn(command as string, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.child.stderr?.on('data', (chunk: Buffer) => this.notes.push(chunk.toString()));
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Everything on stderr so far. */
  get said(): string {
    return this.notes.join('');
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Milliseconds of CPU, user and system, that the process has used. */
  get cpuMs(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Kilobytes of memory that the process holds now. */
  get residentKilobytes(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  }

  async ready(): Promise<void> {
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    const line = once(lines, 'line').then(([text]) => JSON.parse(text as string) as { event: string; listen: Record<string, string> });
    const ended = this.exited.then((code) => {
      throw new Error(`the node ended with ${code} before it was ready: ${this.said}`);
    });
    this.listen = (await Promise.race([line, ended])).listen;
  }

  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  /** SIGSTOP: the process stands still with all its connections open. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  kill(): Promise<number | null> {
    this.child.kill('SIGKILL');
    return this.exited;
  }

  /** SIGSTOP or SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Resolves to the exit code once the process ends by itself. */
  ended(): Promise<number | null> {
    return this.exited;
  }
}

/** What the pair’s core asks of who commands it. */
const ADMIN_TOKEN = 'a'.repeat(64);

type Fields = Readonly<Record<string, unknown>>;

/** One edge and one core on loopback, with their configs and store in a folder of their own. */
export class NodePair {
  readonly folder = mkdtempSync(join(tmpdir(), 'iris-pair-'));
  readonly basePort: number;
  private readonly edgeFields: Fields;
  private readonly storeFields: Fields;
  edge!: NodeProcess;
  core!: NodeProcess;

  private constructor(basePort: number, edgeFields: Fields, storeFields: Fields) {
    this.basePort = basePort;
    this.edgeFields = edgeFields;
    this.storeFields = storeFields;
  }

  /** Takes four ports from `basePort` up; the fields are laid over the edge’s config and the core’s store. */
  static async start(basePort: number, edgeFields: Fields = {}, storeFields: Fields = {}): Promise<NodePair> {
    const pair = new NodePair(basePort, edgeFields, storeFields);
    pair.writeConfigs();
    await pair.startCore();
    await pair.startEdge();
    return pair;
  }

  get address(): string {
    return `127.0.0.1:${this.basePort}`;
  }

  async startCore(): Promise<void> {
    this.core = new NodeProcess('core', join(this.folder, 'core.json'));
    await this.core.ready();
  }

  /** Ready to serve: its link to the core is up. */
  async startEdge(): Promise<void> {
    this.edge = new NodeProcess('edge', join(this.folder, 'edge.json'));
    await this.edge.ready();
    await until(async () => (await this.admin('edge', '/readyz')).status === 200, 'the edge is ready');
  }

  admin(role: 'edge' | 'core', path: string): Promise<{ status: number; body: string }> {
    const port = this.basePort + (role === 'edge' ? 1 : 3);
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      }).on('error', reject);
    });
  }

  /** A command to the core; resolves to what it answers. */
  command(name: string, input: object): Promise<{ status: number; body: string }> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const path = `/commands/${name}`;
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: this.basePort + 3, path, method: 'POST', headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(input));
    });
  }

  /** A metric’s value now. */
  async metric(role: 'edge' | 'core', name: string): Promise<number> {
    const { body } = await this.admin(role, '/metrics');
    return Number(new RegExp(`^${name}\\{[^}]*\\} (.+)$`, 'm').exec(body)?.[1]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.edge.kill(), this.core.kill()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private writeConfigs(): void {
    const at = (offset: number) => ({ host: '127.0.0.1', port: this.basePort + offset });
    const address = `127.0.0.1:${this.basePort + 2}`;
    const groups = [{ id: 'tokyo-0', firstShard: 0, shardCount: 4, address }];
    const map = createSlotMap({
      environment: 'unit',
      version: 1,
      shards: 4,
      regions: [{ code: 'tokyo', awsRegion: 'ap-northeast-1', groups }],
    });
    const shared = { format: 'iris-node/1', environment: 'unit', region: 'tokyo', local: true, slotMapPath: 'slot-map.json' };
    const edge = {
      ...shared,
      role: 'edge',
      node: 'tokyo-edge-0',
      client: at(0),
      admin: at(1),
      authentication: { kind: 'none' },
      drainTimeoutMs: 1_000,
      ...this.edgeFields,
    };
    const core = {
      ...shared,
      role: 'core',
      node: 'tokyo-core-0',
      group: 'tokyo-0',
      link: at(2),
      admin: { ...at(3), tokenPath: 'admin.token' },
      store: { kind: 'embedded', directory: 'store', ...this.storeFields },
    };
    writeFileSync(join(this.folder, 'admin.token'), `${ADMIN_TOKEN}\n`, { mode: 0o600 });
    for (const [name, document] of Object.entries({ 'slot-map': map, edge, core })) {
      writeFileSync(join(this.folder, `${name}.json`), JSON.stringify(document));
    }
  }
}

/** Asks until it is so; fails with `what` after `deadlineMs`. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string, deadlineMs = 10_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
