import { readFileSync } from 'node:fs';
import type { Client, DseClientOptions, QueryOptions, types } from 'cassandra-driver';
import { CQL_PORT, type CqlSettings } from '../contract/cql-settings.ts';
import { errorLine, IrisError } from '../contract/errors.ts';
import {
  CQL_ANSWER_TIMEOUT_MS,
  CQL_GIVE_UP_MS,
  CQL_LEASE_TIMEOUT_MS,
  CQL_NODES_TRIED_MAX,
  CQL_RECONNECT_MS,
  CQL_RETRY_FIRST_MS,
  CQL_RETRY_LAST_MS,
} from '../contract/limits-store.ts';
import type { Clock } from '../ports/clock.ts';
import { cqlError } from './cql-errors.ts';
import { readCredentials } from './engine-credentials.ts';

type Driver = typeof import('cassandra-driver');
export type CqlRow = types.Row;

/** One statement with what its marks stand for. */
export interface CqlStatement {
  readonly query: string;
  readonly params: unknown[];
}

export interface CqlSessionParts {
  readonly settings: CqlSettings;
  readonly clock: Clock;
  /** Left out to ask for the keyspace in each statement. */
  readonly keyspace?: string;
}

/** Connections to a CQL store, and how long an answer is waited for. Shared by everything that one process keeps there. */
export class CqlSession {
  readonly settings: CqlSettings;
  private readonly client: Client;
  private readonly driver: Driver;
  readonly clock: Clock;

  private constructor(client: Client, driver: Driver, { settings, clock }: CqlSessionParts) {
    this.client = client;
    this.driver = driver;
    this.settings = settings;
    this.clock = clock;
  }

  /** @throws IrisError ENGINE_UNAVAILABLE within CQL_GIVE_UP_MS, ENGINE_INVALID with the remedy. */
  static async connect(parts: CqlSessionParts): Promise<CqlSession> {
    const { settings } = parts;
    // Not at the top: who keeps everything on its own disk pays nothing for it.
    const driver = await import('cassandra-driver');
    const options = await clientOptions(driver, parts);
    return await retried(parts, async () => {
      const client = new driver.Client(options);
      client.on('hostRemove', endNode);
      try {
        await client.connect();
      } catch (error) {
        await client.shutdown();
        throw cqlError(error, settings);
      }
      return new CqlSession(client, driver, parts);
    });
  }

  /** All data centres of the cluster, with their nodes. */
  get dataCentres(): { name: string; nodes: number }[] {
    const byName = Map.groupBy(this.client.hosts.values(), ({ datacenter }) => datacenter);
    return [...byName].map(([name, hosts]) => ({ name, nodes: hosts.length })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Writes one statement, or several to one partition; doing it again changes nothing. `timestamp` orders it among all writes. */
  write(statements: readonly CqlStatement[], timestamp: number): Promise<void> {
    const options = { prepare: true, isIdempotent: true, timestamp, logged: false };
    const [first] = statements;
    return this.retried((): Promise<unknown> => {
      if (statements.length > 1) return this.client.batch(statements as CqlStatement[], options);
      return first === undefined ? Promise.resolve() : this.client.execute(first.query, first.params, options);
    }) as Promise<void>;
  }

  /** One row, or undefined. */
  async readOne(query: string, params: unknown[]): Promise<CqlRow | undefined> {
    for await (const [row] of this.readAll(query, params, 1)) return row;
    return undefined;
  }

  /** All rows, page by page. A store gives fewer rows than asked for as it likes, also none, and says apart from that whether more come. */
  async *readAll(query: string, params: unknown[], fetchSize: number | (() => number)): AsyncGenerator<CqlRow[]> {
    let pageState: string | undefined;
    do {
      const rows = typeof fetchSize === 'number' ? fetchSize : fetchSize();
      const options: QueryOptions = { prepare: true, isIdempotent: true, fetchSize: rows, ...(pageState !== undefined && { pageState }) };
      const result = await this.retried(() => this.client.execute(query, params, options));
      pageState = result.pageState ?? undefined;
      if (result.rows.length > 0) yield result.rows;
    } while (pageState !== undefined);
  }

  /**
   * A compare-and-set: true when it was done. Tried once, since a second try would compare with what the first may have set.
   * @throws IrisError ENGINE_UNAVAILABLE when it is not known whether it was done.
   */
  async compareAndSet(query: string, params: unknown[]): Promise<boolean> {
    const { localQuorum, localSerial } = this.driver.types.consistencies;
    const consistency = { consistency: localQuorum, serialConsistency: localSerial };
    const options = { ...consistency, prepare: true, isIdempotent: false, readTimeout: CQL_LEASE_TIMEOUT_MS };
    return (await this.once(() => this.client.execute(query, params, options))).wasApplied();
  }

  /** One row, asked for once. Serially it says what compare-and-sets have come to, those included whose outcome was not known. */
  async ask(query: string, params: unknown[], { isSerial }: { isSerial: boolean }): Promise<CqlRow | undefined> {
    const { localQuorum, localSerial } = this.driver.types.consistencies;
    const consistency = isSerial ? localSerial : localQuorum;
    const options = { consistency, prepare: true, isIdempotent: true, readTimeout: CQL_LEASE_TIMEOUT_MS };
    return (await this.once(() => this.client.execute(query, params, options))).rows[0];
  }

  /** A statement that changes the schema; resolves when all nodes know of it. */
  async define(query: string, timeoutMs: number): Promise<void> {
    const { info } = await this.once(() => this.client.execute(query, [], { readTimeout: timeoutMs, isIdempotent: false }));
    // The driver’s types do not know of it.
    if ((info as { isSchemaInAgreement?: boolean }).isSchemaInAgreement === false)
      throw new IrisError('ENGINE_UNAVAILABLE', 'not every node of the CQL store knows of the new schema yet');
  }

  async close(): Promise<void> {
    await endDriver(this.client);
  }

  private async once<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw cqlError(error, this.settings);
    }
  }

