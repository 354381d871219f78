import { IrisError } from '../contract/errors.ts';
import type { SlotRouter } from '../contract/slot-map.ts';
import { homesWithout } from '../contract/slot-map-groups.ts';
import { homesOf, movedTo } from '../contract/slot-map-moves.ts';
import type { SlotMap } from '../contract/slot-map-schema.ts';
import type { AdminCommand } from './admin-commands.ts';

export interface LeaveCommandParts {
  readonly group: string;
  /** False on a standby. */
  readonly isOwner: () => boolean;
  /** The newest map that was published, in force here. */
  readonly newest: () => Promise<SlotRouter>;
  /** Gives every node a newer map; left out where this node cannot. */
  readonly publish?: ((map: SlotMap) => Promise<void>) | undefined;
}

/**
 * `{}` gives this core’s shards to the other groups of its region by a new slot map; answers `{group, slotMapVersion}`. With `{"dryRun": true}`
 * it answers `{group, slotMapVersion, map}`: the map that would be published, for whoever does where this node cannot; without `map`
 * when the group owns no shard. `GET /ownership` then tells what is left. Asked again it changes nothing.
 * @throws IrisError COMMAND_INVALID for the last group of its region, or where this node cannot publish, CONFIG_INVALID while a move is
 * under way, SHARD_UNAVAILABLE on a standby
 */
export function leaveCommand({ group, isOwner, newest, publish }: LeaveCommandParts): AdminCommand {
  return async (input) => {
    const { dryRun = false, ...others } = (input ?? {}) as { dryRun?: unknown };
    if (typeof dryRun !== 'boolean' || Object.keys(others).length > 0)
      throw new IrisError('COMMAND_INVALID', 'the input must be {} or {"dryRun": true}');
    if (!isOwner()) throw new IrisError('SHARD_UNAVAILABLE', 'this core is a standby; ask the owner');
    const { map } = await newest();
    if (!homesOf(map).includes(group)) return { group, slotMapVersion: map.version };
    const next = movedTo(map, homesWithout(map, group));
    if (dryRun) return { group, slotMapVersion: next.version, map: next };
    if (publish === undefined)
      throw new IrisError(
        'COMMAND_INVALID',
        'this node cannot publish a slot map (isSlotMapShared is false in its config); publish the map that {"dryRun": true} answers',
      );
    await publish(next);
    await newest();
    return { group, slotMapVersion: next.version };
  };
}
