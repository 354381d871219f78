import { createHash } from 'node:crypto';
import { IrisError } from './errors.ts';
import { GivenUpSlots } from './given-up-slots.ts';
import { SLOTS } from './limits.ts';
import { slotOf } from './phash2.ts';
import { slotMapProblems } from './slot-map-rules.ts';
import { type ShardRun, type SlotMap, type SlotMove, slotMapSchema } from './slot-map-schema.ts';
import { evenSlotTable } from './slot-table.ts';

/** Where a shard lives. One object per group, shared by all of its shards. */
export interface ShardHome {
  readonly region: string;
  readonly group: string;
  readonly address: string;
}

/** The shard of every slot and the home of every shard. */
interface SlotHomes {
  readonly table: Uint16Array;
  readonly homes: readonly ShardHome[];
}

/** A slot map made ready for look-ups: `shardOf` costs one hash and one table read. */
export class SlotRouter {
  readonly map: SlotMap;
  readonly table: Uint16Array;
  readonly homes: readonly ShardHome[];
  /** Each group that owns shards. */
  private readonly owners: readonly ShardHome[];
  private readonly former: SlotHomes | undefined;
  /** Those that owned shards before the move under way. */
  private readonly formerRegions: ReadonlySet<string>;
  private readonly lost: ReadonlySet<string>;
  private readonly standbys: ReadonlyMap<string, readonly string[]>;
  private readonly givenUp: GivenUpSlots;

  constructor(map: SlotMap, table: Uint16Array, formerTable?: Uint16Array) {
    this.map = map;
    this.table = table;
    const groups = homeOfGroups(map);
    this.homes = spread(shardRunsOf(map), groups);
    this.owners = [...new Set(this.homes)];
    const { moving } = map;
    this.former =
      moving === undefined || formerTable === undefined ? undefined : { table: formerTable, homes: spread(moving.from.homes, groups) };
    this.formerRegions = new Set(this.former?.homes.map(({ region }) => region));
    this.lost = new Set(moving?.lost);
    this.givenUp = new GivenUpSlots(map.givenUp ?? [], expandTable);
    const listed = map.regions.flatMap((region) => region.groups);
    this.standbys = new Map(listed.flatMap(({ address, standby }) => (standby === undefined ? [] : [[address, standby] as const])));
  }

  /** Addresses of the standbys of the group whose node listens at `address`. */
  standbysOf(address: string): readonly string[] {
    return this.standbys.get(address) ?? [];
  }

  shardOf(user: Uint8Array): number {
    return this.table[slotOf(user)] as number;
  }

  homeOf(shard: number): ShardHome {
    const home = this.homes[shard];
    if (home === undefined) throw new IrisError('CONFIG_INVALID', `shard ${shard} is not in the slot map of ${this.map.shards} shards`);
    return home;
  }

  /** True for the address of a group that owns shards. */
  isOwner(address: string): boolean {
    return this.owners.some((home) => home.address === address);
  }

  /** Groups of a region that own shards. */
  ownersIn(region: string): ShardHome[] {
    return this.owners.filter((home) => home.region === region);
  }

  /** Where the user’s slot lives. */
  homeOfUser(user: Uint8Array): ShardHome {
    return this.homeOfSlot(slotOf(user));
  }

  homeOfSlot(slot: number): ShardHome {
    return this.homeOf(this.table[slot] as number);
  }

  /** Where the slot lived before the move under way; undefined when none is or it stays where it was. */
  formerHomeOfSlot(slot: number): ShardHome | undefined {
    if (this.former === undefined) return undefined;
    const home = this.former.homes[this.former.table[slot] as number];
    return home === this.homeOfSlot(slot) ? undefined : home;
  }

  formerHomeOfUser(user: Uint8Array): ShardHome | undefined {
    return this.former === undefined ? undefined : this.formerHomeOfSlot(slotOf(user));
  }

  /** Slots by where they live here and where by another map, for every pair of groups that has some. About 3 ms. */
  comparedTo(other: SlotRouter): { readonly from: ShardHome; readonly to: ShardHome; readonly slots: number }[] {
    return comparedSlots(this, other);
  }

  /** The same for where they lived before the move under way; empty when none is. */
  comparedToFormer(): { readonly from: ShardHome; readonly to: ShardHome; readonly slots: number }[] {
    return this.former === undefined ? [] : comparedSlots(this.former, this);
  }

  /** True for a region whose stores cannot be asked for what they hold. */
  isLost(region: string): boolean {
    return this.lost.has(region);
  }

  /** True while `isInherited` holds for some. */
  get hasInherited(): boolean {
    return this.lost.size > 0;
  }

  /** True for a user whose former owner is lost: what was there before is not known to anyone else. */
  isInherited(user: Uint8Array): boolean {
    if (this.lost.size === 0) return false;
    const former = this.formerHomeOfUser(user);
    return former !== undefined && this.lost.has(former.region);
  }

  /** Positions are not below this one: users of regions that were lost have cursors of logs that nobody else knows. 0 where none was. */
  get positionsFrom(): number {
    return Math.max(this.map.moving?.positionsFrom ?? 0, this.givenUp.positionsFrom);
  }

  /** True while `isGivenUp` holds for some. */
  hasGivenUp(nowMs: number): boolean {
    return this.givenUp.isAny(nowMs);
  }

  /** True for a user whose region was given up not long ago and has not got it back: what was there before is not known and may never come. */
  isGivenUp(user: Uint8Array, nowMs: number): boolean {
    return this.givenUp.isAny(nowMs) && this.givenUp.has(slotOf(user), nowMs);
  }

