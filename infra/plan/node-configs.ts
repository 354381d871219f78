import { keyspaceOf } from '../../runtime/contract/cql-settings.ts';
import {
  DIRECTORY_VARIABLE,
  KAFKA_BROKERS_VARIABLE,
  STORE_AUTHORITY_PATH,
  STORE_LOGIN_PATH,
} from '../../runtime/contract/engine-addresses.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { checkNodeConfig, type NodeConfigDocument } from '../../runtime/contract/node-config.ts';
import { ADMIN_PORT, accountRoles, CLIENT_PORT, LINK_PORT, roleArn } from './names.ts';
import type { Plan, RegionPlan } from './plan.ts';

/** Where the boot script puts what a node reads, and where a core keeps its log. */
const SLOT_MAP_PATH = '/var/lib/iris/slot-map.json';
const DAY_MS = 86_400_000;
/** Looks of a region’s nodes for a newer slot map, together, at most; and seconds between two of one node, at least. */
const LOOKS_PER_SECOND = 0.8;
const LOOK_SECONDS_MIN = 10;
/** Nodes of a region for each of its edges, where they are so many that it matters: a fifth as many cores. */
const NODES_PER_EDGE = 1.2;
const STORE_DIRECTORY = '/var/lib/iris/store';
const TOKEN_KEYS_PATH = '/etc/iris/token-keys.pem';

/** Of the machine itself: one address for whoever runs there, so that a limit of one would be a limit of all. */
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

export interface NodeConfigs {
  readonly edge: NodeConfigDocument;
  readonly core: NodeConfigDocument;
}

/**
 * The two documents that all nodes of a region share: a node learns its own name and group from IRIS_NODE and IRIS_GROUP (R21). They
 * hold nothing of other regions, so that one may be added without a new config here (L11).
 * @throws IrisError CONFIG_INVALID when the runtime’s own validator refuses one (L12).
 */
export function nodeConfigsOf(plan: Plan, regionCode: string): NodeConfigs {
  const region = [...plan.regions, ...plan.leaving].find(({ code }) => code === regionCode);
  if (region === undefined) {
    const codes = plan.regions.map(({ code }) => code).join(', ');
    throw new IrisError('CONFIG_INVALID', `region '${regionCode}' is not in the plan of ${plan.environment}, which has ${codes}`);
  }
  return { edge: checked(edgeConfig(plan, region)), core: checked(coreConfig(plan, region)) };
}

function edgeConfig(plan: Plan, region: RegionPlan): NodeConfigDocument {
  const { sessionQueuedBytesMax } = plan.config.limits;
  return {
    ...sharedFields(plan, region),
    role: 'edge',
    client: { host: hostOf(plan), port: CLIENT_PORT },
    authentication: plan.runsIn === 'local' ? { kind: 'none' } : { kind: 'token', ...plan.authentication, keysPath: TOKEN_KEYS_PATH },
    connectionsMax: plan.config.connectionsPerEdge,
    ...(sessionQueuedBytesMax === undefined ? {} : { sessionQueuedBytesMax }),
    rateLimits: rateLimitsOf(plan),
    ...(region.directory === null ? {} : { directory: directoryOf(region) }),
  };
}

/** The region’s Valkey cluster, found in a variable and entered with the rights of the machine’s role (0045). */
function directoryOf({ awsRegion, names: { directory } }: RegionPlan) {
  const login = { kind: 'iam', user: directory, cacheName: directory, awsRegion } as const;
  return { kind: 'redis', redis: { mode: 'cluster', addresses: { env: DIRECTORY_VARIABLE }, tls: true, login } } as const;
}

/** What is off is left out: then nothing is counted. */
function rateLimitsOf({ config: { rateLimits } }: Plan) {
  const { messages, requests, connections, failedLogins, unlimitedNetworks } = rateLimits;
  return {
    ...(messages === 'off' ? {} : { messages }),
    ...(requests === 'off' ? {} : { requests }),
    ...(connections === 'off' ? {} : { connections }),
    ...(failedLogins === 'off' ? {} : { failedLogins }),
    unlimitedNetworks: [...LOOPBACK, ...unlimitedNetworks],
  };
}

