import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type DirectoryConfig, directoryConfig, resolveDirectory } from './directory-config.ts';
import { errorLine, IrisError } from './errors.ts';
import * as limits from './limits.ts';
import { readSlotMapPlace } from './slot-map-place.ts';
import { resolveStore, type StoreConfig, storeConfig } from './store-config.ts';

const code = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be lower-case letters, digits and dashes, 31 at most');
const port = z.int().min(0).max(65_535);
const bytes = z.int().min(1);

/** Where a listener binds. Port 0 lets the system choose; the node prints what it got. */
const listener = z.strictObject({ host: z.string().min(1).max(253), port });

/**
 * Where clients connect. With `tls` they speak TLS 1.3: PEM files of the certificate with its chain and of its key, read again once a minute.
 * `allowsPlain` serves clients without TLS on the same port, such as those of v1, which know none.
 */
const clientListener = listener.extend({
  tls: z
    .strictObject({ certificatePath: z.string().min(1), keyPath: z.string().min(1), allowsPlain: z.boolean().default(false) })
    .optional(),
});

/** `tokenPath` names the file with the bearer token of `POST /commands/…`; without it the node takes no commands. */
const adminListener = listener.extend({ tokenPath: z.string().min(1).optional() });

/** A value, or the name of the environment variable that holds it (R21), so that one document serves every node of a fleet. */
const nodeName = z.union([code, z.strictObject({ env: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/) })]);

const authentication = z.discriminatedUnion('kind', [
  /** Anyone may be anyone. Refused unless `local` is true (A1). */
  z.strictObject({ kind: z.literal('none') }),
  /** JWT signed with EdDSA; `keysPath` holds one or more PEM public keys. exp, sub, aud and iss are checked (A3). */
  z.strictObject({ kind: z.literal('token'), issuer: z.string().min(1), audience: z.string().min(1), keysPath: z.string().min(1) }),
]);

const perMinute = z.int().min(1).max(1_000_000).optional();

/** How much a user or an address may do in a minute (D11); what is left out is not limited. */
const rateLimits = z.strictObject({
  messages: perMinute,
  requests: perMinute,
  /** Of one address, counting those that end without a login. */
  connections: perMinute,
  failedLogins: perMinute,
  /** Networks whose addresses are not limited, such as that of a carrier behind whose one address thousands of users are. */
  unlimitedNetworks: z
    .array(z.union([z.cidrv4(), z.cidrv6()]))
    .max(1_000)
    .default([]),
});

const shared = {
  format: z.literal('iris-node/1'),
  environment: code,
  region: code,
  /** Unique in the environment; names the node in logs, links and the local fleet. */
  node: nodeName,
  /** True only where every client and node is on this machine: listeners bind to loopback, `authentication: none` is allowed. */
  local: z.boolean(),
  /** Path of the slot map document; relative paths count from the config’s folder. With `slotMap`: where the last good one is kept. */
  slotMapPath: z.string().min(1),
  /**
   * Where newer slot maps are published, and watched: `etcd://host:port,…/key`, `consul://host:port/key`, `ssm://<aws region>/<parameter>`, with
   * `etcds` and `consuls` by TLS, `?credentials=<path>` of a file with `{"username", "password"}` (Consul: its ACL token). Left out: the file at `slotMapPath` is it.
   */
  slotMap: z
    .string()
    .superRefine((text, context) => placeProblem(text, context))
    .optional(),
  /** True where that is the one place which every node of the environment reads, so that a command of this node may publish a newer map there. */
  isSlotMapShared: z.boolean().default(false),
  /** Health, readiness, metrics and commands, for operators only. */
  admin: adminListener,
  /** Milliseconds a leaving node takes before it closes what is left. */
  drainTimeoutMs: z.int().min(0).max(3_600_000).default(limits.DRAIN_TIMEOUT_MS),
  /** Extra names for addresses, host:port → host:port, for a fleet whose DNS names do not resolve here. */
  addresses: z.record(z.string(), z.string()).default({}),
};

const edge = z.strictObject({
  ...shared,
  role: z.literal('edge'),
  /** Where clients connect; v1 and v2 share the port. */
  client: clientListener,
  authentication,
  connectionsMax: z.int().min(1).max(10_000_000).default(limits.CONNECTIONS_MAX),
  /** Bytes one session may hold for a slow reader. */
  sessionQueuedBytesMax: bytes.default(limits.SESSION_QUEUED_BYTES_MAX),
  directory: directoryConfig.default({ kind: 'process' }),
  rateLimits: rateLimits.prefault({}),
});

