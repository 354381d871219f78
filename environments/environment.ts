import { z } from 'zod';
import { MESSAGE_BYTES_MAX } from '../runtime/contract/limits.ts';
import { CODE_PATTERN, regionSchema } from './region.ts';
import { isSigningKey } from './signing-key.ts';

/** Regions of one environment: twenty times the fifty that it is made for. */
export const REGIONS_MAX = 1_000;

const positive = z.int().min(1);
/** Ten years: a row of the distributed foundation expires a week after its message, and CQL counts to twenty. */
const days = z.int().min(1).max(3_650);

/** Nodes and types of one fleet each; the EC2 name, whichever service runs it. */
const instanceTypes = z.strictObject({
  edge: z
    .string()
    .default('c7g.medium')
    .describe(
      'Edge nodes; Graviton, since the runtime package carries Node for arm64 (C6). One event loop fills one processor, 100,000 connections three quarters of 2 GiB.',
    ),
  core: z
    .string()
    .default('c7g.large')
    .describe('Core nodes; Graviton (C6). Half a million users of a group take three quarters of 4 GiB.'),
  bus: z.string().default('m7g.2xlarge').describe('Kafka brokers; distributed foundation only.'),
  store: z.string().default('i8g.4xlarge').describe('ScyllaDB nodes, with NVMe of their own; distributed foundation only.'),
  directory: z.string().default('r7g.xlarge').describe('Valkey nodes; distributed foundation only.'),
});

const authentication = z.strictObject({
  issuer: z.string().min(1).optional().describe('`iss` that a client’s token must carry. Default: https:// and the domain.'),
  audience: z.string().min(1).default('iris').describe('`aud` that a client’s token must carry.'),
});

const subscriber = z.enum(['none', 'https', 'email']).default('none');

const alerts = z.strictObject({
  pager: subscriber.describe(
    'Who is woken: https for a pager’s integration, or email. Its endpoint is a secret, so each AWS region’s SSM parameter /iris/<name>/pager-endpoint has it.',
  ),
  reader: subscriber.describe('Who is told by day what can wait; endpoint in /iris/<name>/reader-endpoint.'),
});

const limits = z.strictObject({
  sessionQueuedBytesMax: positive.optional().describe('Bytes one session may hold for a slow reader. Default: the runtime’s.'),
  drainTimeoutMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .optional()
    .describe('Milliseconds a leaving node takes before it closes what is left. Default: the runtime’s.'),
  inboxEnvelopesMax: positive
    .optional()
    .describe('Envelopes one inbox may hold; more is refused until its user reads (X4). Default: the runtime’s.'),
  inboxBytesMax: positive.optional().describe('Bytes one inbox may hold. Default: the runtime’s.'),
  outboxEnvelopesMax: positive
    .optional()
    .describe('Envelopes that may wait for one shard group of another region; more is refused (X22). Default: the runtime’s.'),
  inboxRetentionDays: days
    .optional()
    .describe('Days a message may wait in an inbox; then it is taken out and its reader told. Default: the runtime’s.'),
  outboxRetentionDays: days
    .optional()
    .describe('Days a message may wait for another region (X22); then it is taken out and reported. Default: the runtime’s.'),
  outboxBytesMax: positive.optional().describe('Bytes that may wait for one shard group of another region. Default: the runtime’s.'),
  bucketMessagesPerSecondMax: positive
    .optional()
    .describe('Messages a second to one inbox above which it is spread over more cores (B3, C10). Default: the runtime’s, as measured.'),
});

const perMinute = (most: number) =>
  z.union([z.int().min(1).max(1_000_000), z.literal('off')], 'must be a whole number of 1 to 1000000, or off').default(most);

const hostedZoneId = z.string().regex(/^Z[A-Z0-9]{1,31}$/, 'must be a Route 53 zone id, Z and capitals or digits');

const account = z.strictObject({
  domain: z
    .string()
    .describe('DNS name of a zone of that account, such as one.chat.example.com: the names of its regions’ edges and cores are below it.'),
  hostedZoneId: hostedZoneId.describe('Id of that zone. Names resolve as soon as its domain is delegated to it.'),
});

