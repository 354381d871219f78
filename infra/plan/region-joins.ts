import type { EnvironmentConfig } from '../../environments/environment.ts';
import { WITHOUT_CLOUD_WAN } from '../facts/aws-limits.ts';

/** How cores of one region reach those of another. */
export type RegionJoinKind = EnvironmentConfig['regionJoin'];

/** Another region’s network, as one region is joined to it. */
export interface JoinedNetwork {
  readonly code: string;
  readonly awsRegion: string;
  readonly cidr: string;
  /** True at the side that asks for the connection: of two, the one whose code comes first. */
  readonly isAsked: boolean;
}

/** The connections of one region, by the others’ codes. */
export interface RegionJoin {
  readonly code: string;
  readonly awsRegion: string;
  readonly others: readonly JoinedNetwork[];
}

/**
 * Regions up to which each may be peered with each: 45 connections. Their number grows with the square: 50 regions would be 1,225
 * connections and 11,000 resources, against 50 attachments to one core network.
 */
export const PEERED_REGIONS_MAX = 10;

type Place = Pick<JoinedNetwork, 'code' | 'awsRegion' | 'cidr'> & { readonly account: string };

/** Regions that stay by themselves: all without a join, those of other accounts, those where AWS lacks what the join is made of. */
export function apartFrom(kind: RegionJoinKind, regions: readonly Place[]): string[] {
  if (regions.length < 2) return [];
  const isApart = ({ account, awsRegion }: Place) =>
    kind === 'none' || (kind === 'cloud-wan' ? account !== 'current' || WITHOUT_CLOUD_WAN.includes(awsRegion) : !hasPeer(account, regions));
  return regions.filter(isApart).map(({ code }) => code);
}

function hasPeer(account: string, regions: readonly Place[]): boolean {
  return regions.filter((region) => region.account === account).length > 1;
}

/** Every pair of regions of one account, seen from both sides, in the order of codes: a region’s stack reads what those before it made. */
export function planJoins(kind: RegionJoinKind, regions: readonly Place[]): RegionJoin[] {
  if (kind !== 'peering') return [];
  const places = regions.toSorted((a, b) => (a.code < b.code ? -1 : 1));
  return places
    .map(({ code, awsRegion, account }) => ({
      code,
      awsRegion,
      others: places
        .filter((other) => other.code !== code && other.account === account)
        .map((other) => ({ code: other.code, awsRegion: other.awsRegion, cidr: other.cidr, isAsked: code < other.code })),
    }))
    .filter(({ others }) => others.length > 0);
}
