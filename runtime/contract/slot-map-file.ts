import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { IrisError } from './errors.ts';
import { readJsonFile } from './node-config.ts';
import { readSlotMap, type SlotRouter } from './slot-map.ts';
import type { SlotMap } from './slot-map-schema.ts';
import { transitionProblems } from './slot-map-transition.ts';
import { systemCode } from './system-error.ts';

/** Milliseconds after which a claim is of a publisher that is gone: writing a map takes some. */
const CLAIM_MS_MAX = 10_000;

/** @throws IrisError FILE_UNREADABLE, CONFIG_INVALID */
export function readSlotMapFile(path: string): SlotRouter {
  return readSlotMap(readJsonFile(path));
}

/**
 * Replaces the slot map that nodes read, after the checks that they make (L12). Of two publishers of one version one is refused: the
 * file beside the map that the new one is written to is a claim on its version.
 * @throws IrisError CONFIG_INVALID, FILE_UNREADABLE
 */
export function publishSlotMapFile(path: string, map: SlotMap): void {
  const claim = `${path}.${map.version}.new`;
  take(claim, `${JSON.stringify(map, null, 2)}\n`);
  try {
    const problems = transitionProblems(readSlotMapFile(path), readSlotMap(map));
    if (problems.length > 0) throw new IrisError('CONFIG_INVALID', `slot map of version ${map.version}: ${problems.join('; ')}`);
    renameSync(claim, path);
  } catch (error) {
    rmSync(claim, { force: true });
    throw error;
  }
}

function take(claim: string, text: string): void {
  const age = Date.now() - (statSync(claim, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY);
  if (age > CLAIM_MS_MAX) rmSync(claim, { force: true });
  try {
    writeFileSync(claim, text, { flag: 'wx' });
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw cause;
    throw new IrisError('CONFIG_INVALID', `another command publishes at this moment (${claim}); try again`, { cause });
  }
}
