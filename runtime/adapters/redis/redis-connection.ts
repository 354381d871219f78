import { createHash } from 'node:crypto';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { IrisError } from '../../contract/errors.ts';
import * as limits from '../../contract/limits.ts';
import type { RedisSettings } from '../../contract/redis-settings.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { type EngineCredentials, EngineLogin } from '../engine-credentials.ts';
import { trustedAuthority } from '../trusted-authority.ts';
import { CommandDeadlines, type Instead } from './command-deadlines.ts';
import type { PublishCommand } from './directory-scripts.ts';
import { type IamLogin, iamToken } from './iam-token.ts';
import { redisError } from './redis-errors.ts';
import { ShardedChannels } from './sharded-channels.ts';

export interface RedisParts {
  readonly settings: RedisSettings;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** @default that of the machine’s role */
  readonly token?: (login: IamLogin) => Promise<string>;
}

type Argument = string | number | Buffer;
/** Runs a script on the server that has `keys`. @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
export type RedisScript = (keys: readonly (string | Buffer)[], args: readonly Argument[]) => Promise<unknown>;
type Driver = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>;
type Ready = () => void;

/** One that is heard. */
interface Channel {
  hears(message: Buffer): void;
  subscribed(): void;
  readonly isSharded: boolean;
}

export interface SubscribeOptions {
  readonly subscribed?: () => void;
  /** In a cluster at the channel’s node alone. @default false */
  readonly isSharded?: boolean;
}

/** What a directory and shared limits need of Redis. */
export interface RedisEngine {
  readonly isUp: boolean;
  /** How sharded channels are published on. */
  readonly publishCommand: PublishCommand;
  /** Whether keys are spread over servers: then a script is for one of them. */
  readonly isSpread: boolean;
  /** Hears of each connection, the first and every later one: what the servers had may be gone. */
  onReady(listener: Ready): void;
  script(lua: string): RedisScript;
  /** @throws IrisError ENGINE_UNAVAILABLE, ENGINE_INVALID */
  command(name: string, ...args: readonly Argument[]): Promise<unknown>;
  /**
   * Hears what is published on `channel` while there is a connection; what is published meanwhile is lost, and `subscribed` called each time that
   * there is one again. False above DIRECTORY_CHANNELS_MAX: then nothing is heard. Sharded: what `publishCommand` says at the channel’s node.
   */
  subscribe(channel: Buffer, hears: (message: Buffer) => void, options?: SubscribeOptions): boolean;
  unsubscribe(channel: Buffer): void;
  /** Asks for a sign of life where nothing else would notice that a connection is dead. */
  pulse(): void;
  close(): void;
}

/**
 * Connections of one node to Redis or Valkey. Nothing waits for a server that is away: a command is refused at once while there is no
 * connection, and after DIRECTORY_TIMEOUT_MS where there is one.
 */
export class RedisConnection implements RedisEngine {
  private readonly parts: RedisParts;
  private readonly driver: Driver;
  private readonly login: RedisOptions;
  private readonly client: Redis | Cluster;
  private readonly deadlines: CommandDeadlines;
  private readonly refusal = (error: unknown): IrisError => this.failed(error);
  private readonly errorCount: { value: number };
  private readonly channelsRefused: { value: number };
  private listener: Redis | undefined;
  /** In a cluster. */
  private readonly sharded: ShardedChannels | undefined;
  private renewing: Timer | undefined;
  private readonly channels = new Map<string, Channel>();
  private readonly readyListeners = new Set<Ready>();
  private nextAddress = 0;
  /** So many there have been. */
  private connections = 0;
  private toldMs = Number.NEGATIVE_INFINITY;
  private isClosed = false;

  private constructor(parts: RedisParts, driver: Driver, login: RedisOptions) {
    this.parts = parts;
    this.driver = driver;
    this.login = login;
    this.deadlines = new CommandDeadlines(parts.clock, limits.DIRECTORY_TIMEOUT_MS);
    this.errorCount = parts.telemetry.counter(
      'iris_directory_errors_total',
      'Commands and connections that the session directory’s Redis failed',
    );
    this.channelsRefused = parts.telemetry.counter(
      'iris_directory_channels_refused_total',
      'Channels of Redis that were not subscribed to, since as many are as may be',
    );
    parts.telemetry.gauge('iris_directory_up', 'Whether the session directory’s Redis is connected', () => (this.isUp ? 1 : 0));
    this.client = this.connect();
    if ('nodes' in this.client) this.sharded = this.shardedOf(this.client);
  }

