import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AdminAccess } from '../infra/local/admin-access.ts';
import { buildRuntimeBundles } from '../infra/package/runtime-bundle.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { NODE_ENVIRONMENT, nodeFlags } from '../runtime/contract/node-flags.ts';
import { createSlotMap } from '../runtime/contract/slot-map.ts';
import type { BenchmarkIo } from './benchmark.ts';
import { EMBEDDED_STORE, type FleetStore } from './engines/fleet-store.ts';
import { type CpuPair, pause, pinThisProcess } from './process-meter.ts';

const LOOPBACK = '127.0.0.1';
const REGION = 'tokyo';
/** Shard group of the core. */
export const GROUP = 'tokyo-g0';
/** The name by which edges know the core; its real port is chosen by the system. */
const CORE_ADDRESS = 'core.benchmark:7400';
const TOKEN_FILE = 'admin-token';
/** Milliseconds in which the rows of an engine follow the log. */
const ROWS_TIMEOUT_MS = 300_000;
/** Of what the rows may lack; less is noise of the last moment. */
const ROWS_BEHIND_PERCENT = 0.5;
const SOURCES = join(import.meta.dirname, '..', 'runtime');

/** A server process. */
export interface ServerNode {
  readonly name: string;
  readonly pid: number;
  /** host:port for clients of an edge, for links of a core. */
  readonly address: string;
  readonly adminAddress: string;
}

/** A node with what it takes to start it again. */
interface Member {
  readonly role: 'edge' | 'core';
  readonly name: string;
  child: ChildProcess;
  node: ServerNode;
}

/** One region as the product runs it: edges and one core, each a process of its own, all on one CPU; this process on another. */
export class ServerFleet {
  /** Undefined where the machine has one CPU. */
  readonly cpus: CpuPair | undefined;
  readonly store: FleetStore;
  private readonly folder: string;
  private readonly launcher: Launcher;
  private readonly members: Member[] = [];

  private constructor(store: FleetStore, folder: string, launcher: Launcher, cpus: CpuPair | undefined) {
    this.store = store;
    this.folder = folder;
    this.launcher = launcher;
    this.cpus = cpus;
  }

