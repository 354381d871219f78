import { IrisError } from '../contract/errors.ts';
import { readJsonFile } from '../contract/node-config.ts';
import { readSlotMap, type SlotRouter } from '../contract/slot-map.ts';

/**
 * Loads the slot map with the one validator (L12).
 * @throws IrisError FILE_UNREADABLE, CONFIG_INVALID also when it belongs to another environment.
 */
export function loadSlotMap(path: string, environment: string): SlotRouter {
  const router = readSlotMap(readJsonFile(path));
  if (router.map.environment !== environment) {
    throw new IrisError('CONFIG_INVALID', `slot map ${path} belongs to environment ${router.map.environment}, this node to ${environment}`);
  }
  return router;
}
