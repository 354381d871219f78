import type { Environment } from '../../environments/environment.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { createPlan } from './create-plan.ts';

export interface LeavingRegion {
  /** Its groups own nothing any more: `iris leave` has emptied them. */
  readonly isDrained: boolean;
}

/**
 * The environment in which a region leaves: no records, no shards, its stacks to be deleted last. Regions after it are numbered anew, which
 * moves their users; those before it stay (L11).
 * @throws IrisError ENVIRONMENT_INVALID for a region that is not there, leaves already, is the last, serves everyone else, still owns shards,
 * or without which the others cannot hold the users.
 */
export function withLeaving(environment: Environment, code: string, { isDrained }: LeavingRegion): Environment {
  const plan = createPlan(environment);
  const region = plan.regions.find((one) => one.code === code);
  if (region === undefined) throw unknownRegion(environment, code);
  const refused = (why: string) => new IrisError('ENVIRONMENT_INVALID', `${code} cannot leave ${environment.name}: ${why}`);
  if (plan.regions.length === 1) throw refused('it is the only region; add the one that takes over first');
  if (region.serves.default) throw refused('it serves everyone whom no other region does; give serves.default to another one first');
  const written = environment.regions.find((one) => one.code === code);
  if (written?.userShare !== undefined)
    throw refused('it is sized by userShare; share its users out to the other regions first, and state its edges and shards');
  if (!isDrained)
    throw refused(
      `it is home of ${region.dailyActiveUsers} users in shards ${region.firstShard} to ${region.firstShard + region.shards - 1}; empty ${region.groups.map(({ id }) => id).join(', ')} with iris leave, then say --drained`,
    );
  const regions = environment.regions.map((one) => (one.code === code ? { ...one, leaves: true } : one));
  const changed = { ...environment, slotMapVersion: plan.slotMap.version + 1, regions };
  createPlan(changed);
  return changed;
}

/**
 * The environment without the entry of a region that has left.
 * @throws IrisError ENVIRONMENT_INVALID for a region that is not there, or that does not leave.
 */
export function withoutLeft(environment: Environment, code: string): Environment {
  const region = environment.regions.find((one) => one.code === code);
  if (region === undefined) throw unknownRegion(environment, code);
  if (region.leaves !== true)
    throw new IrisError('ENVIRONMENT_INVALID', `${code} has not left ${environment.name}: take it out of service first, without --gone`);
  return { ...environment, regions: environment.regions.filter((one) => one.code !== code) };
}

function unknownRegion(environment: Environment, code: string): IrisError {
  const known = environment.regions.map((one) => one.code).join(', ');
  return new IrisError('ENVIRONMENT_INVALID', `region '${code}' is not in ${environment.name}, or has left; it has ${known}`);
}