const rateLimits = z.strictObject({
  messages: perMinute(100).describe(
    'Messages one user may send in any minute, or off; the last may be a batch that passes it (D11). `iris up` lifts all of these unless it is told --limits.',
  ),
  requests: perMinute(1_000).describe('Queries, reads and typing signals of one user in a minute, or off (D11).'),
  connections: perMinute(5).describe(
    'Connections of one address in a minute that end without a login, or off: those that log in are not counted, so that an office may reconnect at once (D11, C26).',
  ),
  failedLogins: perMinute(5).describe('Refused logins of one address in a minute, or off (D11).'),
  unlimitedNetworks: z
    .array(z.union([z.cidrv4(), z.cidrv6()], 'must be a network such as 203.0.113.0/24'))
    .max(998)
    .default([])
    .describe('Networks whose addresses are not limited, such as a carrier’s with thousands of users behind one address (C8).'),
});

const media = z.strictObject({
  signingKey: z
    .string()
    .refine(isSigningKey, 'must be a public key in PEM, RSA of 2,048 bits or ECDSA P-256')
    .describe('PEM public key, RSA of 2,048 bits or ECDSA P-256; its private half signs the URLs under which clients read media (A16).'),
});

const traffic = z.strictObject({
  messagesPerUserPerDay: z.number().positive().max(1_000_000).default(100).describe('Messages one daily user sends in a day (D16).'),
  messageBytes: positive.max(MESSAGE_BYTES_MAX).default(100).describe('Bytes of an average message (S4, C9).'),
  peakToAverage: z.number().min(1).max(1_000).default(3).describe('Peak message rate over the average of a day (D16: 3.5 M over 1.16 M).'),
  retentionDays: z.number().positive().max(3_650).default(7).describe('Days a message stays in the hot store (D12).'),
  replicas: z.int().min(1).max(9).default(3).describe('Copies the hot store keeps, each on a node of its own.'),
  compressionRatio: z.number().min(1).max(100).default(1).describe('Bytes before over bytes after the store’s compression.'),
});

/**
 * The one parameter file of an environment (L11, N8). Two environments differ in these data and in nothing else; every field is
 * documented in docs/environment.md, which is generated from here. Rules that need facts about AWS are in infra/plan.
 */