  /**
   * True for a region that was given up and owns nothing since: what its stores hold is nobody’s who could ask for it. Not for one that has been back and
   * is emptied by the move under way: those users are fetched.
   */
  isAstray(region: string): boolean {
    return this.givenUp.hasRegion(region) && this.ownersIn(region).length === 0 && !this.formerRegions.has(region);
  }
}

export interface SlotMapInput {
  readonly environment: string;
  readonly version: number;
  readonly shards: number;
  readonly regions: SlotMap['regions'];
  /** @default none: every shard lives in the group whose range holds it. */
  readonly assigned?: readonly ShardRun[];
  /** @default none: every slot lives in the shard of the generator’s table. */
  readonly overrides?: SlotMap['overrides'];
  readonly moving?: SlotMove;
  /** @default none */
  readonly givenUp?: SlotMap['givenUp'];
}

/** Computes the table for its hash (0.2 s at 50,000 shards). */
export function createSlotMap({ assigned, overrides = [], moving, givenUp, ...input }: SlotMapInput): SlotMap {
  const map: SlotMap = {
    format: 'iris-slot-map/1',
    ...input,
    generator: 'even-1',
    overrides,
    tableSha256: tableHash(expandTable({ shards: input.shards, overrides })),
    ...(assigned === undefined || assigned.length === 0 ? {} : { assigned: [...assigned] }),
    ...(moving === undefined ? {} : { moving }),
    ...(givenUp === undefined ? {} : { givenUp }),
  };
  const problems = slotMapProblems(map);
  if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `slot map: ${problems.join('; ')}`);
  return map;
}

/** Everything wrong with a slot map, one line each; empty when it is good. What `iris check` prints. */
export function checkSlotMap(document: unknown): string[] {
  return inspect(document).problems;
}

/**
 * The one validator of slot maps (L12): schema, coverage and table hashes. Every problem is listed at once.
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
  const problems = slotMapProblems(map);
  if (problems.length > 0) return { problems };
  const table = expandTable(map);
  const from = map.moving?.from;
  const formerTable = from === undefined ? undefined : expandTable(from);
  const wrong = [
    ...hashProblems('tableSha256', table, map.tableSha256),
    ...hashProblems('moving.from.tableSha256', formerTable, from?.tableSha256),
  ];
  return wrong.length > 0 ? { problems: wrong } : { problems: wrong, router: new SlotRouter(map, table, formerTable) };
}

function hashProblems(field: string, table: Uint16Array | undefined, expected: string | undefined): string[] {
  if (table === undefined || expected === undefined) return [];
  const actual = tableHash(table);
  return actual === expected ? [] : [`${field}: the table hashes to ${actual}, the document says ${expected}`];
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

/** The home of every shard as runs, ascending and as long as can be: what `moving.from.homes` keeps of a map. */
export function shardRunsOf(map: Pick<SlotMap, 'shards' | 'regions' | 'assigned'>): ShardRun[] {
  const homes = Array.from<string>({ length: map.shards });
  for (const group of map.regions.flatMap((region) => region.groups)) {
    homes.fill(group.id, group.firstShard, group.firstShard + group.shardCount);
  }
  for (const run of map.assigned ?? []) homes.fill(run.group, run.firstShard, run.firstShard + run.shardCount);
  return runsOf(homes);
}

/** A list of one group per shard as runs. */
export function runsOf(homes: readonly string[]): ShardRun[] {
  const runs: { firstShard: number; shardCount: number; group: string }[] = [];
  homes.forEach((group, shard) => {
    const last = runs.at(-1);
    if (last !== undefined && last.group === group && last.firstShard + last.shardCount === shard) last.shardCount++;
    else runs.push({ firstShard: shard, shardCount: 1, group });
  });
  return runs;
}

function homeOfGroups(map: SlotMap): ReadonlyMap<string, ShardHome> {
  return new Map(
    map.regions.flatMap((region) => region.groups.map(({ id, address }) => [id, { region: region.code, group: id, address }] as const)),
  );
}

function comparedSlots(from: SlotHomes, to: SlotHomes): { from: ShardHome; to: ShardHome; slots: number }[] {
  const [before, after] = [numbered(from.homes), numbered(to.homes)];
  const width = after.groups.length;
  const counts = new Uint32Array(before.groups.length * width);
  for (let slot = 0; slot < SLOTS; slot++) {
    const at = (before.numbers[from.table[slot] as number] as number) * width + (after.numbers[to.table[slot] as number] as number);
    counts[at] = (counts[at] as number) + 1;
  }
  return [...counts].flatMap((slots, at) => {
    const pair = { from: before.groups[Math.floor(at / width)] as ShardHome, to: after.groups[at % width] as ShardHome };
    return slots === 0 ? [] : [{ ...pair, slots }];
  });
}

/** The groups that own shards, and the number of each shard’s. */
function numbered(homes: readonly ShardHome[]): { groups: ShardHome[]; numbers: Uint16Array } {
  const places = new Map<string, number>();
  const groups: ShardHome[] = [];
  const numbers = Uint16Array.from(homes, (home) => {
    const known = places.get(home.group);
    if (known !== undefined) return known;
    places.set(home.group, groups.length);
    return groups.push(home) - 1;
  });
  return { groups, numbers };
}

function spread(runs: readonly ShardRun[], groups: ReadonlyMap<string, ShardHome>): ShardHome[] {
  return runs.flatMap(({ group, shardCount }) => Array.from<ShardHome>({ length: shardCount }).fill(groups.get(group) as ShardHome));
}
