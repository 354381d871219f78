import { createHash } from 'node:crypto';
import { z } from 'zod';
import { IrisError } from './errors.ts';
import { SHARDS_MAX, SLOTS } from './limits.ts';
import { slotOf } from './phash2.ts';
import { evenSlotTable } from './slot-table.ts';

const code = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be lower-case letters, digits and dashes, 31 at most');
const address = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port');

/** A shard group of one region: shards `firstShard` … `firstShard + shardCount - 1`, served at `address` (host:port of its core’s link listener). */
const groupSchema = z.strictObject({
  id: code,
  firstShard: z.int().min(0).max(SHARDS_MAX),
  shardCount: z.int().min(1).max(SHARDS_MAX),
  address,
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
  version: z.int().min(1),
  shards: z.int().min(1).max(SHARDS_MAX),
  generator: z.literal('even-1'),
  overrides: z
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
    .max(65_536),
  /** SHA-256 of the 2^20 shard numbers as 16-bit little-endian words, lower-case hex. */
  tableSha256: z.string().regex(/^[0-9a-f]{64}$/),
  regions: z
    .array(z.strictObject({ code, awsRegion: z.string().min(1).max(32), groups: z.array(groupSchema).min(1).max(4_096) }))
    .min(1)
    .max(1_000),
});

export type SlotMap = z.infer<typeof slotMapSchema>;
export type ShardGroup = SlotMap['regions'][number]['groups'][number];

/** Where a shard lives. One object per group, shared by all of its shards. */
export interface ShardHome {
  readonly region: string;
  readonly group: string;
  readonly address: string;
}

/** A slot map made ready for look-ups: `shardOf` costs one hash and one table read. */
export class SlotRouter {
  readonly map: SlotMap;
  private readonly table: Uint16Array;
  private readonly homes: readonly ShardHome[];

  constructor(map: SlotMap, table: Uint16Array) {
    this.map = map;
    this.table = table;
    this.homes = homesOf(map);
  }

  shardOf(user: Uint8Array): number {
    return this.table[slotOf(user)] as number;
  }

  homeOf(shard: number): ShardHome {
    const home = this.homes[shard];
    if (home === undefined) throw new IrisError('CONFIG_INVALID', `shard ${shard} is not in the slot map of ${this.map.shards} shards`);
    return home;
  }
}

export interface SlotMapInput {
  readonly environment: string;
  readonly version: number;
  readonly shards: number;
  readonly regions: SlotMap['regions'];
}

/** The default map of an environment: no overrides. Computes the table for its hash (0.2 s at 50,000 shards). */
export function createSlotMap(input: SlotMapInput): SlotMap {
  const map: SlotMap = {
    format: 'iris-slot-map/1',
    ...input,
    generator: 'even-1',
    overrides: [],
    tableSha256: tableHash(evenSlotTable(input.shards)),
  };
  const problems = coverageProblems(map);
  if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `slot map: ${problems.join('; ')}`);
  return map;
}

/** Everything wrong with a slot map, one line each; empty when it is good. What `iris check` prints. */
export function checkSlotMap(document: unknown): string[] {
  return inspect(document).problems;
}

/**
 * The one validator of slot maps (L12): schema, coverage and table hash. Every problem is listed at once.
 * @throws IrisError CONFIG_INVALID
 */
export function readSlotMap(document: unknown): SlotRouter {
  const { problems, router } = inspect(document);
  if (router === undefined) throw new IrisError('CONFIG_INVALID', `slot map: ${problems.join('; ')}`);
  return router;
}

/** A hash can only be compared once the table is known to be complete, so its problem comes alone. */
function inspect(document: unknown): { problems: string[]; router?: SlotRouter } {
  const parsed = slotMapSchema.safeParse(document);
  if (!parsed.success) {
    return { problems: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'document'}: ${issue.message}`) };
  }
  const map = parsed.data;
  const problems = [...coverageProblems(map), ...overrideProblems(map)];
  if (problems.length > 0) return { problems };
  const table = expandTable(map);
  const actual = tableHash(table);
  if (actual !== map.tableSha256) return { problems: [`tableSha256: the table hashes to ${actual}, the document says ${map.tableSha256}`] };
  return { problems, router: new SlotRouter(map, table) };
}

/** SHA-256 of a slot table, as `tableSha256` holds it. */
export function tableHash(table: Uint16Array): string {
  return createHash('sha256')
    .update(new Uint8Array(table.buffer, table.byteOffset, table.byteLength))
    .digest('hex');
}

/** Every slot’s shard: the generator’s table with the overrides laid over it. */
export function expandTable(map: Pick<SlotMap, 'shards' | 'overrides'>): Uint16Array {
  const table = evenSlotTable(map.shards);
  for (const run of map.overrides) table.fill(run.shard, run.firstSlot, run.firstSlot + run.slotCount);
  return table;
}

/** Every shard must be in exactly one group, and no two groups may share an id. */
function coverageProblems(map: SlotMap): string[] {
  const problems: string[] = [];
  const owner = Array.from<string | undefined>({ length: map.shards });
  const seen = new Set<string>();
  for (const region of map.regions) {
    if (seen.has(region.code)) problems.push(`region ${region.code} is listed twice`);
    seen.add(region.code);
    for (const group of region.groups) {
      if (seen.has(`/${group.id}`)) problems.push(`group ${group.id} is listed twice`);
      seen.add(`/${group.id}`);
      claimShards(group, map.shards, owner, problems);
    }
  }
  const orphan = owner.indexOf(undefined);
  if (orphan >= 0) problems.push(`shard ${orphan} belongs to no group`);
  return problems;
}

function claimShards(group: ShardGroup, shards: number, owner: (string | undefined)[], problems: string[]): void {
  const end = group.firstShard + group.shardCount;
  if (end > shards) problems.push(`group ${group.id} holds shards ${group.firstShard} to ${end - 1}, the map has ${shards}`);
  for (let shard = group.firstShard; shard < Math.min(end, shards); shard++) {
    if (owner[shard] !== undefined) {
      problems.push(`shard ${shard} belongs to both ${owner[shard]} and ${group.id}`);
      return;
    }
    owner[shard] = group.id;
  }
}

function overrideProblems(map: SlotMap): string[] {
  const problems: string[] = [];
  let next = 0;
  for (const run of map.overrides) {
    if (run.firstSlot < next) problems.push(`override at slot ${run.firstSlot} overlaps or is out of order`);
    next = run.firstSlot + run.slotCount;
    if (next > SLOTS) problems.push(`override at slot ${run.firstSlot} ends at ${next}, there are ${SLOTS} slots`);
    if (run.shard >= map.shards) problems.push(`override at slot ${run.firstSlot} names shard ${run.shard}, the map has ${map.shards}`);
  }
  return problems;
}

function homesOf(map: SlotMap): ShardHome[] {
  const homes = Array.from<ShardHome>({ length: map.shards });
  for (const region of map.regions) {
    for (const group of region.groups) {
      const home = { region: region.code, group: group.id, address: group.address };
      homes.fill(home, group.firstShard, group.firstShard + group.shardCount);
    }
  }
  return homes;
}
