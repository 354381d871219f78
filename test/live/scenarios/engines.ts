import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CassandraCluster } from '../../../infra/local/engines/cassandra.ts';
import { KafkaCluster } from '../../../infra/local/engines/kafka.ts';
import { keyspaceOf } from '../../../runtime/contract/cql-settings.ts';
import { TEST_CACHE } from '../../services/test-cache.ts';
import type { Foundation } from './foundation.ts';

/** One Kafka and one Cassandra for all fleets of a test file; each environment has topics and a keyspace of its own there. */
export class SharedEngines implements Foundation {
  readonly on = ' on Kafka and Cassandra';
  readonly hasFolders = false;
  kafka!: KafkaCluster;
  cassandra!: CassandraCluster;

  /** Starts before the tests of the file that calls it, and stops behind them. */
  static forThisFile(): SharedEngines {
    const folder = mkdtempSync(join(tmpdir(), 'iris-engines-'));
    const engines = new SharedEngines();
    beforeAll(async () => {
      [engines.kafka, engines.cassandra] = await Promise.all([
        KafkaCluster.start({ directory: join(folder, 'kafka'), cacheDirectory: TEST_CACHE }),
        CassandraCluster.start({ directory: join(folder, 'cassandra'), cacheDirectory: TEST_CACHE }),
      ]);
    }, 180_000);
    afterAll(async () => {
      engines.kafka?.killNow();
      engines.cassandra?.killNow();
      await Promise.all([engines.kafka?.stop(), engines.cassandra?.stop()]);
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);
    return engines;
  }

  readonly flags = (): readonly string[] => {
    const { kafka, cassandra } = this;
    return ['--engine', 'distributed', '--kafka', kafka.addresses.join(), '--cql', cassandra.contactPoints.join()];
  };

  readonly store = (environment: string): Readonly<Record<string, unknown>> => ({
    kind: 'distributed',
    kafka: { brokers: this.kafka.addresses, replicas: 1 },
    cql: { contactPoints: this.cassandra.contactPoints, dataCentre: 'dc1', keyspace: keyspaceOf(environment), replicas: 1 },
  });
}
