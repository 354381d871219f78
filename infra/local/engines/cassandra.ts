import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { systemCode } from '../../../runtime/contract/system-error.ts';
import { cassandraYaml, JAVA_OPENS, LOGBACK } from './cassandra-files.ts';
import { enginePorts } from './engine-ports.ts';
import { EngineProcess } from './engine-process.ts';
import { findJava } from './java.ts';
import { mavenJars } from './maven-jars.ts';

export const CASSANDRA_VERSION = '5.0.9';
/** Milliseconds to wait for a node: one alone takes 5 s, three together 19 s. */
const START_TIMEOUT_MS = 120_000;
/** Milliseconds between looks whether nodes have met. */
const MEETING_POLL_MS = 100;
const DEFAULT_HEAP_MEGABYTES = 512;

export interface CassandraOptions {
  /** Data, settings and logs of all nodes; a start on the same folder goes on with what is there. */
  readonly directory: string;
  /** Where the jars are kept. */
  readonly cacheDirectory: string;
  /** Data centre of each node; node i listens on 127.0.0.i. @default one node in dc1 */
  readonly dataCentres?: readonly string[];
  /** @default 512, which makes a process of 0.8 GB */
  readonly heapMegabytes?: number;
  /** Clients log in; the first user is cassandra with the password cassandra. @default anyone may do anything */
  readonly hasLogin?: boolean;
  /** A PKCS12 file with the key that clients are shown. @default plain text */
  readonly tls?: { readonly keyStorePath: string; readonly keyStorePassword: string };
  readonly onProgress?: (text: string) => void;
}

interface Ports {
  readonly cql: number;
  readonly storage: number;
}

/** Cassandra nodes on this machine: what stands in for ScyllaDB in tests and in `iris up --engine distributed`. */
export class CassandraCluster {
  readonly dataCentres: readonly string[];
  private readonly ports: Ports;
  private readonly nodes: readonly EngineProcess[];

  private constructor(dataCentres: readonly string[], ports: Ports, nodes: readonly EngineProcess[]) {
    this.dataCentres = dataCentres;
    this.ports = ports;
    this.nodes = nodes;
  }