  /** @throws IrisError NODE_FAILED with what the process said last. */
  static async start(edgeCount: number, io: BenchmarkIo, store = EMBEDDED_STORE): Promise<ServerFleet> {
    const folder = mkdtempSync(join(io.stateRoot, 'iris-benchmark-'));
    io.note(`starting a core, ${store.engine}, and ${edgeCount === 1 ? 'an edge' : `${edgeCount} edges`} in ${folder}`);
    const fleet = new ServerFleet(store, folder, await launcherOf(folder, io), io.cpus);
    try {
      writeFileSync(join(folder, 'slot-map.json'), JSON.stringify(slotMap(store.environment)));
      writeFileSync(join(folder, TOKEN_FILE), randomBytes(32).toString('hex'), { mode: 0o600 });
      const core = await fleet.add('core', 'core-0', coreConfig(store, 0, 0));
      for (let index = 0; index < edgeCount; index++)
        await fleet.add('edge', `edge-${index}`, edgeConfig(store, index, core.address, 0, 0));
      if (io.cpus !== undefined) pinThisProcess(io.cpus.generator);
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  get edges(): ServerNode[] {
    return this.members.filter(({ role }) => role === 'edge').map(({ node }) => node);
  }

  get core(): ServerNode {
    return this.members.find(({ role }) => role === 'core')!.node;
  }

  get pids(): number[] {
    return this.members.map(({ node }) => node.pid);
  }

  /** A counter or gauge of a node by its name in /metrics; 0 when it is not there. */
  async metric(node: ServerNode, name: string): Promise<number> {
    const text = await (await fetch(`http://${node.adminAddress}/metrics`)).text();
    return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  }

  /** Runs a command on a node, as `iris` does; resolves to its result. */
  async command(node: ServerNode, name: string, input: object): Promise<unknown> {
    const access = AdminAccess.ofNode(node.adminAddress, join(this.folder, TOKEN_FILE));
    return await access.command(access.targets[0]!, name, input);
  }

  /** kill -9, all at once; profiled nodes end in order instead, since a killed one writes no profile. */
  async kill(nodes: readonly ServerNode[]): Promise<void> {
    const children = this.members.filter(({ node }) => nodes.includes(node)).map(({ child }) => child);
    const ended = Promise.all(children.map((child) => once(child, 'exit')));
    for (const child of children) child.kill(this.launcher.isProfiled ? 'SIGTERM' : 'SIGKILL');
    await ended;
  }

  /** Starts killed nodes again, all at once, at the addresses and on the stores they had. Resolves when all are ready. */
  async restart(nodes: readonly ServerNode[]): Promise<void> {
    const members = this.members.filter(({ node }) => nodes.includes(node));
    const core = this.core.address;
    const again = async (member: Member) => {
      const ports = [portOf(member.node.address), portOf(member.node.adminAddress)] as const;
      const index = Number(member.name.split('-')[1]);
      const config = member.role === 'core' ? coreConfig(this.store, ...ports) : edgeConfig(this.store, index, core, ...ports);
      const { child, ready } = this.launch(member.role, member.name, config);
      member.child = child;
      member.node = await ready;
    };
    await Promise.all(members.map(again));
  }

  /** Per cent of what the rows of an engine may lack; NaN of an embedded store, which has none. */
  async rowsBehindPercent(): Promise<number> {
    return await this.metric(this.core, 'iris_rows_behind_percent');
  }

  /** Resolves when the rows have followed the log, at once on an embedded store. @throws IrisError NODE_FAILED */
  async rowsFollowed(): Promise<void> {
    const endMs = performance.now() + ROWS_TIMEOUT_MS;
    while ((await this.rowsBehindPercent()) > ROWS_BEHIND_PERCENT) {
      if (performance.now() > endMs) throw new IrisError('NODE_FAILED', `the rows did not follow the log within ${ROWS_TIMEOUT_MS} ms`);
      await pause(100);
    }
  }

  /** Ends every process and removes the stores. */
  async stop(): Promise<void> {
    await end(this.members.map(({ child }) => child));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async add(role: 'edge' | 'core', name: string, config: object): Promise<ServerNode> {
    const { child, ready } = this.launch(role, name, config);
    const member: Member = { role, name, child, node: { name, pid: child.pid!, address: '', adminAddress: '' } };
    this.members.push(member);
    member.node = await ready;
    return member.node;
  }

  private launch(role: 'edge' | 'core', name: string, config: object): { child: ChildProcess; ready: Promise<ServerNode> } {
    const path = join(this.folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(config));
    const child = spawn('env', [...this.launcher.command(role), this.launcher.entry(role), path], { stdio: ['pipe', 'pipe', 'pipe'] });
    return { child, ready: readyNode(child, name) };
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

interface Launcher {
  readonly isProfiled: boolean;
  command(role: 'edge' | 'core'): readonly string[];
  entry(role: 'edge' | 'core'): string;
}

/** How a node is started: pinned by taskset, which becomes the node’s process, and ended with this one. */
async function launcherOf(folder: string, { cpus, profileDirectory }: BenchmarkIo): Promise<Launcher> {
  const pin = cpus === undefined ? [] : ['taskset', '-c', String(cpus.server)];
  const variables = Object.entries({ ...NODE_ENVIRONMENT, IRIS_PARENT_PIPE: '1' }).map(([name, value]) => `${name}=${value}`);
  const flags = (role: 'edge' | 'core') => nodeFlags(role, process.versions.v8);
  if (profileDirectory !== undefined) {
    mkdirSync(profileDirectory, { recursive: true });
    const profiler = ['--cpu-prof', '--cpu-prof-dir', profileDirectory];
    return {
      isProfiled: true,
      command: (role) => [...variables, ...pin, process.execPath, ...flags(role), ...profiler],
      entry: (role: string) => join(SOURCES, `${role}.ts`),
    };
  }
  const { entries } = await buildRuntimeBundles({ outDir: join(folder, 'bundle') });
  return {
    isProfiled: false,
    command: (role) => [...variables, ...pin, process.execPath, ...flags(role)],
    entry: (role: 'edge' | 'core') => entries[role],
  };
}

function slotMap(environment: string) {
  const groups = [{ id: GROUP, firstShard: 0, shardCount: 16, address: CORE_ADDRESS }];
  return createSlotMap({
    environment,
    version: 1,
    shards: 16,
    regions: [{ code: REGION, awsRegion: 'ap-northeast-1', groups }],
  });
}

function sharedFields({ environment }: FleetStore, node: string, adminPort: number) {
  return {
    format: 'iris-node/1',
    environment,
    region: REGION,
    node,
    local: true,
    slotMapPath: 'slot-map.json',
    admin: { host: LOOPBACK, port: adminPort, tokenPath: TOKEN_FILE },
    drainTimeoutMs: 1_000,
  };
}

/** Port 0 lets the system choose. */
function coreConfig(store: FleetStore, linkPort: number, adminPort: number) {
  return {
    ...sharedFields(store, 'core-0', adminPort),
    role: 'core',
    group: GROUP,
    link: { host: LOOPBACK, port: linkPort },
    store: store.config,
  };
}

function edgeConfig(store: FleetStore, index: number, coreAddress: string, clientPort: number, adminPort: number) {
  return {
    ...sharedFields(store, `edge-${index}`, adminPort),
    role: 'edge',
    client: { host: LOOPBACK, port: clientPort },
    authentication: { kind: 'none' },
    addresses: { [CORE_ADDRESS]: coreAddress },
  };
}

interface ReadyLine {
  readonly listen: { readonly client?: string; readonly link?: string; readonly admin: string };
  readonly isStandby?: boolean;
}

async function readyNode(child: ChildProcess, name: string): Promise<ServerNode> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-1_000);
  });
  const lines = createInterface({ input: child.stdout! });
  const next = async (): Promise<string> => {
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
    if (typeof line !== 'string') throw new IrisError('NODE_FAILED', `${name} ended before it was ready: ${said.trim()}`);
    return line;
  };
  const { listen, isStandby } = JSON.parse(await next()) as ReadyLine;
  // The lease of the one before has not run out yet: it serves from its next line on.
  if (isStandby === true) await next();
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
