import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { ENGINES_FOLDER } from '../../infra/local/engine-folders.ts';
import { LocalEngines } from '../../infra/local/local-engines.ts';
import type { ProcessIdentity } from '../../infra/local/process-identity.ts';
import { systemClock as clock } from '../../runtime/adapters/clock-system.ts';
import { CqlSession } from '../../runtime/adapters/cql-session.ts';
import { keyspaceOf } from '../../runtime/contract/cql-settings.ts';
import { logTopicName } from '../../runtime/contract/log-topic.ts';
import type { BenchmarkIo } from '../benchmark.ts';
import { tickedCpuSeconds } from '../process-meter.ts';
import { GROUP } from '../server-fleet.ts';
import type { FleetStore } from './fleet-store.ts';

/** Of the node that is started here. */
const DATA_CENTRE = 'dc1';
/** Milliseconds in which a keyspace is dropped, files included. */
const DROP_TIMEOUT_MS = 60_000;

/** One Kafka broker and one Cassandra node, for all fleets of a run that are not embedded. */
export class StoreEngines {
  private readonly directory: string;
  private readonly engines: LocalEngines;
  private readonly pids: Readonly<Record<string, readonly number[]>>;
  private storeCount = 0;
  private last: { readonly topic: string; readonly cql: CqlPlace } | undefined;

  private constructor(directory: string, engines: LocalEngines) {
    this.directory = directory;
    this.engines = engines;
    const pidsOf = (engine: string) => enginePids(join(directory, ENGINES_FOLDER, engine));
    this.pids = { Kafka: pidsOf('kafka'), Cassandra: pidsOf('cassandra') };
  }

  /** To be called before this process is pinned: what it starts may use the CPUs that it may use. @throws IrisError ENGINE_UNAVAILABLE */
  static async start(io: BenchmarkIo): Promise<StoreEngines> {
    const directory = mkdtempSync(join(io.stateRoot, 'iris-benchmark-engines-'));
    const cacheDirectory = join(homedir(), '.cache', 'iris-test');
    try {
      const say = (text: string) => io.note(text);
      return new StoreEngines(directory, await LocalEngines.start({ stateDirectory: directory, cacheDirectory, startsRedis: false, say }));
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** A topic and a keyspace that no fleet had before; the core makes both when it starts. */
  storeFor(): FleetStore {
    const environment = `benchmark-${++this.storeCount}`;
    const { brokers, contactPoints } = this.engines;
    const cql = { contactPoints: [...contactPoints], dataCentre: DATA_CENTRE, keyspace: keyspaceOf(environment) };
    this.last = { topic: logTopicName({ environment, group: GROUP }), cql };
    return {
      engine: 'distributed',
      environment,
      config: { kind: 'distributed', kafka: { brokers, replicas: 1 }, cql: { ...cql, replicas: 1 } },
      engineSeconds: () => Object.fromEntries(Object.entries(this.pids).map(([engine, pids]) => [engine, tickedCpuSeconds(pids)])),
    };
  }

  /** Removes what the last fleet, which has ended, has left. */
  async clear(): Promise<void> {
    if (this.last === undefined) return;
    const { topic, cql } = this.last;
    this.last = undefined;
    const admin = new Admin({ clientId: 'benchmark', bootstrapBrokers: [...this.engines.brokers] });
    try {
      await admin.deleteTopics({ topics: [topic] });
    } finally {
      await admin.close();
    }
    const session = await CqlSession.connect({ settings: { ...cql, tls: false }, clock });
    try {
      await session.define(`DROP KEYSPACE ${cql.keyspace}`, DROP_TIMEOUT_MS);
    } finally {
      await session.close();
    }
  }

  async stop(): Promise<void> {
    await this.engines.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

interface CqlPlace {
  readonly contactPoints: string[];
  readonly dataCentre: string;
  readonly keyspace: string;
}

/** From the files that their starter leaves in their folders. */
function enginePids(directory: string): number[] {
  const paths = globSync('*/process.json', { cwd: directory });
  return paths.map((path) => (JSON.parse(readFileSync(join(directory, path), 'utf8')) as ProcessIdentity).pid);
}
