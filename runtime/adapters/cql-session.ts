import type { Client, QueryOptions, types } from 'cassandra-driver';
import type { CqlSettings } from '../contract/cql-settings.ts';
import { IrisError } from '../contract/errors.ts';
import {
  CQL_GIVE_UP_MS,
  CQL_LEASE_TIMEOUT_MS,
  CQL_LOGIN_READ_MS,
  CQL_RETRY_FIRST_MS,
  CQL_RETRY_LAST_MS,
} from '../contract/limits-store.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { cqlClientOptions } from './cql-client-options.ts';
import { cqlError } from './cql-errors.ts';
import { type EngineCredentials, EngineLogin } from './engine-credentials.ts';

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
  /** The store did not take the login that the file has now; the one before goes on, and it is tried again. */
  readonly loginRefused?: ((error: unknown) => void) | undefined;
}

/** Connections to a CQL store, and how long an answer is waited for. Shared by everything that one process keeps there. */
export class CqlSession {
  readonly settings: CqlSettings;
  private client: Client;
  private readonly driver: Driver;
  readonly clock: Clock;
  private renewing: Timer | undefined;
  /** Of the login before, until what is under way there has its answer. */
  private readonly ending = new Set<Client>();
  private isClosed = false;

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
    const { credentialsPath } = settings;
    const login = credentialsPath === undefined ? undefined : await EngineLogin.open(credentialsPath);
    const options = cqlClientOptions(driver, { settings, keyspace: parts.keyspace, login });
    const open = async () => {
      const client = new driver.Client(options);
      client.on('hostRemove', endNode);
      try {
        await client.connect();
      } catch (error) {
        await client.shutdown();
        throw cqlError(error, settings);
      }
      return client;
    };
    const session = new CqlSession(await retried(parts, open), driver, parts);
    if (login !== undefined)
      session.keepLogin(login.last, { read: () => login.read(), open, refused: parts.loginRefused ?? (() => undefined) });
    return session;
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
    this.isClosed = true;
    this.renewing?.stop();
    await Promise.all([this.client, ...this.ending].map(endDriver));
  }

  /**
   * A store checks what the user of a connection may do at each statement, so a login that changes is followed by new connections; the role before may go
   * CQL_LOGIN_READ_MS + CQL_GIVE_UP_MS later.
   */
  private keepLogin(used: EngineCredentials, renewal: Renewal): void {
    if (this.isClosed) return;
    this.renewing = this.clock.after(CQL_LOGIN_READ_MS, () => {
      this.logIn(used, renewal).then(
        (now) => this.keepLogin(now, renewal),
        (error: unknown) => {
          renewal.refused(error);
          this.keepLogin(used, renewal);
        },
      );
    });
  }

  private async logIn(used: EngineCredentials, { read, open }: Renewal): Promise<EngineCredentials> {
    const now = await read();
    if (now.username === used.username && now.password === used.password) return used;
    const before = this.client;
    const client = await open();
    if (this.isClosed) await endDriver(client);
    else this.client = client;
    this.ending.add(before);
    this.clock.after(CQL_GIVE_UP_MS, () => {
      this.ending.delete(before);
      // Its connections are of no use any more, whatever they say at their end.
      endDriver(before).catch(() => undefined);
    });
    return now;
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

interface Renewal {
  readonly read: () => Promise<EngineCredentials>;
  readonly open: () => Promise<Client>;
  readonly refused: (error: unknown) => void;
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
