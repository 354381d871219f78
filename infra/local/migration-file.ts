import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { IrisError } from '../../runtime/contract/errors.ts';
import { EMBEDDED_FOLDER, ENGINES_FOLDER } from './engine-folders.ts';

/** Where the embedded stores of a fleet are after its migration. */
export const MIGRATED_FOLDER = 'store-before-migration';
const FILE = 'migration.json';

const schema = z.strictObject({
  format: z.literal('iris-migration/1'),
  /** Names the migration where it writes to. */
  id: z.uuid(),
  /** How far each group has come: found empty where it is written to, or copied to its end. */
  groups: z.record(z.string(), z.enum(['begun', 'done'])),
});

export type Migration = z.output<typeof schema>;

/** The migration that was begun on a state folder and is not done. @throws IrisError FILE_UNREADABLE */
export function readMigration(stateDirectory: string): Migration | undefined {
  const path = join(stateDirectory, FILE);
  if (!existsSync(path)) return undefined;
  const parsed = schema.safeParse(jsonOf(path));
  if (parsed.success) return parsed.data;
  throw new IrisError('FILE_UNREADABLE', `${path} does not describe a migration; remove it, and what was copied so far`);
}

/**
 * The migration under way, or a new one. From here on the folder is of no engine until it is done, so that nothing changes behind what is copied.
 * @throws IrisError CONFIG_INVALID when the folder has no embedded stores
 */
export function beginMigration(stateDirectory: string): Migration {
  const known = readMigration(stateDirectory);
  if (known !== undefined) return known;
  if (!existsSync(join(stateDirectory, EMBEDDED_FOLDER))) {
    const found = existsSync(join(stateDirectory, ENGINES_FOLDER)) ? 'is of --engine distributed already' : 'has no stores of a fleet';
    throw new IrisError('CONFIG_INVALID', `${stateDirectory} ${found}; name another folder with --state`);
  }
  const before = join(stateDirectory, MIGRATED_FOLDER);
  if (existsSync(before)) throw new IrisError('CONFIG_INVALID', `${before} is of an earlier migration; move it away`);
  const migration: Migration = { format: 'iris-migration/1', id: randomUUID(), groups: {} };
  write(stateDirectory, migration);
  return migration;
}

/** @returns the migration with the group so far */
export function noteGroup(stateDirectory: string, migration: Migration, group: string, reached: 'begun' | 'done'): Migration {
  const next = { ...migration, groups: { ...migration.groups, [group]: reached } };
  write(stateDirectory, next);
  return next;
}

/** The folder is of the distributed engine from here on. */
export function endMigration(stateDirectory: string): void {
  mkdirSync(join(stateDirectory, ENGINES_FOLDER), { recursive: true });
  const embedded = join(stateDirectory, EMBEDDED_FOLDER);
  if (existsSync(embedded)) renameSync(embedded, join(stateDirectory, MIGRATED_FOLDER));
  rmSync(join(stateDirectory, FILE), { force: true });
}

/** @throws IrisError CONFIG_INVALID when a migration has been begun and is not done */
export function checkNotMigrating(stateDirectory: string): void {
  if (readMigration(stateDirectory) === undefined) return;
  throw new IrisError(
    'CONFIG_INVALID',
    `${stateDirectory} is half migrated; finish with iris migrate, or remove ${join(stateDirectory, FILE)} to stay embedded`,
  );
}

/** On the disk before anything that it speaks of. */
function write(stateDirectory: string, migration: Migration): void {
  const path = join(stateDirectory, FILE);
  const file = openSync(`${path}.new`, 'w');
  try {
    writeSync(file, `${JSON.stringify(migration, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
