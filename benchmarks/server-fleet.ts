import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildRuntimeBundles } from '../infra/package/runtime-bundle.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { createSlotMap } from '../runtime/contract/slot-map.ts';
import type { BenchmarkIo } from './benchmark.ts';
import { type CpuPair, pinThisProcess } from './process-meter.ts';

const LOOPBACK = '127.0.0.1';
const ENVIRONMENT = 'benchmark';
const REGION = 'tokyo';
const GROUP = 'tokyo-g0';
/** The name by which edges know the core; its real port is chosen by the system. */
const CORE_ADDRESS = 'core.benchmark:7400';
const SOURCES = join(import.meta.dirname, '..', 'runtime');

/** A server process. */
export interface ServerNode {
  readonly name: string;
  readonly pid: number;
  /** host:port for clients of an edge, for links of a core. */
  readonly address: string;
  readonly adminAddress: string;
}

/** One region as the product runs it: edges and one core, each a process of its own, all on one CPU; this process on another. */
export class ServerFleet {
  readonly edges: readonly ServerNode[];
  readonly core: ServerNode;
  /** Undefined where the machine has one CPU. */
  readonly cpus: CpuPair | undefined;
  private readonly folder: string;
  private readonly children: readonly ChildProcess[];

  private constructor(parts: {
    edges: ServerNode[];
    core: ServerNode;
    cpus: CpuPair | undefined;
    folder: string;
    children: ChildProcess[];
  }) {
    this.edges = parts.edges;
    this.core = parts.core;
    this.cpus = parts.cpus;
    this.folder = parts.folder;
    this.children = parts.children;
  }

  /** @throws IrisError NODE_FAILED with what the process said last. */
  static async start(edgeCount: number, io: BenchmarkIo): Promise<ServerFleet> {
    const folder = mkdtempSync(join(io.stateRoot, 'iris-benchmark-'));
    const children: ChildProcess[] = [];
    try {
      io.note(`starting a core and ${edgeCount === 1 ? 'an edge' : `${edgeCount} edges`} in ${folder}`);
      const launcher = await launcherOf(folder, io);
      const start = async (role: 'edge' | 'core', name: string, config: object) => {
        writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
        const child = spawn('env', [...launcher.command, launcher.entry(role), join(folder, `${name}.json`)], {
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        children.push(child);
        return await readyNode(child, name);
      };
      writeFileSync(join(folder, 'slot-map.json'), JSON.stringify(slotMap()));
      const core = await start('core', 'core-0', coreConfig());
      const edges: ServerNode[] = [];
      for (let index = 0; index < edgeCount; index++) edges.push(await start('edge', `edge-${index}`, edgeConfig(index, core.address)));
      if (io.cpus !== undefined) pinThisProcess(io.cpus.generator);
      return new ServerFleet({ edges, core, cpus: io.cpus, folder, children });
    } catch (error) {
      await end(children);
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get pids(): number[] {
    return [this.core.pid, ...this.edges.map(({ pid }) => pid)];
  }

  /** A counter or gauge of a node by its name in /metrics; 0 when it is not there. */
  async metric(node: ServerNode, name: string): Promise<number> {
    const text = await (await fetch(`http://${node.adminAddress}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  }

  /** Ends every process and removes the stores. */
  async stop(): Promise<void> {
    await end(this.children);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** How a node is started: pinned by taskset, which becomes the node’s process, and ended with this one. */
async function launcherOf(folder: string, { cpus, profileDirectory }: BenchmarkIo) {
  const pin = cpus === undefined ? [] : ['taskset', '-c', String(cpus.server)];
  if (profileDirectory !== undefined) {
    mkdirSync(profileDirectory, { recursive: true });
    const profiler = ['--cpu-prof', '--cpu-prof-dir', profileDirectory];
    return {
      command: ['IRIS_PARENT_PIPE=1', ...pin, process.execPath, ...profiler],
      entry: (role: string) => join(SOURCES, `${role}.ts`),
    };
  }
  const { entries } = await buildRuntimeBundles({ outDir: join(folder, 'bundle') });
  return { command: ['IRIS_PARENT_PIPE=1', ...pin, process.execPath], entry: (role: 'edge' | 'core') => entries[role] };
}

function slotMap() {
  const groups = [{ id: GROUP, firstShard: 0, shardCount: 16, address: CORE_ADDRESS }];
  return createSlotMap({
    environment: ENVIRONMENT,
    version: 1,
    shards: 16,
    regions: [{ code: REGION, awsRegion: 'ap-northeast-1', groups }],
  });
}

function sharedFields(node: string) {
  const listener = { host: LOOPBACK, port: 0 };
  return {
    format: 'iris-node/1',
    environment: ENVIRONMENT,
    region: REGION,
    node,
    local: true,
    slotMapPath: 'slot-map.json',
    admin: listener,
    drainTimeoutMs: 1_000,
  };
}

function coreConfig() {
  return {
    ...sharedFields('core-0'),
    role: 'core',
    group: GROUP,
    link: { host: LOOPBACK, port: 0 },
    store: { kind: 'embedded', directory: 'store' },
  };
}

function edgeConfig(index: number, coreAddress: string) {
  const client = { host: LOOPBACK, port: 0 };
  return {
    ...sharedFields(`edge-${index}`),
    role: 'edge',
    client,
    authentication: { kind: 'none' },
    addresses: { [CORE_ADDRESS]: coreAddress },
  };
}

async function readyNode(child: ChildProcess, name: string): Promise<ServerNode> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-1_000);
  });
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
  if (typeof line !== 'string') throw new IrisError('NODE_FAILED', `${name} ended before it was ready: ${said.trim()}`);
  const { listen } = JSON.parse(line) as { listen: { client?: string; link?: string; admin: string } };
  return { name, pid: child.pid!, address: listen.client ?? listen.link!, adminAddress: listen.admin };
}

/** SIGTERM, and SIGKILL for what has not drained after ten seconds. */
async function end(children: readonly ChildProcess[]): Promise<void> {
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const ended = Promise.all(running.map((child) => once(child, 'exit')));
  for (const child of running.toReversed()) child.kill('SIGTERM');
  const timer = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL');
  }, 10_000);
  await ended;
  clearTimeout(timer);
}
