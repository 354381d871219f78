import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { IrisError } from '../../runtime/contract/errors.ts';
import { EMBEDDED_FOLDER, ENGINES_FOLDER } from './engine-folders.ts';
import { CassandraCluster } from './engines/cassandra.ts';
import { KafkaCluster } from './engines/kafka.ts';
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
  readonly say: (text: string) => void;
}

/** The engines of a fleet on this machine: those that it was told of, and those that it started, which end with it. */
export class LocalEngines {
  readonly brokers: readonly string[];
  readonly contactPoints: readonly string[];
  private readonly kafka: KafkaCluster | undefined;
  private readonly cassandra: CassandraCluster | undefined;
  private readonly killAll = () => {
    this.kafka?.killNow();
    this.cassandra?.killNow();
  };

  private constructor(options: LocalEnginesOptions, kafka: KafkaCluster | undefined, cassandra: CassandraCluster | undefined) {
    this.kafka = kafka;
    this.cassandra = cassandra;
    this.brokers = options.kafka ?? kafka?.addresses ?? [];
    this.contactPoints = options.cql ?? cassandra?.contactPoints ?? [];
    process.once('exit', this.killAll);
  }

  /** @throws IrisError ENGINE_UNAVAILABLE with what is missing on this machine and how to install it. */
  static async start(options: LocalEnginesOptions): Promise<LocalEngines> {
    const { cacheDirectory, say: onProgress } = options;
    const folder = (engine: string) => ({ directory: join(enginesFolder(options.stateDirectory), engine), cacheDirectory, onProgress });
    const starts = await Promise.allSettled([
      options.kafka === undefined ? KafkaCluster.start(folder('kafka')) : undefined,
      options.cql === undefined ? CassandraCluster.start(folder('cassandra')) : undefined,
    ]);
    const [kafka, cassandra] = starts.map((start) => (start.status === 'fulfilled' ? start.value : undefined)) as [
      KafkaCluster | undefined,
      CassandraCluster | undefined,
    ];
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) {
      await Promise.all([kafka?.stop(), cassandra?.stop()]);
      throw failed.reason;
    }
    return new LocalEngines(options, kafka, cassandra);
  }

  async stop(): Promise<void> {
    await Promise.all([this.kafka?.stop(), this.cassandra?.stop()]);
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