  /** Waits for no server. @throws IrisError ENGINE_INVALID when the credentials or the CA cannot be read. */
  static async open(parts: RedisParts): Promise<RedisConnection> {
    const driver = await import('ioredis');
    const { settings, token = iamToken } = parts;
    const { login, tls, caPath } = settings;
    const security = tls ? { tls: caPath === undefined ? {} : trustedAuthority(caPath) } : {};
    if (login === undefined) return new RedisConnection(parts, driver, security);
    if (login.kind === 'password') {
      const file = await EngineLogin.open(login.credentialsPath);
      const connection = new RedisConnection(parts, driver, { ...file.last, ...security });
      connection.keepRenewing(() => file.read(), { everyMs: limits.DIRECTORY_LOGIN_READ_MS });
      return connection;
    }
    const read = async () => ({ username: login.user, password: await token(login) });
    const first = await read().catch(() => undefined);
    const connection = new RedisConnection(parts, driver, { ...(first ?? { username: login.user }), ...security });
    connection.keepRenewing(read, { everyMs: limits.DIRECTORY_TOKEN_MS, ...(first === undefined && { delayMs: 0 }) });
    return connection;
  }

  get publishCommand(): PublishCommand {
    return this.sharded === undefined ? 'PUBLISH' : 'SPUBLISH';
  }

  get isSpread(): boolean {
    return this.sharded !== undefined;
  }

  get isUp(): boolean {
    return this.client.status === 'ready';
  }

  onReady(listener: Ready): void {
    this.readyListeners.add(listener);
  }

  /** Whole once a connection, and where a server does not have it; then by its digest. The driver’s own scripts cost two promises more each time. */
  script(lua: string): RedisScript {
    const digest = createHash('sha1').update(lua).digest('hex');
    let toldAt: number | undefined;
    return (keys, args) => {
      const rest = [keys.length, ...keys, ...args];
      if (toldAt !== this.connections) {
        toldAt = this.connections;
        return this.answered('EVAL', [lua, ...rest]);
      }
      const whole = (error: unknown) => (isUnknownScript(error) ? this.client.call('EVAL', [lua, ...rest]) : undefined);
      return this.answered('EVALSHA', [digest, ...rest], whole);
    };
  }

  command(name: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.answered(name, args);
  }

  subscribe(
    channel: Buffer,
    hears: (message: Buffer) => void,
    { subscribed = () => undefined, isSharded = false }: SubscribeOptions = {},
  ): boolean {
    const name = channel.toString('latin1');
    if (this.channels.size >= limits.DIRECTORY_CHANNELS_MAX && !this.channels.has(name)) {
      this.channelsRefused.value++;
      return false;
    }
    this.channels.set(name, { hears, subscribed, isSharded: isSharded && this.sharded !== undefined });
    if (isSharded && this.sharded !== undefined) this.sharded.add(name);
    else if (this.listener === undefined) this.listen();
    else if (this.listener.status === 'ready') this.hear(this.listener, name);
    return true;
  }

  unsubscribe(channel: Buffer): void {
    const name = channel.toString('latin1');
    const isSharded = this.channels.get(name)?.isSharded;
    this.channels.delete(name);
    if (isSharded === true) this.sharded?.remove(name);
    else if (this.listener?.status === 'ready') this.listener.unsubscribe(channel).catch((error: unknown) => this.failed(error));
  }

  pulse(): void {
    if (this.isUp) this.sharded?.pulse();
    if (this.listener?.status === 'ready') this.listener.ping().catch((error: unknown) => this.failed(error));
  }

  close(): void {
    this.isClosed = true;
    this.renewing?.stop();
    this.deadlines.stop();
    this.client.disconnect();
    this.listener?.disconnect();
    this.sharded?.disconnect();
  }

  /**
   * A file may hold another login than it did. A token opens connections for 15 minutes, and one that is open is cut after 12 hours unless it logs in again. So
   * with each new login all do. While nobody tells one, the server refuses the login and it is tried again.
   */
  private keepRenewing(
    read: () => Promise<EngineCredentials>,
    { everyMs, delayMs = everyMs }: { everyMs: number; delayMs?: number },
  ): void {
    if (this.isClosed) return;
    this.renewing = this.parts.clock.after(delayMs, () => {
      read().then(
        (login) => {
          this.logInWith(login);
          this.keepRenewing(read, { everyMs });
        },
        (error: unknown) => {
          this.failed(error);
          this.keepRenewing(read, { everyMs, delayMs: limits.DIRECTORY_RETRY_LAST_MS });
        },
      );
    });
  }

  private logInWith({ username, password }: EngineCredentials): void {
    if (this.isClosed || (username === this.login.username && password === this.login.password)) return;
    Object.assign(this.login, { username, password });
    const { client } = this;
    const nodes = 'nodes' in client ? client.nodes('all') : [client];
    for (const node of nodes) {
      Object.assign(node.options, { username, password });
      if (node.status === 'ready') node.call('AUTH', username, password).catch((error: unknown) => this.failed(error));
    }
    // It may not speak while it listens; it comes back with the new login.
    this.listener?.disconnect();
    this.sharded?.disconnect();
  }

  /** `instead` may make another command of an error. */
  private answered(name: string, args: readonly Argument[], instead?: Instead): Promise<unknown> {
    return this.deadlines.within(this.client.call(name, args as Argument[]), this.refusal, instead);
  }

