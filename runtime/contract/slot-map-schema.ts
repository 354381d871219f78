import { z } from 'zod';
import { GIVEN_UP_MAX, OVERRIDES_MAX, SHARDS_MAX, SLOTS, STANDBYS_MAX } from './limits.ts';

const code = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be lower-case letters, digits and dashes, 31 at most');
const address = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port');
/** SHA-256 of the 2^20 shard numbers as 16-bit little-endian words, lower-case hex. */
const tableSha256 = z.string().regex(/^[0-9a-f]{64}$/);
const version = z.int().min(1);
const shards = z.int().min(1).max(SHARDS_MAX);

/** A shard group of one region: shards `firstShard` … `firstShard + shardCount - 1`, served at `address` (host:port of its core’s link listener). */
const groupSchema = z.strictObject({
  id: code,
  firstShard: z.int().min(0).max(SHARDS_MAX),
  shardCount: z.int().min(1).max(SHARDS_MAX),
  address,
  /** Where the group’s standbys listen; one of them serves when the node at `address` does not. @default none */
  standby: z.array(address).min(1).max(STANDBYS_MAX).optional(),
});

/** Shards `firstShard` … `firstShard + shardCount - 1` live in `group`. */
const shardRun = z.strictObject({ firstShard: z.int().min(0), shardCount: z.int().min(1), group: code });

/** Slot runs that differ from the generator’s table. */
const overrides = z
  .array(
    z.strictObject({
      firstSlot: z
        .int()
        .min(0)
        .max(SLOTS - 1),
      slotCount: z.int().min(1),
      shard: z.int().min(0),
    }),
  )
  .max(OVERRIDES_MAX);

/**
 * A move under way: where users lived before. While it stands, a new owner fetches each user from the owner before; once nobody is left
 * to fetch, a map without it is published.
 */
const movingSchema = z.strictObject({
  from: z.strictObject({
    version,
    shards,
    overrides,
    tableSha256,
    /** Every shard once, ascending. */
    homes: z.array(shardRun).min(1).max(SHARDS_MAX),
  }),
  /** Codes of regions whose stores cannot be asked: what they hold comes later, if they come back. */
  lost: z.array(code).max(1_000),
  /** With `lost`: positions of the new owners are not below this one, which is above all that the lost ones can have given out. */
  positionsFrom: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  /** True when `from` was itself a move under way, which this one takes back; of a lost region: it is there again and fetches its users. */
  isReturn: z.boolean(),
});

/** Shards by the table of some map, ascending. */
const slotSet = {
  shards,
  overrides,
  runs: z.array(z.strictObject({ firstShard: z.int().min(0), shardCount: z.int().min(1) })).max(SHARDS_MAX),
};

/**
 * A region that was given up while it was lost: the slots it had. Their owners elsewhere know nothing of what was sent there before, and until
 * `untilMs` wait for none of it (docs/decisions/0012).
 */
const givenUpSchema = z.strictObject({
  region: code,
  ...slotSet,
  /** What a failback has given the region again: who lives there has all that was known. */
  returned: z.array(z.strictObject(slotSet)).max(GIVEN_UP_MAX).optional(),
  /** Milliseconds since 1970. */
  untilMs: z.int().min(0),
});

/**
 * Which shard holds which slots, and which group of which region serves which shards. One document per environment, stored under its
 * content hash. The 2^20 slots are not listed: `generator` names the frozen function that gives the table for `shards`,
 * `overrides` are the runs that differ from it, and `tableSha256` proves that reader and writer mean the same table.
 */
export const slotMapSchema = z.strictObject({
  format: z.literal('iris-slot-map/1'),
  environment: code,
  /** Grows with each published change; a node refuses to go back. */
  version,
  shards,
  generator: z.literal('even-1'),
  overrides,
  tableSha256,
  regions: z
    .array(z.strictObject({ code, awsRegion: z.string().min(1).max(32), groups: z.array(groupSchema).min(1).max(4_096) }))
    .min(1)
    .max(1_000),
  /** Shards that live in another group than the one whose range holds them, or in no range at all; ascending. */
  assigned: z.array(shardRun).max(SHARDS_MAX).optional(),
  moving: movingSchema.optional(),
  givenUp: z.array(givenUpSchema).min(1).max(GIVEN_UP_MAX).optional(),
});

export type SlotMap = z.infer<typeof slotMapSchema>;
export type ShardGroup = SlotMap['regions'][number]['groups'][number];
export type ShardRun = z.infer<typeof shardRun>;
export type SlotMove = z.infer<typeof movingSchema>;
export type GivenUp = z.infer<typeof givenUpSchema>;
