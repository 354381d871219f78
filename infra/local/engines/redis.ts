import { execFile, execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorLine, IrisError } from '../../../runtime/contract/errors.ts';
import { EngineProcess, requireCommand } from './engine-process.ts';

const HOST = '127.0.0.1';
const INSTALL = 'apt-get install redis-server';
/** Milliseconds until one server answers; it takes 0.2 s, and a minute on a machine that is busy with everything else. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const PORT_FIRST = 12_000;
const PORT_LAST = 32_000;
/** Milliseconds without an answer after which a node counts as gone; with them a failover takes 4 s. */
const NODE_TIMEOUT_MS = 1_000;
export const SENTINEL_NAME = 'iris';

/** single: one server. cluster: three primaries. sentinel: a primary, its copy, and three sentinels that fail over. */
export type RedisMode = 'single' | 'cluster' | 'sentinel';

export interface RedisOptions {
  readonly mode: RedisMode;
  /** Keeps data, logs, ports and process numbers; the same folder again is the same servers. */
  readonly directory: string;
  /** What clients must know. @default none */
  readonly password?: string;
  /** PEM files of a second port of each server, which speaks TLS: key and certificate in one, and who signed it. @default none, only the plain port */
  readonly tls?: { readonly keyPath: string; readonly caPath: string };
  readonly onProgress?: (text: string) => void;
}

const SERVERS: Readonly<Record<RedisMode, readonly string[]>> = {
  single: ['node-1'],
  cluster: ['node-1', 'node-2', 'node-3'],
  sentinel: ['node-1', 'node-2', 'sentinel-1', 'sentinel-2', 'sentinel-3'],
};

interface Server {
  readonly process: EngineProcess;
  readonly port: number;
  /** 0 where it speaks no TLS. */
  readonly tlsPort: number;
}

/** @throws IrisError ENGINE_UNAVAILABLE with the command that installs it. */
export function requireRedis(): void {
  for (const command of ['redis-server', 'redis-cli']) requireCommand(command, INSTALL);
}

/** Redis on this machine, all of its servers on 127.0.0.1. */
export class RedisServers {
  readonly mode: RedisMode;
  private readonly login: readonly string[];
  private readonly servers: ReadonlyMap<string, Server>;

  private constructor({ mode, password }: RedisOptions, servers: ReadonlyMap<string, Server>) {
    this.mode = mode;
    this.login = password === undefined ? [] : ['--no-auth-warning', '-a', password];
    this.servers = servers;
  }

  /**
   * Resolves when clients can be served.
   * @throws IrisError ENGINE_UNAVAILABLE when redis-server is missing, with the command that installs it, or does not come up.
   */
  static async start(options: RedisOptions): Promise<RedisServers> {
    requireRedis();
    const ports = await portsOf(options);
    const servers = new Map(SERVERS[options.mode].map((name) => [name, serverOf(name, ports[name] as number, { options, ports })]));
    options.onProgress?.(`starting Redis ${redisVersion()}`);
    const redis = new RedisServers(options, servers);
    try {
      for (const name of servers.keys()) if (!name.startsWith('sentinel')) await redis.restart(name);
      if (options.mode === 'cluster') await redis.join();
      if (options.mode === 'sentinel') await redis.watch();
    } catch (error) {
      await redis.stop();
      throw error;
    }
    return redis;
  }

  /** host:port of the servers that a client is given: the sentinels, where there are some. */
  get addresses(): string[] {
    const [prefix] = this.mode === 'sentinel' ? ['sentinel'] : ['node'];
    return [...this.servers].filter(([name]) => name.startsWith(prefix as string)).map(([, { port }]) => `${HOST}:${port}`);
  }

  /** The same of their ports that speak TLS. */
  get tlsAddresses(): string[] {
    return [...this.servers.values()].map(({ tlsPort }) => `${HOST}:${tlsPort}`);
  }

  /** Names of the servers, such as `node-1`. */
  get names(): string[] {
    return [...this.servers.keys()];
  }

  /** Sentinels end first, or they would fail over. */
  async stop(): Promise<void> {
    for (const { process } of [...this.servers.values()].toReversed()) await process.stop();
  }

  /** kill -9 of all without waiting, for an exit that waits for nothing. */
  killNow(): void {
    for (const { process } of this.servers.values()) process.killNow();
  }

  async kill(name: string): Promise<void> {
    await this.server(name).process.kill();
  }

  /** SIGSTOP or SIGCONT. */
  signal(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.server(name).process.signal(signal);
  }

  async restart(name: string): Promise<void> {
    const { process, port } = this.server(name);
    await process.start(async () => (await this.ask(port, 'ping')) === 'PONG', READY_TIMEOUT_MS);
  }

  /** What a server answers to a command, as text; empty when it does not answer. */
  async command(name: string, ...words: readonly string[]): Promise<string> {
    return await this.ask(this.server(name).port, ...words);
  }