  /**
   * Resolves when every node serves and sees the others.
   * @throws IrisError ENGINE_UNAVAILABLE with what is missing and its install command, or with what a node said last.
   */
  static async start(options: CassandraOptions): Promise<CassandraCluster> {
    const { directory, cacheDirectory, dataCentres = ['dc1'], onProgress } = options;
    // From 18 on Java has no security manager, which Cassandra 5 asks for.
    const java = findJava({ versionMin: 11, versionMax: 17 });
    const artifacts = [`org.apache.cassandra:cassandra-all:${CASSANDRA_VERSION}`];
    const jars = await mavenJars({ cacheDirectory, name: `cassandra-${CASSANDRA_VERSION}`, artifacts, ...(onProgress && { onProgress }) });
    const ports = await enginePorts(directory, ['cql', 'storage']);
    const nodes = dataCentres.map((_, i) => prepareNode({ ...options, dataCentres }, { index: i, ports, java, jars }));
    const cluster = new CassandraCluster(dataCentres, ports, nodes);
    onProgress?.(`starting Cassandra ${CASSANDRA_VERSION}: ${dataCentres.join(', ')}`);
    try {
      // The first makes the cluster’s own tables; the others join it.
      await cluster.startNode(0);
      if (options.hasLogin === true) await cluster.hasFirstUser();
      await Promise.all(nodes.slice(1).map((_, i) => cluster.startNode(i + 1)));
      await cluster.met();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** `host:port` of every node. */
  get contactPoints(): string[] {
    return this.nodes.map((_, i) => `${addressOf(i)}:${this.ports.cql}`);
  }

  async startNode(index: number): Promise<void> {
    const node = this.nodes[index] as EngineProcess;
    const log = join(node.directory, 'server.log');
    const before = startsIn(log);
    await node.start(async () => startsIn(log) > before && (await answers(addressOf(index), this.ports.cql)), START_TIMEOUT_MS);
  }

  /** Resolves when each node has seen each other one: before, a keyspace cannot name its data centre. */
  private async met(): Promise<void> {
    const haveMet = () => this.nodes.every((node, i) => this.nodes.every((_, other) => other === i || hasSeen(node.directory, other)));
    await this.until(haveMet, "Cassandra's nodes did not meet");
  }

  /** The first user is made behind the start of the first node: before, nobody can log in. */
  private async hasFirstUser(): Promise<void> {
    const log = join(this.nodes[0]?.directory as string, 'server.log');
    await this.until(() => readFileSync(log, 'utf8').includes('Created default superuser role'), 'Cassandra made no first user');
  }

  private async until(isSo: () => boolean, otherwise: string): Promise<void> {
    const endMs = performance.now() + START_TIMEOUT_MS;
    while (!isSo()) {
      if (performance.now() > endMs) throw new IrisError('ENGINE_UNAVAILABLE', `${otherwise} within ${START_TIMEOUT_MS} ms`);
      await delay(MEETING_POLL_MS);
    }
  }

  /** kill -9 */
  async killNode(index: number): Promise<void> {
    await this.nodes[index]?.kill();
  }

  /** SIGSTOP or SIGCONT: the node stands still with all its connections open, or goes on. */
  signalNode(index: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.nodes[index]?.signal(signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** kill -9 of all without waiting, for an exit that waits for nothing. */
  killNow(): void {
    for (const node of this.nodes) node.killNow();
  }
}

interface NodePlace {
  readonly index: number;
  readonly ports: Ports;
  readonly java: string;
  readonly jars: string;
}

function prepareNode(
  options: CassandraOptions & { dataCentres: readonly string[] },
  { index, ports, java, jars }: NodePlace,
): EngineProcess {
  const { dataCentres, heapMegabytes = DEFAULT_HEAP_MEGABYTES, hasLogin = false, tls } = options;
  const directory = join(options.directory, `node${index + 1}`);
  const settings = join(directory, 'conf');
  mkdirSync(settings, { recursive: true });
  const nodes = dataCentres.map((_, i) => addressOf(i));
  const yaml = cassandraYaml({ directory, index, nodes, cqlPort: ports.cql, storagePort: ports.storage, hasLogin, ...(tls && { tls }) });
  writeFileSync(join(settings, 'cassandra.yaml'), yaml);
  writeFileSync(join(settings, 'cassandra-rackdc.properties'), `dc=${dataCentres[index]}\nrack=rack1\nprefer_local=false\n`);
  writeFileSync(join(settings, 'logback.xml'), LOGBACK);
  const agent = readdirSync(jars).find((name) => /^jamm-.*\.jar$/.test(name));
  if (agent === undefined) throw new IrisError('ENGINE_UNAVAILABLE', `${jars} lacks a jar of Cassandra; remove the folder and try again`);
  const heap = [
    `-Xms${heapMegabytes}m`,
    `-Xmx${heapMegabytes}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-XX:MaxDirectMemorySize=256m',
  ];
  const places = [
    `-Dcassandra.config=file://${settings}/cassandra.yaml`,
    `-Dlogback.configurationFile=file://${settings}/logback.xml`,
    `-Dcassandra.storagedir=${directory}`,
    `-Dcassandra.logdir=${directory}`,
    `-Djna.tmpdir=${directory}`,
    `-Djava.io.tmpdir=${directory}`,
  ];
  const once = ['skip_wait_for_gossip_to_settle=0', 'ring_delay_ms=1000', 'superuser_setup_delay_ms=0', 'consistent.rangemovement=false'];
  const args = [
    `-javaagent:${join(jars, agent)}`,
    '-Djdk.attach.allowAttachSelf=true',
    '-Dcassandra-foreground=yes',
    '-Djava.net.preferIPv4Stack=true',
    '-Dio.netty.tryReflectionSetAccessible=true',
    '-Djava.awt.headless=true',
    '-XX:+ExitOnOutOfMemoryError',
    ...heap,
    ...JAVA_OPENS,
    ...places,
    ...once.map((setting) => `-Dcassandra.${setting}`),
    '-cp',
    `${settings}:${jars}/*`,
    'org.apache.cassandra.service.CassandraDaemon',
  ];
  return new EngineProcess(`Cassandra node ${index + 1}`, directory, { command: java, args });
}

function addressOf(index: number): string {
  return `127.0.0.${index + 1}`;
}

function hasSeen(directory: string, other: number): boolean {
  return new RegExp(`${addressOf(other).replaceAll('.', '\\.')}(:\\d+)? is now UP`).test(
    readFileSync(join(directory, 'server.log'), 'utf8'),
  );
}

function startsIn(log: string): number {
  try {
    return readFileSync(log, 'utf8').split('Startup complete').length - 1;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const end = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
