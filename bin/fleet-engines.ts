import { homedir } from 'node:os';
import { join } from 'node:path';
import { type EngineAccess, kafkaAccess, readEngineAccess } from '../infra/local/engine-access.ts';
import { type FleetEngine, LocalEngines } from '../infra/local/local-engines.ts';
import type { LocalEngine } from '../infra/local/machine-check.ts';
import { systemClock } from '../runtime/adapters/clock-system.ts';
import { type CqlSettings, cqlSettingsSchema, keyspaceOf } from '../runtime/contract/cql-settings.ts';
import { DIRECTORY_VARIABLE, KAFKA_BROKERS_VARIABLE } from '../runtime/contract/engine-addresses.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { type KafkaSettings, kafkaSettings } from '../runtime/contract/kafka-settings.ts';
import { logTopicName } from '../runtime/contract/log-topic.ts';
import { redisSettings } from '../runtime/contract/redis-settings.ts';
import { UsageError } from './command.ts';
import { REDIS_OF_FLEET, type RedisChoice } from './redis-flag.ts';

/** Milliseconds that named servers have to answer: far more than they need, and less than anyone waits for. */
const CHECK_TIMEOUT_MS = 5_000;
/** Of the node that is started here. */
const LOCAL_DATA_CENTRE = 'dc1';
const COPIES_MAX = 3;
/** In which the nodes find where the CQL store is. */
const CONTACT_POINTS_VARIABLE = 'IRIS_CQL_CONTACT_POINTS';

export interface EngineChoice {
  readonly engine: FleetEngine;
  readonly kafka?: readonly string[];
  readonly cql?: readonly string[];
  /** How those that are named are talked to. */
  readonly access: EngineAccess;
}

/** Which of them a fleet starts itself. */
export function startedEngines({ engine, kafka, cql }: EngineChoice, redis: RedisChoice | undefined): LocalEngine[] {
  if (engine === 'embedded') return [];
  return [...(kafka ? [] : ['Kafka' as const]), ...(cql ? [] : ['Cassandra' as const]), ...(redis ? [] : ['Redis' as const])];
}

/** What the document of an edge says of its session directory: the Redis that is named, or on the distributed engine one that is started. */
export function engineDirectory({ engine }: EngineChoice, redis: RedisChoice | undefined): RedisChoice | undefined {
  return redis ?? (engine === 'distributed' ? REDIS_OF_FLEET : undefined);
}

export const ENGINE_OPTIONS = {
  engine: { type: 'string', default: 'embedded' },
  kafka: { type: 'string' },
  cql: { type: 'string' },
  access: { type: 'string' },
} as const;

interface EngineValues {
  readonly engine: string;
  readonly kafka?: string | undefined;
  readonly cql?: string | undefined;
  readonly redis?: string | undefined;
  readonly access?: string | undefined;
}

/** Engines that a command can talk to. What --access says of another is for another command. */
const EVERY_ENGINE: readonly (keyof EngineAccess)[] = ['kafka', 'cql', 'redis'];

/** @throws UsageError; IrisError CONFIG_INVALID for the file of --access */
export function engineChoice(values: EngineValues, cwd: string, talksTo = EVERY_ENGINE): EngineChoice {
  const { engine, kafka, cql } = values;
  if (engine !== 'embedded' && engine !== 'distributed') {
    throw new UsageError(`no engine is called '${engine}'; there are embedded and distributed`);
  }
  const stray = Object.entries({ kafka, cql }).find(([, value]) => value !== undefined);
  if (engine === 'embedded' && stray !== undefined) throw new UsageError(`--${stray[0]} is of --engine distributed`);
  const access = values.access === undefined ? {} : readEngineAccess(values.access, cwd);
  const unnamed = talksTo.find((one) => access[one] !== undefined && values[one] === undefined);
  if (unnamed !== undefined) throw new UsageError(`--access speaks of ${unnamed}, which is not named: add --${unnamed}`);
  return {
    engine,
    access,
    ...(kafka === undefined ? {} : { kafka: addresses('--kafka', kafka) }),
    ...(cql === undefined ? {} : { cql: addresses('--cql', cql) }),
  };
}

/** What the document of a core says of its store: where the engines are it hears from the environment, since their ports are not known before they run. */
export async function engineStore(environment: string, choice: EngineChoice): Promise<unknown> {
  const { kafka, access } = choice;
  return {
    kind: 'distributed',
    kafka: { brokers: { env: KAFKA_BROKERS_VARIABLE }, replicas: copiesOf(kafka), ...kafkaAccess(access.kafka) },
    cql: {
      contactPoints: { env: CONTACT_POINTS_VARIABLE },
      dataCentre: await dataCentreOf(environment, choice),
      keyspace: keyspaceOf(environment),
      ...access.cql,
    },
  };
}

