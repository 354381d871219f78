import { IrisError } from './errors.ts';
import { createSlotMap } from './slot-map.ts';
import { assignedOf, homesOf } from './slot-map-moves.ts';
import type { SlotMap } from './slot-map-schema.ts';

/**
 * The map with the regions, groups and addresses that an environment plans; everyone stays where they are, so that a group which is new owns nothing
 * yet, and one that is planned no more must own nothing any more. Undefined where the map names them already.
 * @throws IrisError ENVIRONMENT_INVALID for the map of another environment, CONFIG_INVALID during a move, with too few shards, or with users in
 * a group that would go
 */
export function asPlanned(map: SlotMap, planned: SlotMap): SlotMap | undefined {
  if (map.environment !== planned.environment)
    throw new IrisError('ENVIRONMENT_INVALID', `the slot map there is of ${map.environment}, not of ${planned.environment}`);
  if (map.moving !== undefined) throw new IrisError('CONFIG_INVALID', `slot map ${map.version} has a move under way; wait for its end`);
  if (planned.shards > map.shards)
    throw new IrisError(
      'CONFIG_INVALID',
      `${map.shards} shards are fewer than the ${planned.shards} that are planned; iris reshard comes first`,
    );
  const homes = homesOf(map);
  const groups = new Set(planned.regions.flatMap((region) => region.groups.map(({ id }) => id)));
  const left = homes.find((home) => !groups.has(home));
  if (left !== undefined)
    throw new IrisError('CONFIG_INVALID', `group ${left} is planned no more and owns shards; iris leave ${left} comes first`);
  if (JSON.stringify(map.regions) === JSON.stringify(planned.regions)) return undefined;
  const { environment, shards, overrides, version, givenUp } = map;
  const assigned = assignedOf({ regions: planned.regions }, homes);
  const kept = { overrides, ...(givenUp !== undefined && { givenUp }) };
  return createSlotMap({ environment, version: version + 1, shards, regions: planned.regions, assigned, ...kept });
}
