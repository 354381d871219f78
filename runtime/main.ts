import { dirname, resolve } from 'node:path';
import { errorLine, IrisError } from './contract/errors.ts';
import { mergePatch, type NodeConfig, readJsonFile, readNodeConfig } from './contract/node-config.ts';
import type { RedisSettings } from './contract/redis-settings.ts';
import type { StoreConfig } from './contract/store-config.ts';
import type { RunningNode } from './servers/running-node.ts';

/** Starts a node of one role. */
export interface Starters {
  edge?(config: Extract<NodeConfig, { role: 'edge' }>): Promise<RunningNode>;
  core?(config: Extract<NodeConfig, { role: 'core' }>): Promise<RunningNode>;
}

export interface RunNodeOptions {
  readonly configPath: string;
  /** A JSON merge patch laid over the config before it is checked. */
  readonly overlayPath?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called once, when the node serves. */
  onReady(line: ReadyLine): void;
  /** Called when a standby takes over. */
  onOwner(line: OwnerLine): void;
  /** Aborts to drain. */
  readonly signal: AbortSignal;
}

export interface ReadyLine {
  readonly event: 'ready';
  readonly node: string;
  readonly role: string;
  readonly region: string;
  readonly listen: Readonly<Record<string, string>>;
  /** Only of a core that waits for the owner of its shards to end. */
  readonly isStandby?: true;
}

/** A standby owns its shards from now on. */
export interface OwnerLine {
  readonly event: 'owner';
  readonly node: string;
  readonly epoch: number;
}

/**
 * Runs one node until `signal` aborts and it has drained.
 * @throws IrisError CONFIG_INVALID, FILE_UNREADABLE, STORE_FAILED, ADDRESS_IN_USE, OWNERSHIP_LOST
 */
export async function runNode(options: RunNodeOptions): Promise<void> {
  await runWith(options, {
    edge: async (config) => (await import('./servers/edge-server.ts')).startEdge(config),
    core: async (config) => (await import('./servers/core-server.ts')).startCore(config),
  });
}

/** The same for a bundle that holds one role only. */
export async function runWith(options: RunNodeOptions, starters: Starters): Promise<void> {
  const config = readConfig(options);
  const node = await start(config, starters);
  const standby = node.isStandby === true ? { isStandby: true as const } : {};
  options.onReady({ event: 'ready', node: config.node, role: config.role, region: config.region, listen: node.listen, ...standby });
  void node.tookOver?.then((epoch) => options.onOwner({ event: 'owner', node: config.node, epoch }));
  const failure = await Promise.race([aborted(options.signal), ...(node.failed === undefined ? [] : [node.failed])]);
  if (failure !== undefined) throw failure;
  await node.drain();
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
}

/**
 * A process of its own: `node edge.mjs <config.json> [--overlay FILE]`. One JSON line on stdout when ready; a refusal is one line on
 * stderr and exit code 1; SIGTERM and Ctrl-C drain, a second one ends at once. With IRIS_PARENT_PIPE=1 the end of stdin drains too, so
 * that no node outlives the fleet that started it.
 */
export async function runProcess(starters: Starters): Promise<void> {
  const [configPath, flag, overlayPath] = process.argv.slice(2);
  const abort = new AbortController();
  const stop = () => (abort.signal.aborted ? process.exit(1) : abort.abort());
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (process.env['IRIS_PARENT_PIPE'] === '1')
    process.stdin
      .on('end', () => abort.abort())
      .on('error', () => abort.abort())
      .resume();
  try {
    if (configPath === undefined || (flag !== undefined && (flag !== '--overlay' || overlayPath === undefined))) {
      throw new IrisError('CONFIG_INVALID', 'usage: node <bundle> <config.json> [--overlay FILE]');
    }
    const print = (line: ReadyLine | OwnerLine) => process.stdout.write(`${JSON.stringify(line)}\n`);
    await runWith(
      {
        configPath,
        ...(overlayPath === undefined ? {} : { overlayPath }),
        env: process.env,
        onReady: print,
        onOwner: print,
        signal: abort.signal,
      },
      starters,
    );
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof IrisError ? `${error.code}: ` : ''}${errorLine(error)}\n`);
    process.exit(1);
  }
}

function readConfig({ configPath, overlayPath, env }: RunNodeOptions): NodeConfig {
  const document = readJsonFile(configPath);
  const overlaid = overlayPath === undefined ? document : mergePatch(document, readJsonFile(overlayPath));
  return withAbsolutePaths(readNodeConfig(overlaid, env), dirname(resolve(configPath)));
}

/** Relative paths count from the config’s folder, so that a state folder can be moved. */
function withAbsolutePaths(config: NodeConfig, folder: string): NodeConfig {
  const { admin } = config;
  const paths = {
    slotMapPath: resolve(folder, config.slotMapPath),
    ...(config.slotMap === undefined ? {} : { slotMap: absolutePlace(config.slotMap, folder) }),
    admin: admin.tokenPath === undefined ? admin : { ...admin, tokenPath: resolve(folder, admin.tokenPath) },
  };
  if (config.role === 'core') return { ...config, ...paths, store: withAbsoluteStorePaths(config.store, folder) };
  const { client, authentication, directory } = config;
  return {
    ...config,
    ...paths,
    client: client.tls === undefined ? client : { ...client, tls: withAbsoluteCertificate(client.tls, folder) },
    authentication:
      authentication.kind === 'none' ? authentication : { ...authentication, keysPath: resolve(folder, authentication.keysPath) },
    directory: directory.kind === 'process' ? directory : { ...directory, redis: withAbsoluteRedisPaths(directory.redis, folder) },
  };
}

function withAbsoluteStorePaths(store: StoreConfig, folder: string): StoreConfig {
  if (store.kind === 'embedded') return { ...store, directory: resolve(folder, store.directory) };
  const { kafka, cql } = store;
  const login =
    kafka.login?.kind === 'scram' ? { ...kafka.login, credentialsPath: resolve(folder, kafka.login.credentialsPath) } : kafka.login;
  return {
    ...store,
    kafka: { ...kafka, ...absolute(kafka, ['caPath'], folder), ...(login === undefined ? {} : { login }) },
    cql: { ...cql, ...absolute(cql, ['caPath', 'credentialsPath'], folder) },
  };
}

/** The paths of some fields, where they are given. */
function absolute<Field extends string>(fields: { readonly [F in Field]?: string | undefined }, names: readonly Field[], folder: string) {
  return Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, resolve(folder, fields[name])]])));
}

function withAbsoluteRedisPaths(redis: RedisSettings, folder: string): RedisSettings {
  const { login, caPath } = redis;
  return {
    ...redis,
    ...(caPath === undefined ? {} : { caPath: resolve(folder, caPath) }),
    ...(login?.kind === 'password' ? { login: { ...login, credentialsPath: resolve(folder, login.credentialsPath) } } : {}),
  };
}

function withAbsoluteCertificate<Tls extends { certificatePath: string; keyPath: string }>(tls: Tls, folder: string): Tls {
  return { ...tls, certificatePath: resolve(folder, tls.certificatePath), keyPath: resolve(folder, tls.keyPath) };
}

function absolutePlace(place: string, folder: string): string {
  return place.replace(/(?<=[?&]credentials=)[^&]+/, (path) => resolve(folder, path));
}

function start(config: NodeConfig, starters: Starters): Promise<RunningNode> {
  const starter = config.role === 'edge' ? starters.edge?.(config) : starters.core?.(config);
  if (starter === undefined) return Promise.reject(new IrisError('CONFIG_INVALID', `this bundle does not hold the role ${config.role}`));
  return starter;
}