function coreConfig(plan: Plan, region: RegionPlan): NodeConfigDocument {
  const { bucketMessagesPerSecondMax } = plan.config.limits;
  return {
    ...sharedFields(plan, region),
    role: 'core',
    group: { env: 'IRIS_GROUP' },
    link: { host: hostOf(plan), port: LINK_PORT },
    store: { ...storeOf(plan, region), ...storeLimits(plan) },
    ...(bucketMessagesPerSecondMax === undefined ? {} : { bucketMessagesPerSecondMax }),
  };
}

/** On the group’s volume, or on the region’s engines: MSK says where its brokers are when it has made them, and each node asks when it boots. */
function storeOf({ environment }: Plan, { code, awsRegion, store, zoneIds }: RegionPlan) {
  if (store === null) return { kind: 'embedded', directory: STORE_DIRECTORY } as const;
  // One node in each zone, since they take the zones in turn: a store that grows changes no config.
  const contactPoints = store.hosts.slice(0, zoneIds.length);
  return {
    kind: 'distributed',
    kafka: { brokers: { env: KAFKA_BROKERS_VARIABLE }, tls: true, login: { kind: 'iam', awsRegion } },
    cql: {
      contactPoints,
      dataCentre: code,
      keyspace: keyspaceOf(environment),
      tls: true,
      caPath: STORE_AUTHORITY_PATH,
      credentialsPath: STORE_LOGIN_PATH,
      replicas: store.replicas,
    },
  } as const;
}

/** Those that the environment changes. */
function storeLimits({ config: { limits } }: Plan) {
  const { inboxEnvelopesMax, inboxBytesMax, outboxEnvelopesMax, outboxBytesMax, inboxRetentionDays, outboxRetentionDays } = limits;
  return {
    ...(inboxEnvelopesMax === undefined ? {} : { inboxEnvelopesMax }),
    ...(inboxBytesMax === undefined ? {} : { inboxBytesMax }),
    ...(outboxEnvelopesMax === undefined ? {} : { outboxEnvelopesMax }),
    ...(outboxBytesMax === undefined ? {} : { outboxBytesMax }),
    ...(inboxRetentionDays === undefined ? {} : { inboxRetentionMs: inboxRetentionDays * DAY_MS }),
    ...(outboxRetentionDays === undefined ? {} : { outboxRetentionMs: outboxRetentionDays * DAY_MS }),
  };
}

function sharedFields(plan: Plan, region: RegionPlan) {
  const { drainTimeoutMs } = plan.config.limits;
  return {
    format: 'iris-node/1',
    environment: plan.environment,
    region: region.code,
    node: { env: 'IRIS_NODE' },
    local: plan.runsIn === 'local',
    slotMapPath: SLOT_MAP_PATH,
    ...(plan.runsIn === 'local' ? {} : { slotMap: slotMapPlace(plan, region) }),
    /** All addresses of the node: load balancers and collectors ask from outside it, and its security group admits only the network. */
    admin: { host: hostOf(plan), port: ADMIN_PORT },
    ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }),
  } as const;
}

/**
 * Nodes ask SSM themselves, which answers 40 a second of an account: the nodes of a region take so little of it together that 50 regions leave
 * some of it to whoever else asks. Neither other regions nor shard groups count, so that one more changes no config here (L11); by doubling, an edge more hardly ever does.
 */
function slotMapPlace(plan: Plan, { edgesMax, accountZone }: RegionPlan): string {
  const { globalRegion, globalAccount, environment, names } = plan;
  const nodes = edgesMax * NODES_PER_EDGE;
  const doublings = Math.max(0, Math.ceil(Math.log2(nodes / LOOKS_PER_SECOND / LOOK_SECONDS_MIN)));
  const seconds = LOOK_SECONDS_MIN * 2 ** doublings;
  const role = accountZone === null ? '' : `&role=${roleArn(globalAccount, accountRoles(environment).slotMap)}`;
  return `ssm://${globalRegion}${names.slotMapParameter}?every=${seconds}${role}`;
}

function hostOf(plan: Plan): string {
  return plan.runsIn === 'local' ? '127.0.0.1' : '0.0.0.0';
}

function checked(document: NodeConfigDocument): NodeConfigDocument {
  const problems = checkNodeConfig(document);
  if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `node config of ${document.region}: ${problems.join('; ')}`);
  return document;
}
