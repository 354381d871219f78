import { SLOTS } from '../../../runtime/contract/limits.ts';
import { evenSlotTable } from '../../../runtime/contract/slot-table.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';

/** What is counted per region; machines and shards. */
export const FIGURES = ['edges', 'cores', 'shardGroups', 'shards', 'brokers', 'storeNodes', 'directoryNodes'] as const;
export type Figure = (typeof FIGURES)[number];

export interface RegionDiff {
  readonly code: string;
  readonly action: 'add' | 'remove' | 'change';
  /** Before and after; 0 where the region does not exist. Only figures that differ. */
  readonly figures: Readonly<Partial<Record<Figure, readonly [before: number, after: number]>>>;
  /** Users of a day whose inbox comes from or goes to another shard group, by this region’s groups. */
  readonly usersIn: number;
  readonly usersOut: number;
}

export interface PlanDiff {
  readonly regions: readonly RegionDiff[];
  /** Slots, of 2^20, whose shard group changes; and the users of a day that they stand for. */
  readonly slotsMoved: number;
  readonly usersMoved: number;
}

/** Compares what two environments need, region by region. Regions without a difference are left out. */
export function diffPlans(before: Plan, after: Plan): PlanDiff {
  const moved = movedSlots(before, after);
  const usersPerSlot = Math.max(before.totals.dailyActiveUsers, after.totals.dailyActiveUsers) / SLOTS;
  const codes = [...new Set([...before.regions, ...after.regions].map(({ code }) => code))];
  const regions = codes.flatMap((code) => {
    const [old, new_] = [before, after].map(({ regions: all }) => all.find((region) => region.code === code));
    const usersIn = Math.round((moved.into.get(code) ?? 0) * usersPerSlot);
    const usersOut = Math.round((moved.outOf.get(code) ?? 0) * usersPerSlot);
    const figures = diffFigures(old, new_);
    const action = old === undefined ? 'add' : new_ === undefined ? 'remove' : 'change';
    const isSame = action === 'change' && Object.keys(figures).length === 0 && usersIn === 0 && usersOut === 0;
    return isSame ? [] : [{ code, action, figures, usersIn, usersOut } as const];
  });
  return { regions, slotsMoved: moved.slots, usersMoved: Math.round(moved.slots * usersPerSlot) };
}

/** Codes of regions that are in another account or AWS region afterwards: their stacks of before stay where they are, and are no longer deployed. */
export function movedRegions(before: Plan, after: Plan): string[] {
  return after.regions.flatMap((region) => {
    const old = before.regions.find(({ code }) => code === region.code);
    if (old === undefined || (old.awsRegion === region.awsRegion && isSameAccount([before, old], [after, region]))) return [];
    return [region.code];
  });
}

/** A global account that gets its number, or loses it, is taken for the same. */
function isSameAccount([before, old]: readonly [Plan, RegionPlan], [after, new_]: readonly [Plan, RegionPlan]): boolean {
  if (old.account === new_.account) return true;
  const isUnnamed = before.globalAccount === 'current' || after.globalAccount === 'current';
  return isUnnamed && old.account === before.globalAccount && new_.account === after.globalAccount;
}

function diffFigures(before: RegionPlan | undefined, after: RegionPlan | undefined): RegionDiff['figures'] {
  const differing = FIGURES.map((figure) => [figure, [countOf(before, figure), countOf(after, figure)]] as const);
  return Object.fromEntries(differing.filter(([, [old, new_]]) => old !== new_));
}

function countOf(region: RegionPlan | undefined, figure: Figure): number {
  if (region === undefined) return 0;
  switch (figure) {
    case 'brokers':
      return region.bus?.brokers ?? 0;
    case 'storeNodes':
      return region.store?.nodes ?? 0;
    case 'directoryNodes':
      return region.directory?.nodes ?? 0;
    default:
      return region[figure];
  }
}

interface MovedSlots {
  readonly slots: number;
  /** By region code. */
  readonly into: ReadonlyMap<string, number>;
  readonly outOf: ReadonlyMap<string, number>;
}

function movedSlots(before: Plan, after: Plan): MovedSlots {
  const [old, new_] = [homesOf(before), homesOf(after)];
  const [into, outOf] = [new Map<string, number>(), new Map<string, number>()];
  let slots = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const [from, to] = [old(slot), new_(slot)];
    if (from.group === to.group) continue;
    slots++;
    into.set(to.region, (into.get(to.region) ?? 0) + 1);
    outOf.set(from.region, (outOf.get(from.region) ?? 0) + 1);
  }
  return { slots, into, outOf };
}

interface Home {
  readonly region: string;
  readonly group: string;
}

function homesOf({ totals, regions }: Plan): (slot: number) => Home {
  const table = evenSlotTable(totals.shards);
  const homes = Array.from<Home>({ length: totals.shards });
  for (const { code, groups } of regions)
    for (const { id, firstShard, shardCount } of groups) homes.fill({ region: code, group: id }, firstShard, firstShard + shardCount);
  return (slot) => homes[table[slot] as number] as Home;
}
