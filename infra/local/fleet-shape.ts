import { IrisError } from '../../runtime/contract/errors.ts';
import { coreNodeName } from '../plan/names.ts';
import type { Plan } from '../plan/plan.ts';

/** What one machine runs of a plan: one process for each edge, one for each shard group, and one for its standby where asked for. */
export interface FleetShape {
  readonly environment: string;
  readonly slotMapVersion: number;
  readonly shards: number;
  readonly regions: readonly FleetRegion[];
}

export interface FleetRegion {
  readonly code: string;
  readonly awsRegion: string;
  readonly edges: number;
  readonly groups: readonly FleetGroup[];
}

export interface FleetGroup {
  readonly id: string;
  /** Name of the one core that serves it here: the plan's primary. */
  readonly core: string;
  /** Name of a second core on the same store, which takes over when the first one dies; undefined for none. */
  readonly standby?: string;
  readonly firstShard: number;
  readonly shardCount: number;
}

export interface ShapeOptions {
  /** One edge and one shard group in each region, the group holding all shards of its region. */
  readonly isShrunk: boolean;
  /** A standby for the core of each group. @default false */
  readonly hasStandbys?: boolean;
  /** Codes of the regions to run; all of them when absent. */
  readonly regions?: readonly string[];
}

/**
 * Reduces a plan to what `iris up` starts. Where regions are left out, the shards of the others are numbered anew from 0, so that every
 * user still has a home: the fleet is then a smaller environment, not a part of the large one cut off from the rest.
 * @throws IrisError ENVIRONMENT_INVALID when a region is not in the plan.
 */
export function fleetShape(
  plan: Pick<Plan, 'environment' | 'totals' | 'regions' | 'slotMap'>,
  { isShrunk, hasStandbys = false, regions }: ShapeOptions,
): FleetShape {
  const known = plan.regions.map(({ code }) => code);
  const unknown = (regions ?? []).filter((code) => !known.includes(code));
  if (unknown.length > 0) {
    throw new IrisError(
      'ENVIRONMENT_INVALID',
      `no region of ${plan.environment} is called ${unknown.join(', ')}; there are ${known.join(', ')}`,
    );
  }
  const chosen = plan.regions.filter(({ code }) => regions === undefined || regions.includes(code));
  const sized = chosen.map((region) => (isShrunk ? shrunkRegion(region) : wholeRegion(region)));
  const shaped = hasStandbys ? sized.map(withStandbys) : sized;
  const named = { environment: plan.environment, slotMapVersion: plan.slotMap.version };
  if (chosen.length === plan.regions.length) return { ...named, shards: plan.totals.shards, regions: shaped };
  return { ...named, ...renumbered(shaped) };
}

type PlannedRegion = Plan['regions'][number];

function wholeRegion({ code, awsRegion, edges, groups }: PlannedRegion): FleetRegion {
  return { code, awsRegion, edges, groups: groups.map(fleetGroup) };
}

function shrunkRegion({ code, awsRegion, groups, shards, firstShard }: PlannedRegion): FleetRegion {
  const [first] = groups;
  if (first === undefined) return { code, awsRegion, edges: 1, groups: [] };
  return { code, awsRegion, edges: 1, groups: [{ ...fleetGroup(first), firstShard, shardCount: shards }] };
}

function fleetGroup({ id, firstShard, shardCount, nodes }: PlannedRegion['groups'][number]): FleetGroup {
  return { id, core: nodes[0] ?? id, firstShard, shardCount };
}

/** Named like the plan's second core of a group. */
function withStandbys(region: FleetRegion): FleetRegion {
  return { ...region, groups: region.groups.map((group) => ({ ...group, standby: coreNodeName(group.id, 1) })) };
}

function renumbered(regions: readonly FleetRegion[]): Pick<FleetShape, 'shards' | 'regions'> {
  let next = 0;
  const moved = regions.map((region) => ({
    ...region,
    groups: region.groups.map((group) => {
      const firstShard = next;
      next += group.shardCount;
      return { ...group, firstShard };
    }),
  }));
  return { shards: next, regions: moved };
}
