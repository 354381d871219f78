import { IrisError } from '../../contract/errors.ts';
import { readSlotMap } from '../../contract/slot-map.ts';
import type { SlotMap } from '../../contract/slot-map-schema.ts';
import { transitionProblems } from '../../contract/slot-map-transition.ts';
import type { SlotMapRegister } from '../../ports/slot-maps.ts';

/** A published slot map that has passed the validator. */
export interface Publication {
  readonly map: SlotMap;
  readonly revision: string;
}

/** @throws IrisError FILE_UNREADABLE where none was published, CONFIG_INVALID for a bad one, or as the register rejects */
export async function readPublication(register: SlotMapRegister): Promise<Publication> {
  const found = await register.read();
  if (found === undefined)
    throw new IrisError(
      'FILE_UNREADABLE',
      `${register.name} holds no slot map; iris slot-map <where> --publish <file> puts the first one there`,
    );
  return { map: readSlotMap(found.document).map, revision: found.revision };
}

/**
 * Replaces a publication by the next map, after the checks that nodes make (L12). Of two publishers that start from the same one, one is refused.
 * @throws IrisError CONFIG_INVALID, or as the register rejects where the map is not there afterwards
 */
export async function publishOver(register: SlotMapRegister, from: Publication, next: SlotMap): Promise<void> {
  const problems = transitionProblems(readSlotMap(from.map), readSlotMap(next));
  if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `slot map of version ${next.version}: ${problems.join('; ')}`);
  await publishOnce(register, next, from.revision);
}

/** The first map of an environment. @throws as `publishOver` */
export async function publishFirst(register: SlotMapRegister, map: SlotMap): Promise<void> {
  await publishOnce(register, readSlotMap(map).map, undefined);
}

async function publishOnce(register: SlotMapRegister, map: SlotMap, from: string | undefined): Promise<void> {
  let isDone: boolean;
  try {
    isDone = await register.publish(map, from);
  } catch (error) {
    // Its answer may have been lost on the way.
    const found = await register.read().catch(() => undefined);
    if (JSON.stringify(found?.document) !== JSON.stringify(map)) throw error;
    isDone = true;
  }
  if (!isDone)
    throw new IrisError(
      'CONFIG_INVALID',
      `another command publishes a slot map at ${register.name} at this moment; the same command goes on from there`,
    );
}
