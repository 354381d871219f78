import type { EnvironmentConfig } from '../../environments/environment.ts';
import type { RegionConfig } from '../../environments/region.ts';

/** What the size of a region depends on; nothing of another region is among it (L11). */
export type SizingParameters = Pick<
  EnvironmentConfig,
  'dailyActiveUsers' | 'peakConcurrentShare' | 'connectionsPerEdge' | 'usersPerShard' | 'shardsPerGroup' | 'safetyFactor' | 'edgesMin'
>;
export type SizedRegion = Pick<RegionConfig, 'userShare' | 'edges' | 'shards' | 'shardGroups'>;

export interface RegionSize {
  readonly edges: number;
  readonly shards: number;
  readonly shardGroups: number;
  readonly connections: number;
  readonly dailyActiveUsers: number;
}

/**
 * Edges, shards and groups of a region: stated outright, or from its share of the users. Stated edges are planned full, so such a region
 * holds `edges × connectionsPerEdge` connections. A region has one user and one connection at least, however small its share.
 */
export function sizeRegion(parameters: SizingParameters, region: SizedRegion): RegionSize {
  const users = usersOf(parameters, region);
  const connections = Math.max(1, Math.round(users * parameters.peakConcurrentShare));
  const need = parameters.safetyFactor;
  const edges = region.edges ?? Math.max(parameters.edgesMin, roundUp((connections * need) / parameters.connectionsPerEdge));
  const shards = region.shards ?? Math.max(1, roundUp((users * need) / parameters.usersPerShard));
  const shardGroups = region.shardGroups ?? Math.ceil(shards / parameters.shardsPerGroup);
  return { edges, shards, shardGroups, connections, dailyActiveUsers: users };
}

/** The next whole number, but 7 for 7.000000000000001: a share of 0.07 must not buy a machine for a rounding error. */
export function roundUp(value: number): number {
  return Math.ceil(Number(value.toPrecision(12)));
}

export function roundUpToMultiple(value: number, of: number): number {
  return Math.max(1, roundUp(value / of)) * of;
}

/** Shards of each group: as even as can be, the larger ones first. */
export function shardsOfGroups(shards: number, groups: number): number[] {
  const least = Math.floor(shards / groups);
  return Array.from({ length: groups }, (_, index) => least + (index < shards % groups ? 1 : 0));
}

function usersOf(parameters: SizingParameters, region: SizedRegion): number {
  if (region.userShare !== undefined) return Math.max(1, Math.round(parameters.dailyActiveUsers * region.userShare));
  return Math.round(((region.edges ?? 0) * parameters.connectionsPerEdge) / parameters.peakConcurrentShare);
}