  private server(name: string): Server {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`no server is called ${name}; there are ${this.names.join(', ')}`);
    return server;
  }

  private async ask(port: number, ...words: readonly string[]): Promise<string> {
    try {
      const { stdout } = await run('redis-cli', [...this.login, '-h', HOST, '-p', String(port), '--raw', ...words], { timeout: 5_000 });
      return stdout.trim();
    } catch {
      // No answer yet; who asks has the deadline.
      return '';
    }
  }

  /** Makes three servers one cluster, unless they are one already. */
  private async join(): Promise<void> {
    const isJoined = async () => {
      const infos = await Promise.all([...this.servers.values()].map(({ port }) => this.ask(port, 'cluster', 'info')));
      return infos.every((info) => info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${this.servers.size}`));
    };
    const isNew = !(await this.ask(this.server('node-1').port, 'cluster', 'nodes')).includes('\n');
    if (isNew) {
      const words = [...this.login, '--cluster', 'create', ...this.addresses, '--cluster-replicas', '0', '--cluster-yes'];
      try {
        await run('redis-cli', words, { timeout: READY_TIMEOUT_MS });
      } catch (cause) {
        throw new IrisError('ENGINE_UNAVAILABLE', `the Redis cluster could not be made: ${errorLine(cause)}`);
      }
    }
    await until(isJoined, 'the Redis cluster is not whole');
  }

  /** Sentinels begin when the copy has everything, or their first failover could lose writes. */
  private async watch(): Promise<void> {
    const nodes = [this.server('node-1'), this.server('node-2')];
    const isCopied = async () => {
      const infos = await Promise.all(nodes.map(({ port }) => this.ask(port, 'info', 'replication')));
      return infos.some((info) => info.includes('state=online'));
    };
    await until(isCopied, 'the copy of the Redis primary is not online');
    const sentinels = this.names.filter((name) => name.startsWith('sentinel'));
    for (const name of sentinels) await this.restart(name);
    const agree = async () => {
      const answers = await Promise.all(sentinels.map((name) => this.command(name, 'sentinel', 'ckquorum', SENTINEL_NAME)));
      const copies = await Promise.all(sentinels.map((name) => this.command(name, 'sentinel', 'replicas', SENTINEL_NAME)));
      return answers.every((answer) => answer.startsWith('OK 3')) && copies.every((copy) => copy.includes('runid'));
    };
    await until(agree, 'the Redis sentinels do not agree');
  }
}

const run = promisify(execFile);

/** Of the redis-server of this machine. */
export function redisVersion(): string {
  return /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'of an unknown version';
}

async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new IrisError('ENGINE_UNAVAILABLE', `${otherwise} after ${READY_TIMEOUT_MS} ms`);
    await delay(POLL_MS);
  }
}

/** A cluster knows its members by port, so ports are chosen once for a folder. */
async function portsOf({ mode, directory, tls }: RedisOptions): Promise<Readonly<Record<string, number>>> {
  const path = join(directory, `${mode}-ports.json`);
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>;
  const names = SERVERS[mode].flatMap((name) => [name, ...(mode === 'cluster' ? [`${name}-bus`] : []), ...(tls ? [`${name}-tls`] : [])]);
  const free = await freePorts(names.length);
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index] as number]));
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, JSON.stringify(ports));
  return ports;
}

/** Below those that the system gives to outgoing connections, which would keep a server from coming back. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(PORT_FIRST, PORT_LAST);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => resolve(true));
  });
  if (isListening) await new Promise((done) => server.close(done));
  return isListening;
}

interface Setting {
  readonly options: RedisOptions;
  readonly ports: Readonly<Record<string, number>>;
}

function serverOf(name: string, port: number, { options, ports }: Setting): Server {
  const directory = join(options.directory, name);
  const config = join(directory, 'redis.conf');
  const isSentinel = name.startsWith('sentinel');
  mkdirSync(directory, { recursive: true });
  // Servers write into their file what they learn, such as who the primary is.
  if (!existsSync(config)) {
    const lines = isSentinel ? sentinelLines(port, { options, ports }) : nodeLines(name, port, { options, ports });
    writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  }
  const args = isSentinel ? [config, '--sentinel'] : [config];
  const process = new EngineProcess(`redis ${name}`, directory, { command: 'redis-server', args });
  return { port, tlsPort: ports[`${name}-tls`] ?? 0, process };
}

function nodeLines(name: string, port: number, { options: { mode, password, tls }, ports }: Setting): string[] {
  return [
    `bind ${HOST}`,
    `port ${port}`,
    'save ""',
    'appendonly yes',
    'maxmemory 64mb',
    ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
    ...(tls === undefined
      ? []
      : [
          `tls-port ${ports[`${name}-tls`]}`,
          `tls-cert-file ${tls.keyPath}`,
          `tls-key-file ${tls.keyPath}`,
          `tls-ca-cert-file ${tls.caPath}`,
          'tls-auth-clients no',
        ]),
    ...(mode === 'cluster'
      ? [
          'cluster-enabled yes',
          'cluster-config-file nodes.conf',
          `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
          'cluster-require-full-coverage no',
          `cluster-port ${ports[`${name}-bus`]}`,
        ]
      : []),
    ...(mode === 'sentinel' && name === 'node-2' ? [`replicaof ${HOST} ${ports['node-1']}`, 'repl-diskless-sync-delay 0'] : []),
  ];
}

function sentinelLines(port: number, { options: { password }, ports }: Setting): string[] {
  return [
    `bind ${HOST}`,
    `port ${port}`,
    `sentinel monitor ${SENTINEL_NAME} ${HOST} ${ports['node-1']} 2`,
    `sentinel down-after-milliseconds ${SENTINEL_NAME} ${NODE_TIMEOUT_MS}`,
    `sentinel failover-timeout ${SENTINEL_NAME} 4000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${SENTINEL_NAME} ${password}`]),
  ];
}
