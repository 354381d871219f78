import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorLine, IrisError } from '../../runtime/contract/errors.ts';

const heldSchema = z.record(z.string(), z.enum(['SIGTERM', 'SIGKILL']));

/** By region: how the processes end that a local fleet’s supervisor does not start again until the region is let go. */
export type HeldRegions = Readonly<Record<string, 'SIGTERM' | 'SIGKILL'>>;

/** @throws IrisError FILE_UNREADABLE */
export function readHeldRegions(stateDirectory: string): HeldRegions {
  const path = heldRegionsPath(stateDirectory);
  if (!existsSync(path)) return {};
  try {
    return heldSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `${path} does not say which regions are held: ${errorLine(cause)}`);
  }
}

/** The fleet’s supervisor sees it within a fifth of a second. Written aside and renamed, so that it never reads half of it. */
export function holdRegions(stateDirectory: string, held: HeldRegions): void {
  const path = heldRegionsPath(stateDirectory);
  writeFileSync(`${path}.new`, `${JSON.stringify(held)}\n`);
  renameSync(`${path}.new`, path);
}

function heldRegionsPath(stateDirectory: string): string {
  return join(stateDirectory, 'held-regions.json');
}