  private retried<T>(work: () => Promise<T>): Promise<T> {
    return retried(this, work);
  }
}

/** Tries again while the store is away, for CQL_GIVE_UP_MS. @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
async function retried<T>({ settings, clock }: Pick<CqlSessionParts, 'settings' | 'clock'>, work: () => Promise<T>): Promise<T> {
  const endMs = clock.monotonicMs() + CQL_GIVE_UP_MS;
  for (let pauseMs = CQL_RETRY_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, CQL_RETRY_LAST_MS)) {
    try {
      return await work();
    } catch (error) {
      const refusal = cqlError(error, settings);
      if (refusal.code !== 'ENGINE_UNAVAILABLE' || clock.monotonicMs() + pauseMs > endMs) throw refusal;
    }
    const waited = pauseMs;
    await new Promise<void>((resolve) => void clock.after(waited, resolve));
  }
}

async function clientOptions(driver: Driver, { settings, keyspace }: CqlSessionParts): Promise<DseClientOptions> {
  const { contactPoints, dataCentre, credentialsPath, tls, caPath } = settings;
  const { policies, types, auth } = driver;
  const login = credentialsPath === undefined ? undefined : await readCredentials(credentialsPath);
  return {
    contactPoints: [...contactPoints],
    ...(dataCentre !== '' && { localDataCenter: dataCentre }),
    ...(keyspace !== undefined && { keyspace }),
    protocolOptions: { port: Number(/:(\d+)$/.exec(contactPoints[0] ?? '')?.[1] ?? CQL_PORT) },
    ...(login && { authProvider: new auth.PlainTextAuthProvider(login.username, login.password) }),
    ...(tls && { sslOptions: tlsOptions(caPath) }),
    queryOptions: { consistency: types.consistencies.localQuorum },
    socketOptions: { connectTimeout: CQL_ANSWER_TIMEOUT_MS, readTimeout: CQL_ANSWER_TIMEOUT_MS },
    policies: {
      // Without a data centre any node will do, for who only looks.
      ...(dataCentre === '' && { loadBalancing: new policies.loadBalancing.RoundRobinPolicy() }),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(CQL_RETRY_FIRST_MS, CQL_RECONNECT_MS),
      retry: fewNodesTried(driver),
    },
  };
}

/**
 * What the driver knows of itself and its types do not. When no node answers any more it begins anew with nodes of its own making, and leaves
 * those before with their pools and timers: they would reconnect beside the new ones, and outlive the session.
 */
interface DriverNode {
  shutdown(): Promise<void>;
}

function endNode(node: unknown): void {
  // Timers end at once; a connection that fails while it closes is gone all the same.
  (node as DriverNode).shutdown().catch(() => undefined);
}

/** The driver ends while it begins anew, or goes on beginning after its end: what it has reached by then is ended too. */
async function endDriver(client: Client): Promise<void> {
  const endRest = (): void => {
    for (const node of client.hosts.values()) endNode(node);
    (client as Client & { controlConnection: { connection: { close(): void } | null } }).controlConnection.connection?.close();
  };
  client.on('hostAdd', endRest);
  await client.shutdown();
  endRest();
}

function tlsOptions(caPath: string | undefined): NonNullable<DseClientOptions['sslOptions']> {
  if (caPath === undefined) return { rejectUnauthorized: true };
  try {
    // Nodes are met by address, which their certificates need not name.
    return { rejectUnauthorized: true, ca: [readFileSync(caPath)], checkServerIdentity: () => undefined };
  } catch (cause) {
    throw new IrisError('ENGINE_INVALID', `the certificate authority ${caPath} cannot be read: ${errorLine(cause)}`);
  }
}

/** The driver’s own policy, but a question does not go round all nodes of a large cluster while they all stand still. */
function fewNodesTried(driver: Driver): InstanceType<Driver['policies']['retry']['RetryPolicy']> {
  class FewNodesTried extends driver.policies.retry.RetryPolicy {
    override onRequestError(
      ...[info, consistency, error]: Parameters<InstanceType<Driver['policies']['retry']['RetryPolicy']>['onRequestError']>
    ) {
      return info.nbRetry + 1 >= CQL_NODES_TRIED_MAX ? this.rethrowResult() : super.onRequestError(info, consistency, error);
    }
  }
  return new FewNodesTried();
}
