import type { EnvironmentConfig } from '../../environments/environment.ts';
import { WITHOUT_CLOUD_WAN } from '../facts/aws-limits.ts';

/** How cores of one region reach those of another. */
export type RegionJoinKind = EnvironmentConfig['regionJoin'];

/** Another region’s network, as one region is joined to it. */
export interface JoinedNetwork {
  readonly code: string;
  readonly awsRegion: string;
  readonly cidr: string;
  readonly account: string;
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

type Place = Pick<JoinedNetwork, 'code' | 'awsRegion' | 'cidr' | 'account'>;

/** Regions that stay by themselves: all without a join, and those where AWS lacks what the join is made of. */
export function apartFrom(kind: RegionJoinKind, regions: readonly Place[]): string[] {
  if (regions.length < 2) return [];
  const isApart = ({ awsRegion }: Place) => kind === 'none' || (kind === 'cloud-wan' && WITHOUT_CLOUD_WAN.includes(awsRegion));
  return regions.filter(isApart).map(({ code }) => code);
}

/** Every pair of regions, seen from both sides, in the order of codes: a region’s stack reads what those before it made. */
export function planJoins(kind: RegionJoinKind, regions: readonly Place[]): RegionJoin[] {
  if (kind !== 'peering' || regions.length < 2) return [];
  const places = regions.toSorted((a, b) => (a.code < b.code ? -1 : 1));
  return places.map(({ code, awsRegion }) => ({
    code,
    awsRegion,
    others: places
      .filter((other) => other.code !== code)
      .map((other) => ({
        code: other.code,
        awsRegion: other.awsRegion,
        cidr: other.cidr,
        account: other.account,
        isAsked: code < other.code,
      })),
  }));
}
