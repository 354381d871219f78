import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { IrisError } from '../../runtime/contract/errors.ts';
import { EMBEDDED_FOLDER, ENGINES_FOLDER } from './engine-folders.ts';
import { CASSANDRA_VERSION, CassandraCluster } from './engines/cassandra.ts';
import { KAFKA_VERSION, KafkaCluster } from './engines/kafka.ts';
import { RedisServers, redisVersion, requireRedis } from './engines/redis.ts';
import { checkNotMigrating } from './migration-file.ts';

/** What a fleet’s cores keep their groups on: a folder each, or Kafka and a CQL store for all. */
export type FleetEngine = 'embedded' | 'distributed';

export interface LocalEnginesOptions {
  /** Of the fleet; the engines’ data is in a folder of it and stays between runs. */
  readonly stateDirectory: string;
  /** Where the jars of engines are kept for all fleets of the machine. */
  readonly cacheDirectory: string;
  /** `host:port` of brokers that run already; left out to start one. */
  readonly kafka?: readonly string[];
  /** `host:port` of nodes of a CQL store that runs already; left out to start one. */
  readonly cql?: readonly string[];
  /** Whether to start a Redis too. */
  readonly startsRedis: boolean;
  readonly say: (text: string) => void;
}

interface Started {
  readonly kafka: KafkaCluster | undefined;
  readonly cassandra: CassandraCluster | undefined;
  readonly redis: RedisServers | undefined;
}

/** The engines of a fleet on this machine: those that it was told of, and those that it started, which end with it. */
export class LocalEngines {
  readonly brokers: readonly string[];
  readonly contactPoints: readonly string[];
  /** `host:port` of the Redis that was started; empty without one. */
  readonly redis: readonly string[];
  private readonly started: Started;
  private readonly killAll = () => {
    for (const engine of Object.values(this.started)) engine?.killNow();
  };

  private constructor(options: LocalEnginesOptions, started: Started) {
    this.started = started;
    this.brokers = options.kafka ?? started.kafka?.addresses ?? [];
    this.contactPoints = options.cql ?? started.cassandra?.contactPoints ?? [];
    this.redis = started.redis?.addresses ?? [];
    process.once('exit', this.killAll);
  }

  /** Each engine with its version, where it was started here, and its addresses. */
  get description(): string {
    const { kafka, cassandra, redis } = this.started;
    const parts = [
      `${kafka ? `Kafka ${KAFKA_VERSION}` : 'Kafka'} at ${this.brokers.join(', ')}`,
      `${cassandra ? `Cassandra ${CASSANDRA_VERSION}` : 'CQL'} at ${this.contactPoints.join(', ')}`,
      ...(redis ? [`Redis ${redisVersion()} at ${this.redis.join(', ')}`] : []),
    ];
    return parts.join('; ');
  }

  /** @throws IrisError ENGINE_UNAVAILABLE with what is missing on this machine and how to install it. */
  static async start(options: LocalEnginesOptions): Promise<LocalEngines> {
    const { cacheDirectory, startsRedis, say: onProgress } = options;
    const directory = (engine: string) => join(enginesFolder(options.stateDirectory), engine);
    // Told at once, not after the others are fetched.
    if (startsRedis) requireRedis();
    const starts = await Promise.allSettled([
      options.kafka === undefined ? KafkaCluster.start({ directory: directory('kafka'), cacheDirectory, onProgress }) : undefined,
      options.cql === undefined ? CassandraCluster.start({ directory: directory('cassandra'), cacheDirectory, onProgress }) : undefined,
      startsRedis ? RedisServers.start({ mode: 'single', directory: directory('redis'), onProgress }) : undefined,
    ]);
    const [kafka, cassandra, redis] = starts.map((start) => (start.status === 'fulfilled' ? start.value : undefined)) as [
      KafkaCluster | undefined,
      CassandraCluster | undefined,
      RedisServers | undefined,
    ];
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) {
      await Promise.all([kafka?.stop(), cassandra?.stop(), redis?.stop()]);
      throw failed.reason;
    }
    return new LocalEngines(options, { kafka, cassandra, redis });
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.started).map((engine) => engine?.stop()));
    process.off('exit', this.killAll);
  }
}

/**
 * A state folder is of one engine: on the other its users would not find what waits for them.
 * @throws IrisError CONFIG_INVALID with the remedy
 */
export function checkSameEngine(stateDirectory: string, engine: FleetEngine): void {
  checkNotMigrating(stateDirectory);
  const isEmbedded = existsSync(join(stateDirectory, EMBEDDED_FOLDER));
  const other = engine === 'distributed' ? 'embedded' : 'distributed';
  // Beside embedded stores, engines are what a migration that was given up has left.
  if (other === 'embedded' ? isEmbedded : !isEmbedded && existsSync(enginesFolder(stateDirectory))) {
    throw new IrisError(
      'CONFIG_INVALID',
      `${stateDirectory} holds a fleet of --engine ${other}; start it so, or name another folder with --state for one of --engine ${engine}`,
    );
  }
  if (engine === 'distributed') mkdirSync(enginesFolder(stateDirectory), { recursive: true });
}

function enginesFolder(stateDirectory: string): string {
  return join(stateDirectory, ENGINES_FOLDER);
}
