import { bucketName } from '../contract/bucket-name.ts';
import type { Random } from '../ports/clock.ts';
import type { SlotMaps } from '../ports/slot-maps.ts';

/** Where names begin to be tried: of 2^31, so that the names of a layout that was lost with its region do not come again, sealed elsewhere. */
const FIRST_SALTS = 2 ** 31;
/** Names tried for one bucket before any owner in the region will do; a region of 1,000 among 50,000 groups needs about 50,000 for its last. */
const TRIES_MAX = 400_000;

export interface SaltOptions {
  readonly slots: SlotMaps;
  readonly random: Random;
  /** Buckets stay in the region of their user (L9). */
  readonly region: string;
  /** Gets the first bucket: a demoted inbox stays with its user. */
  readonly group: string;
  readonly nowMs: number;
}

/**
 * What makes the names of a generation’s buckets fall evenly on the groups of a region. Names are recorded, so a later slot map moves
 * buckets like any inbox and changes none.
 */
export function chooseSalts(
  user: Buffer,
  generation: number,
  count: number,
  { slots, random, region, group, nowMs }: SaltOptions,
): number[] {
  const groups = slots.current.ownersIn(region).length;
  const loads = new Map<string, number>();
  let salt = Math.floor(random.fraction() * FIRST_SALTS);
  return Array.from({ length: count }, (_, index) => {
    const shareMax = Math.floor(index / groups);
    for (const end = salt + TRIES_MAX; ; salt++) {
      const name = bucketName(user, generation, index, salt);
      const home = slots.current.homeOfUser(name);
      if (home.region !== region) continue;
      const isFair = index === 0 ? home.group === group : (loads.get(home.group) ?? 0) <= shareMax;
      // A name that a lost region would have would pass for a bucket that it knows more of.
      const isAnothers = slots.current.isInherited(name) || slots.current.isGivenUp(name, nowMs);
      if ((!isFair || isAnothers) && salt < end) continue;
      loads.set(home.group, (loads.get(home.group) ?? 0) + 1);
      return salt++;
    }
  });
}
