import type { Environment } from '../../environments/environment.ts';
import type { Region } from '../../environments/region.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { addressesIn, type Cidr, formatCidr, overlaps, parseCidr } from './cidr.ts';
import { createPlan } from './create-plan.ts';
import type { Plan } from './plan.ts';

/** What is said of a region that is to be added; the rest is taken from the regions that exist. */
export interface NewRegion {
  readonly code: string;
  readonly awsRegion: string;
  /** One that the environment has. @default the global one */
  readonly account?: string;
  /** @default the next free block of the size that the last region has */
  readonly cidr?: string;
  /** @default as many as the smallest region has */
  readonly edges?: number;
  /** @default as many as the smallest region has */
  readonly shards?: number;
  readonly continents?: readonly string[];
  readonly countries?: readonly string[];
}

/** The address blocks that networks are given: 10.0.0.0/8. */
const PRIVATE_BLOCK: Cidr = { base: 10 * 2 ** 24, prefix: 8 };

/**
 * The list entry of a region beside those of an environment. It states edges and shards outright, so that no other region is sized anew,
 * and comes last, so that no shard is renumbered (L11).
 * @throws IrisError ENVIRONMENT_INVALID when the code is taken or no address block is free.
 */
export function newRegionEntry(environment: Environment, wanted: NewRegion): Region {
  const { regions } = createPlan(environment);
  if (regions.some(({ code }) => code === wanted.code))
    throw new IrisError('ENVIRONMENT_INVALID', `region ${wanted.code} is in ${environment.name} already`);
  const serves = { continents: [...(wanted.continents ?? [])], countries: [...(wanted.countries ?? [])] };
  return {
    code: wanted.code,
    awsRegion: wanted.awsRegion,
    ...(wanted.account === undefined ? {} : { account: wanted.account }),
    cidr: wanted.cidr ?? freeBlock(regions),
    edges: wanted.edges ?? Math.min(...regions.map(({ edges }) => edges)),
    shards: wanted.shards ?? Math.min(...regions.map(({ shards }) => shards)),
    ...(serves.continents.length + serves.countries.length > 0 ? { serves } : {}),
  };
}

/** The environment with the entry, and its slot map’s version raised: there are more shards now. */
export function withRegion(environment: Environment, entry: Region): Environment {
  return { ...environment, slotMapVersion: (environment.slotMapVersion ?? 1) + 1, regions: [...environment.regions, entry] };
}

function freeBlock(regions: Plan['regions']): string {
  const taken = regions.map(({ cidr }) => parseCidr(cidr) as Cidr);
  const { prefix } = taken.at(-1) as Cidr;
  const last = PRIVATE_BLOCK.base + addressesIn(PRIVATE_BLOCK.prefix);
  for (let base = PRIVATE_BLOCK.base; base < last; base += addressesIn(prefix)) {
    const block = { base, prefix };
    if (!taken.some((other) => overlaps(block, other))) return formatCidr(block);
  }
  throw new IrisError('ENVIRONMENT_INVALID', `10.0.0.0/8 has no free /${prefix} for another region; name a block with --cidr`);
}
