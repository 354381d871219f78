import { z } from 'zod';

/** Names that become part of resource names, host names and node names. */
export const CODE_PATTERN = /^[a-z][a-z0-9-]{0,30}$/;

const count = z.int().min(1);
const instanceTypeOf = (nodes: string) => z.string().optional().describe(`Type of the ${nodes}. Default: the environment’s.`);

const serves = z.strictObject({
  default: z.boolean().default(false).describe('Clients whose place is unknown or served by nobody come here; exactly one region says so.'),
  continents: z.array(z.string()).default([]).describe('Route 53 continent codes: AF, AN, AS, EU, NA, OC, SA.'),
  countries: z.array(z.string()).default([]).describe('ISO 3166 codes of two capitals; a country wins over its continent.'),
  weight: z
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe(
      'Share of the clients where several regions serve one place, of the sum of their weights; 0 sends none. Default: no place is shared.',
    ),
});

/**
 * A region (others say cell): one network in one AWS region and one account. It is sized by `userShare`, or by `edges` and `shards`
 * stated outright, which is what lets a region be added without touching the others (L11).
 */
export const regionSchema = z.strictObject({
  code: z
    .string()
    .regex(CODE_PATTERN, 'must be lower-case letters, digits and dashes, 31 at most')
    .describe('Names the region in everything, such as tokyo.'),
  awsRegion: z.string().default('local').describe('AWS region it lives in; several regions may share one. A local environment has none.'),
  account: z
    .string()
    .default('current')
    .describe('AWS account it lives in: 12 digits of one that `accounts` has, or current for globalAccount.'),
  zoneIds: z
    .array(z.string())
    .optional()
    .describe('Zone ids such as apne1-az1. Default: the first of the AWS region, as many as `zones` says.'),
  cidr: z.string().describe('IPv4 block of the region’s network, /16 to /24; no two regions overlap.'),
  userShare: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('Share of dailyActiveUsers; the shares of an environment sum to 1. Default: none, where edges and shards are stated.'),
  edges: count.optional().describe('Edges, stated outright. Default: from userShare.'),
  shards: count.optional().describe('Shards, stated outright. Default: from userShare.'),
  shardGroups: count.optional().describe('Shard groups. Default: shards over shardsPerGroup, rounded up.'),
  firstShard: z.int().min(0).optional().describe('Number of the first shard. Default: after the region before it in the list.'),
  brokers: count.optional().describe('Kafka brokers. Default: from traffic; distributed foundation only.'),
  storeNodes: count.optional().describe('ScyllaDB nodes. Default: from traffic; distributed foundation only.'),
  storeReplaced: z
    .record(
      z.string().regex(/^\d+$/, 'must be the number of a node'),
      z.array(z.uuid('must be a host id, as nodetool status shows it')).min(1),
    )
    .default({})
    .describe(
      'Host ids of dead ScyllaDB nodes by the node’s number, oldest first, such as {"3": ["…"]}: each gives the node a new machine in its place.',
    ),
  directoryNodes: count.optional().describe('Valkey nodes. Default: from connections; distributed foundation only.'),
  serves: serves.prefault({}).describe('Whose clients geo-routing sends here.'),
  leaves: z
    .boolean()
    .default(false)
    .describe(
      'The region is going: no client is sent to it, it owns no shards, and the last wave of the rollout deletes its stacks. `iris remove-region` sets it.',
    ),
  instanceTypes: z
    .strictObject({
      edge: instanceTypeOf('edges'),
      core: instanceTypeOf('cores'),
      bus: instanceTypeOf('Kafka brokers'),
      store: instanceTypeOf('ScyllaDB nodes'),
      directory: instanceTypeOf('Valkey nodes'),
    })
    .prefault({})
    .describe('Instance types that differ from the environment’s, where its AWS region lacks one.'),
  certificateArn: z
    .string()
    .regex(/^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]+$/, 'must be the ARN of an ACM certificate')
    .optional()
    .describe('Certificate for TLS 1.3 at the region’s load balancer, of its AWS region and account. Default: as clientTls says.'),
  amiId: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, 'must be an image id such as ami-0123456789abcdef0')
    .optional()
    .describe('Machine image of edges and cores (arm64). Default: the newest Amazon Linux 2023 at each launch.'),
  storeAmiId: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, 'must be an image id such as ami-0123456789abcdef0')
    .optional()
    .describe(
      'Machine image of the ScyllaDB nodes, for the architecture of their type. Default: what the SSM parameter /iris/<name>/store-image says.',
    ),
});

/** As written. */
export type Region = z.input<typeof regionSchema>;
/** Complete and checked. */
export type RegionConfig = z.output<typeof regionSchema>;