export interface EngineStart {
  readonly environment: string;
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether to start a Redis too. @default false */
  readonly startsRedis?: boolean;
  /** Shard groups whose logs are made, or held against what a log needs, before any core starts. @default none */
  readonly groups?: readonly string[];
  readonly say: (text: string) => void;
}

/**
 * Starts what is not there yet, and makes the keyspace and its tables where they are missing.
 * @returns the engines, and what the nodes’ environment says of them
 * @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID
 */
export async function startEngines(choice: EngineChoice, start: EngineStart) {
  const { environment, stateDirectory, env, startsRedis = false, groups = [], say } = start;
  const cacheDirectory = env['IRIS_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'iris');
  const { kafka, cql, access } = choice;
  const engines = await LocalEngines.start({
    stateDirectory,
    cacheDirectory,
    startsRedis,
    say,
    ...(kafka === undefined ? {} : { kafka }),
    ...(cql === undefined ? {} : { cql }),
  });
  try {
    const { brokers, contactPoints } = engines;
    const dataCentre = await dataCentreOf(environment, choice);
    const settings = cqlSettingsSchema.parse({ contactPoints, dataCentre, keyspace: keyspaceOf(environment), ...access.cql });
    await prepareSchema(settings, copiesOf(cql), say);
    const wanted = kafkaSettings.parse({ brokers, replicas: copiesOf(kafka), ...kafkaAccess(access.kafka) });
    await prepareTopics({ ...wanted, brokers: [...brokers] }, groups, { environment, say });
    say(engines.description);
    const variables: Record<string, string> = {
      [KAFKA_BROKERS_VARIABLE]: brokers.join(','),
      [CONTACT_POINTS_VARIABLE]: contactPoints.join(','),
      ...(startsRedis && { [DIRECTORY_VARIABLE]: engines.redis.join(',') }),
    };
    return { engines, variables };
  } catch (error) {
    await engines.stop();
    throw error;
  }
}

/** @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID when `--redis` names what a node cannot use */
export async function checkNamedRedis({ redis }: RedisChoice): Promise<void> {
  const { mode, addresses, tls, caPath, login } = redis;
  if (!Array.isArray(addresses)) return;
  const { checkRedis } = await import('../runtime/adapters/redis/redis-check.ts');
  const known = { mode, addresses, tls, ...(caPath !== null && { caPath }), ...(login !== null && { login }) };
  const settings = { ...redisSettings.parse(known), addresses };
  await checkRedis(settings, { clock: systemClock, timeoutMs: CHECK_TIMEOUT_MS });
}

interface TopicWish {
  readonly environment: string;
  readonly say: (text: string) => void;
}

async function prepareTopics(settings: KafkaSettings, groups: readonly string[], { environment, say }: TopicWish): Promise<void> {
  if (groups.length === 0) return;
  const { prepareKafkaLogs } = await import('../runtime/adapters/group-log-kafka.ts');
  say(`${groups.length} logs on Kafka`);
  const topics = groups.map((group) => logTopicName({ environment, group }));
  await prepareKafkaLogs(topics, { settings, clock: systemClock, timeoutMs: CHECK_TIMEOUT_MS });
}

/** A keyspace that this release works with stays as it is. */
async function prepareSchema(settings: CqlSettings, copies: number, say: (text: string) => void): Promise<void> {
  const { openCqlSession } = await import('../runtime/adapters/cql-schema.ts');
  try {
    const session = await openCqlSession({ settings, clock: systemClock });
    await session.close();
  } catch (error) {
    if (!(error instanceof IrisError) || error.code !== 'ENGINE_INVALID') throw error;
    const { migrateSchema } = await import('../runtime/adapters/cql-migration.ts');
    await migrateSchema({ settings, replication: { [settings.dataCentre]: copies }, clock: systemClock, done: say });
  }
}

/** Of several the first by name. @throws IrisError ENGINE_UNAVAILABLE */
async function dataCentreOf(environment: string, { cql, access }: EngineChoice): Promise<string> {
  if (cql === undefined) return LOCAL_DATA_CENTRE;
  const { clusterAt } = await import('../runtime/adapters/cql-cluster.ts');
  const { dataCentres } = await clusterAt(
    { contactPoints: [...cql], keyspace: keyspaceOf(environment), tls: false, ...access.cql },
    systemClock,
  );
  const [first] = dataCentres.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1));
  return first ?? LOCAL_DATA_CENTRE;
}

/** As many as servers are named, three at the most; of one that is started here, one. */
function copiesOf(servers: readonly string[] | undefined): number {
  return Math.min(COPIES_MAX, servers?.length ?? 1);
}

function addresses(flag: string, text: string): string[] {
  const found = text.split(',').filter((one) => one !== '');
  const wrong = found.find((one) => !/^[A-Za-z0-9.-]{1,253}:\d{1,5}$/.test(one));
  if (found.length === 0 || wrong !== undefined) throw new UsageError(`${flag} ${text} must be host:port, several separated by commas`);
  return found;
}