export const environmentSchema = z.strictObject({
  name: z
    .string()
    .regex(CODE_PATTERN, 'must be lower-case letters, digits and dashes, 31 at most')
    .describe('Names every resource; lower-case letters, digits and dashes.'),
  domain: z.string().describe('DNS name under which clients find edge.<domain>.'),
  runsIn: z
    .enum(['cloud', 'local'])
    .default('cloud')
    .describe(
      'cloud: templates can be synthesized, and `iris up` can still run it here. local: this machine only, without authentication.',
    ),
  foundation: z
    .enum(['embedded', 'distributed'])
    .default('embedded')
    .describe(
      'embedded: one core per shard group with log and inbox on its own volume. distributed: Kafka, ScyllaDB and Valkey, a primary and a standby per group.',
    ),
  dailyActiveUsers: positive.describe('Users of a day, all regions together.'),
  peakConcurrentShare: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('Share of the daily users connected at the peak (K1), above 0, at most 1.'),
  usersPerShard: positive.default(100_000).describe('Daily users one shard serves (K1).'),
  shardsPerGroup: positive.default(50).describe('Shards of one shard group at most; a group fails over as a whole (C13).'),
  connectionsPerEdge: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe('Connections of one edge at the peak (C14: 100,000 with TLS ended at the load balancer).'),
  edgesMin: positive.default(2).describe('Fewest edges of a region that is sized by userShare; two, so that one may fail (C1).'),
  edgesPerRegionMax: positive.default(100).describe('Most edges a region may be planned with (C15).'),
  edgeGrowthMax: z
    .number()
    .min(1)
    .default(2)
    .describe('How far autoscaling may grow a region’s edges, as a multiple of the plan (O3: 200 to 500).'),
  safetyFactor: z
    .number()
    .min(1)
    .max(10)
    .default(1)
    .describe('Multiplies the need of regions sized by userShare; 1.0 gives the seeds’ figures, 1.5 the RFC’s (C1).'),
  edgeSpotShare: z.number().min(0).max(1).default(0.5).describe('Share of the edges that are spot instances (K11), 0 to 1.'),
  zones: z.int().min(1).max(4).default(3).describe('Availability zones per region, unless the region lists zoneIds.'),
  instanceTypes: instanceTypes.prefault({}).describe('EC2 instance types of the fleets.'),
  brokerKind: z
    .enum(['standard', 'express'])
    .default('standard')
    .describe(
      'Kafka brokers of MSK. standard: on volumes that grow. express: three times the throughput at twice the price, with storage that MSK runs; m7g in three zones. Chosen once; distributed foundation only.',
    ),
  traffic: traffic.prefault({}).describe('What users send and how long it is kept; sizes bus and store.'),
  geoRouting: z
    .array(z.enum(['route53', 'cloudflare', 'anycast']))
    .min(1)
    .default(['route53'])
    .describe(
      'Who sends a client to its nearest region: the first under edge.<domain>, each further one beside it under its own name, such as anycast.edge.<domain>.',
    ),
  anycastAddresses: z
    .array(z.ipv4())
    .max(2)
    .default([])
    .describe('One or two addresses of a block of your own for anycast (BYOIP), which AWS announces. Default: two of Amazon’s.'),
  regionJoin: z
    .enum(['peering', 'cloud-wan', 'none'])
    .default('peering')
    .describe(
      'How networks of different regions are joined, so that messages cross: peering of each with each, free and for 10 regions at most; AWS Cloud WAN, some $410 a month a region; or none, left to you.',
    ),
  globalRegion: z.string().default('us-east-1').describe('AWS region of the one global stack: routing, slot map and its pointer.'),
  hostedZoneId: hostedZoneId.optional().describe('Route 53 zone of the domain. Default: the global stack makes one.'),
  globalAccount: z
    .string()
    .default('current')
    .describe(
      'AWS account of the global stacks, and of regions whose account is current: 12 digits, or current for the account of the credentials that deploy. Digits where regions have other accounts, since those name it.',
    ),
  accounts: z
    .record(z.string().regex(/^\d{12}$/, 'must be an account of 12 digits'), account)
    .default({})
    .describe(
      'The other accounts that regions may live in, by their 12 digits, each with a zone of that account, such as {"222222222222": {"domain": "two.chat.example.com", "hostedZoneId": "Z…"}}: the names of its regions’ edges and cores are below that domain, which is delegated to it once.',
    ),
  authentication: authentication
    .prefault({})
    .describe('What a client’s token must say; its keys are in the SSM parameter /iris/<name>/token-keys (A3).'),
  clientTls: z
    .enum(['none', 'acm'])
    .default('none')
    .describe(
      'What clients speak with the load balancers. none: plain TCP, which anyone on the way can read. acm: TLS 1.3 and nothing else, with a certificate that ACM makes in each region and proves by records of the zone; v1 clients then need a tunnel.',
    ),
  media: media
    .optional()
    .describe(
      'Buckets for media and for old messages in each region, cheaper after 30 and 90 days, gone after 365 (D12), and CloudFront before them. Default: none.',
    ),
  alerts: alerts.prefault({}).describe('Who hears of alarms, beside the console.'),
  limits: limits.prefault({}).describe('Bounds of the runtime that this environment changes.'),
  rateLimits: rateLimits.prefault({}).describe('What one user or one address may do in a minute.'),
  quotas: z
    .record(z.string().regex(/^L-[0-9A-F]{8}$/, 'must be a quota code such as L-1216C47A'), positive)
    .default({})
    .describe(
      'Service quotas that the accounts have been given, by code, in every AWS region; `iris preflight` names those that are needed.',
    ),
  slotMapVersion: positive
    .default(1)
    .describe('Version of the slot map; raise it with each change of shards or groups, nodes refuse to go back.'),
  regions: z.array(regionSchema).min(1).max(REGIONS_MAX).describe('The regions, in the order in which shards are numbered.'),
});

/** As written in a file: fields with a default may be left out. Not checked yet; `createPlan` does that. */
export type Environment = z.input<typeof environmentSchema>;
/** Complete and checked. */
export type EnvironmentConfig = z.output<typeof environmentSchema>;

/** Gives an environment file its type; changes and checks nothing, so that all problems can be told at once by `createPlan`. */
export function defineEnvironment(environment: Environment): Environment {
  return environment;
}