  /** A server that is away fails many times a second: one line in DIRECTORY_LOG_MS, and a count. */
  private failed(error: unknown): IrisError {
    const known = redisError(this.parts.settings, error);
    if (this.isClosed) return known;
    this.errorCount.value++;
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.toldMs >= limits.DIRECTORY_LOG_MS) {
      this.toldMs = nowMs;
      this.parts.telemetry.log.warn('directory-failed', { code: known.code, reason: known.message });
    }
    return known;
  }

  private connect(): Redis | Cluster {
    const { mode, addresses, primary } = this.parts.settings;
    const { Redis: Single, Cluster: Many } = this.driver;
    const client = mode === 'cluster' ? new Many(addresses.map(hostPort), this.clusterOptions()) : new Single(this.singleOptions());
    client.on('error', (error) => void this.failed(error));
    client.on('ready', () => {
      this.parts.telemetry.log.info('directory-connected', { mode, addresses, ...(mode === 'sentinel' ? { primary } : {}) });
      this.tellReady();
    });
    if (mode === 'cluster') {
      client.on('+node', (node: Redis) => {
        const { username, password } = this.login;
        if (username !== undefined && password !== undefined) Object.assign(node.options, { username, password });
        // A node that comes back, or a copy that takes over, may lack the last writes.
        this.tellReady();
      });
    }
    return client;
  }

  private tellReady(): void {
    this.connections++;
    for (const listener of this.readyListeners) listener();
  }

  private singleOptions(): RedisOptions {
    const { mode, addresses, primary } = this.parts.settings;
    const common = { ...this.login, ...COMMON, retryStrategy: retryMs };
    if (mode !== 'sentinel') return { ...common, ...hostPort(addresses[0] as string) };
    const sentinels = addresses.map((address) => hostPort(address, SENTINEL_PORT));
    return { ...common, sentinels, name: primary, sentinelRetryStrategy: retryMs, failoverDetector: true };
  }

  private clusterOptions() {
    return {
      enableOfflineQueue: false,
      clusterRetryStrategy: retryMs,
      slotsRefreshTimeout: limits.DIRECTORY_TIMEOUT_MS,
      slotsRefreshInterval: limits.DIRECTORY_SLOTS_REFRESH_MS,
      retryDelayOnFailover: 100,
      maxRedirections: 3,
      redisOptions: { ...this.login, ...COMMON },
    };
  }

  private shardedOf(cluster: Cluster): ShardedChannels {
    return new ShardedChannels({
      nodeOf: (slot) => cluster.slots[slot]?.[0],
      connect: (address) => new this.driver.Redis({ ...this.login, ...LISTENER, ...hostPort(address), retryStrategy: () => null }),
      heard: (channel, message) => this.channels.get(channel)?.hears(message),
      subscribed: (channel) => this.channels.get(channel)?.subscribed(),
      failed: (error) => void this.failed(error),
    });
  }

  private hear(listener: Redis, name: string): void {
    const heard = () => this.channels.get(name)?.subscribed();
    listener.subscribe(Buffer.from(name, 'latin1')).then(heard, (error: unknown) => {
      this.failed(error);
      // Made anew, it hears all channels again.
      listener.disconnect();
    });
  }

  /** A connection of its own, in a cluster to each node in turn: what is published anywhere in it is heard at every node. */
  private listen(): void {
    if (this.isClosed) return;
    const { mode, addresses } = this.parts.settings;
    const place = mode === 'cluster' ? hostPort(addresses[this.nextAddress++ % addresses.length] as string) : this.singleOptions();
    const listener = new this.driver.Redis({ ...this.login, ...place, ...LISTENER, retryStrategy: () => null });
    this.listener = listener;
    listener.on('error', (error) => void this.failed(error));
    listener.on('messageBuffer', (channel: Buffer, message: Buffer) => this.channels.get(channel.toString('latin1'))?.hears(message));
    listener.on('ready', () => {
      for (const [name, { isSharded }] of this.channels) if (!isSharded) this.hear(listener, name);
    });
    listener.on('end', () => {
      if (!this.isClosed) this.parts.clock.after(limits.DIRECTORY_RETRY_LAST_MS, () => this.listen());
    });
  }
}

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/** A command is sent once and refused when its connection breaks: who sent it knows whether to send it again. */
const COMMON = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: limits.DIRECTORY_TIMEOUT_MS,
  // A primary that is a copy now.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  // A network that swallows bytes leaves the connection open: without an answer it is made anew.
  socketTimeout: limits.DIRECTORY_TIMEOUT_MS,
  keepAlive: 10_000,
  disableClientInfo: true,
} as const satisfies RedisOptions;

/** It has few commands, and nobody else looks after them. */
const LISTENER = { ...COMMON, commandTimeout: limits.DIRECTORY_TIMEOUT_MS };

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

function retryMs(attempt: number): number {
  return Math.min(limits.DIRECTORY_RETRY_LAST_MS, limits.DIRECTORY_RETRY_FIRST_MS * 2 ** Math.min(attempt, 10));
}

function hostPort(address: string, portDefault = REDIS_PORT): { host: string; port: number } {
  const [host, port] = address.split(':') as [string, string | undefined];
  return { host, port: port === undefined ? portDefault : Number(port) };
}
