import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { systemCode } from '../../../runtime/contract/system-error.ts';
import { enginePorts } from './engine-ports.ts';
import { EngineProcess } from './engine-process.ts';
import { findJava } from './java.ts';
import { type BrokerPorts, type BrokerSecurity, brokerProperties, LOG4J } from './kafka-files.ts';
import { mavenJars } from './maven-jars.ts';

/** The newest that the driver is made for. */
export const KAFKA_VERSION = '4.2.1';
/** Kafka logs nothing without a binding for its logger. */
const JARS = [`org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`, 'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4'];
/** Milliseconds to wait for a broker: one alone takes 3 s, three together 8 s. */
const START_TIMEOUT_MS = 90_000;
const DEFAULT_HEAP_MEGABYTES = 384;
const READY = 'Kafka Server started';

export interface KafkaOptions {
  /** Data, settings and logs of all brokers; a start on the same folder goes on with what is there. */
  readonly directory: string;
  /** Where the jars are kept. */
  readonly cacheDirectory: string;
  /** @default 1 */
  readonly brokers?: 1 | 3;
  /** @default 384, which makes a process of 0.2 GB at rest */
  readonly heapMegabytes?: number;
  /** What a second port of each broker asks of clients; a user is made with the data folder. @default none, only the plain port */
  readonly security?: BrokerSecurity;
  readonly onProgress?: (text: string) => void;
}

interface Broker {
  readonly ports: BrokerPorts;
  readonly process: EngineProcess;
}

/** Kafka brokers on this machine, without ZooKeeper: for tests and `iris up --engine distributed`. */
export class KafkaCluster {
  private readonly brokers: readonly Broker[];
  /** Runs one of Kafka’s own programs. */
  private readonly program: (name: string, args: readonly string[]) => Promise<void>;

  private constructor(brokers: readonly Broker[], program: KafkaCluster['program']) {
    this.brokers = brokers;
    this.program = program;
  }