const core = z.strictObject({
  ...shared,
  role: z.literal('core'),
  /** Messages a second to one inbox, or to one of its buckets, above which it gets more buckets. */
  bucketMessagesPerSecondMax: z.int().min(1).default(limits.BUCKET_MESSAGES_PER_SECOND_MAX),
  /** The shard group this core serves. */
  group: nodeName,
  /** Where edges and other cores link. */
  link: listener,
  /** On a disk of its own, or on Kafka and a CQL store. */
  store: storeConfig,
});

/**
 * What one node is told: the document that a template or `iris up` writes and `runtime/main.ts` reads. One schema, one reader
 * (`readNodeConfig`), one validator (`checkNodeConfig`).
 */
export const nodeConfigSchema = z.discriminatedUnion('role', [edge, core]);

/** As written: defaults may be left out, names may point to environment variables. */
export type NodeConfigDocument = z.input<typeof nodeConfigSchema>;
type Parsed = z.output<typeof nodeConfigSchema>;
/** As read: complete, names resolved. */
export type EdgeConfig = Omit<Extract<Parsed, { role: 'edge' }>, 'node' | 'directory'> & {
  readonly node: string;
  readonly directory: DirectoryConfig;
};
export type CoreConfig = Omit<Extract<Parsed, { role: 'core' }>, 'node' | 'group' | 'store'> & {
  readonly node: string;
  readonly group: string;
  readonly store: StoreConfig;
};
export type NodeConfig = EdgeConfig | CoreConfig;
export type Listener = z.output<typeof listener>;
export type AdminListener = z.output<typeof adminListener>;

/**
 * Everything wrong with a node config, one line each; empty when it is good. Does not look at the machine: a missing folder or an
 * unset variable is found by the reader.
 */
export function checkNodeConfig(document: unknown): string[] {
  const parsed = nodeConfigSchema.safeParse(document);
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.join('.') || 'document'}: ${issue.message}`);
  const config = parsed.data;
  const problems: string[] = [];
  if (config.role === 'edge' && config.authentication.kind === 'none' && !config.local) {
    problems.push('authentication.kind: none is allowed only where local is true; use token with keysPath');
  }
  if (config.local) {
    const listeners = { admin: config.admin, ...(config.role === 'edge' ? { client: config.client } : { link: config.link }) };
    for (const [name, at] of Object.entries(listeners)) {
      if (!isLoopback(at.host)) problems.push(`${name}.host: ${at.host} is open to the network, a local node listens on 127.0.0.1 or ::1`);
    }
  }
  return problems;
}

/**
 * The one reader: checks a document and resolves its environment variables.
 * @throws IrisError CONFIG_INVALID with every problem in one line.
 */
export function readNodeConfig(document: unknown, env: Readonly<Record<string, string | undefined>>): NodeConfig {
  const problems = checkNodeConfig(document);
  if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `node config: ${problems.join('; ')}`);
  const config = nodeConfigSchema.parse(document);
  const node = resolveName('node', config.node, env);
  if (config.role === 'edge') return { ...config, node, directory: resolveDirectory(config.directory, env) };
  return { ...config, node, group: resolveName('group', config.group, env), store: resolveStore(config.store, env) };
}

/** Reads a JSON file. @throws IrisError FILE_UNREADABLE with the path and the reason. */
export function readJsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `${path} cannot be read as JSON: ${errorLine(cause)}`);
  }
}

/** RFC 7396 merge patch: how `iris node --overlay` adapts a deployed config to this machine before it is checked. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function placeProblem(text: string, context: z.RefinementCtx): void {
  try {
    if (readSlotMapPlace(text).kind === 'file') context.addIssue({ code: 'custom', message: 'a file is named by slotMapPath alone' });
  } catch (error) {
    context.addIssue({ code: 'custom', message: errorLine(error) });
  }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function resolveName(field: string, name: z.output<typeof nodeName>, env: Readonly<Record<string, string | undefined>>): string {
  if (typeof name === 'string') return name;
  const value = env[name.env];
  const parsed = code.safeParse(value);
  if (!parsed.success) {
    throw new IrisError(
      'CONFIG_INVALID',
      `node config: ${field} comes from the variable ${name.env}, which is ${value === undefined ? 'unset' : `'${value}'`}; it must be lower-case letters, digits and dashes`,
    );
  }
  return parsed.data;
}