  /**
   * Fetches the jars once, formats a new folder, and resolves when every broker serves.
   * @throws IrisError ENGINE_UNAVAILABLE when Java, Maven or the jars are missing, or a broker does not start; ENGINE_INVALID for a folder of fewer brokers.
   */
  static async start(options: KafkaOptions): Promise<KafkaCluster> {
    const { cacheDirectory, brokers: count = 1, onProgress } = options;
    // A broker counts relative paths from its own folder.
    const directory = resolve(options.directory);
    const java = findJava({ versionMin: 17, versionMax: 25 });
    const jars = await mavenJars({ cacheDirectory, name: `kafka-${KAFKA_VERSION}`, artifacts: JARS, ...(onProgress && { onProgress }) });
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    const names = ids.flatMap((id) => [`plain${id}`, `secure${id}`, `controller${id}`]);
    const given = await enginePorts(directory, names);
    if (names.some((name) => given[name] === undefined)) {
      throw new IrisError(
        'ENGINE_INVALID',
        `${directory} holds a Kafka of fewer brokers than ${count}; remove the folder, or start as many as it has`,
      );
    }
    const ports = ids.map((id) => ({
      plain: given[`plain${id}`] as number,
      secure: given[`secure${id}`] as number,
      controller: given[`controller${id}`] as number,
    }));
    const voters = ids.map((id, index) => `${id}@127.0.0.1:${ports[index]?.controller}`);
    const clusterId = clusterIdOf(directory);
    const brokers = ids.map((id, index) =>
      prepareBroker({ ...options, directory }, { id, ports: ports[index] as BrokerPorts, voters, java, jars, clusterId }),
    );
    onProgress?.(`starting Kafka ${KAFKA_VERSION}: ${count} broker${count === 1 ? '' : 's'}`);
    const cluster = new KafkaCluster(brokers, async (name, args) => {
      await promisify(execFile)(java, ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, name, ...args]);
    });
    try {
      await Promise.all(brokers.map((_, index) => cluster.startBroker(index)));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** `host:port` of every broker’s plain port. */
  get addresses(): string[] {
    return this.brokers.map(({ ports }) => `127.0.0.1:${ports.plain}`);
  }

  /** `host:port` of every broker’s secure port. */
  get secureAddresses(): string[] {
    return this.brokers.map(({ ports }) => `127.0.0.1:${ports.secure}`);
  }

  async startBroker(index: number): Promise<void> {
    const { process } = this.brokers[index] as Broker;
    const log = join(process.directory, 'server.log');
    const before = startsIn(log);
    await process.start(() => startsIn(log) > before, START_TIMEOUT_MS);
  }

  /** Lets the broker hand its partitions over first. */
  async stopBroker(index: number): Promise<void> {
    await this.brokers[index]?.process.stop();
  }

  /** kill -9 */
  async killBroker(index: number): Promise<void> {
    await this.brokers[index]?.process.kill();
  }

  /** SIGSTOP or SIGCONT: the broker stands still with all its connections open, or goes on. */
  signalBroker(index: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.brokers[index]?.process.signal(signal);
  }

  /** Makes a user of the secure port, or changes its password; connections that are open stay. */
  async setUser({ username, password }: NonNullable<BrokerSecurity['user']>): Promise<void> {
    const user = ['--entity-type', 'users', '--entity-name', username, '--add-config', `SCRAM-SHA-512=[password=${password}]`];
    await this.program('kafka.admin.ConfigCommand', ['--bootstrap-server', this.addresses.join(), '--alter', ...user]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.brokers.map(({ process }) => process.stop()));
  }

  /** kill -9 of all without waiting, for an exit that waits for nothing. */
  killNow(): void {
    for (const { process } of this.brokers) process.killNow();
  }
}

interface BrokerPlace {
  readonly id: number;
  readonly ports: BrokerPorts;
  readonly voters: readonly string[];
  readonly java: string;
  readonly jars: string;
  readonly clusterId: string;
}

function prepareBroker(options: KafkaOptions, { id, ports, voters, java, jars, clusterId }: BrokerPlace): Broker {
  const { security = {}, heapMegabytes = DEFAULT_HEAP_MEGABYTES } = options;
  const directory = join(options.directory, `broker${id}`);
  mkdirSync(directory, { recursive: true });
  const settings = join(directory, 'server.properties');
  const log4j = join(directory, 'log4j2.yaml');
  writeFileSync(settings, brokerProperties({ id, directory, ports, voters, copies: voters.length, security }));
  writeFileSync(log4j, LOG4J);
  const base = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=file:${log4j}`, '-cp', `${jars}/*`];
  if (!existsSync(join(directory, 'logs', 'meta.properties'))) {
    const { user } = security;
    const scram = user === undefined ? [] : ['--add-scram', `SCRAM-SHA-512=[name=${user.username},password=${user.password}]`];
    format(java, [...base, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings, ...scram]);
  }
  const heap = ['-Xms128m', `-Xmx${heapMegabytes}m`, '-XX:+ExitOnOutOfMemoryError', '-Djava.awt.headless=true'];
  const process = new EngineProcess(`Kafka broker ${id}`, directory, { command: java, args: [...heap, ...base, 'kafka.Kafka', settings] });
  return { ports, process };
}

function format(java: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(java, [...args], { encoding: 'utf8' });
  if (status === 0) return;
  throw new IrisError('ENGINE_UNAVAILABLE', `a Kafka broker cannot format its folder: ${(stderr || stdout).trim().split('\n').at(-1)}`);
}

/** Made once: brokers of another cluster refuse each other. */
function clusterIdOf(directory: string): string {
  const path = join(directory, 'cluster.id');
  if (!existsSync(path)) writeFileSync(path, `A${randomBytes(16).toString('base64url').slice(1)}`);
  return readFileSync(path, 'utf8');
}

function startsIn(log: string): number {
  try {
    return readFileSync(log, 'utf8').split(READY).length - 1;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
