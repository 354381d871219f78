import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { IrisError } from '../../runtime/contract/errors.ts';
import { EMBEDDED_FOLDER, ENGINES_FOLDER } from './engine-folders.ts';

/** Where the embedded stores of a fleet are after its migration. */
export const MIGRATED_FOLDER = 'store-before-migration';
const FILE = 'migration.json';
/** In the engines’ folder, once it is done. */
const TARGET_FILE = 'migrated-to.json';

const addresses = z.array(z.string()).optional();
/** Where it writes: `host:port` of servers that were named; left out for those that are started with the folder. */
const targetSchema = z.strictObject({ kafka: addresses, cql: addresses });
export type MigrationTarget = z.output<typeof targetSchema>;

const schema = z.strictObject({
  format: z.literal('iris-migration/1'),
  /** Names the migration where it writes to. */
  id: z.uuid(),
  /** Left out by releases that did not keep it. */
  target: targetSchema.optional(),
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
 * @param isForced begins anew on `target` whatever was begun, or done, elsewhere
 * @throws IrisError CONFIG_INVALID when the folder has no embedded stores, or is being migrated, or was, to other servers
 */
export function beginMigration(stateDirectory: string, target: MigrationTarget, isForced = false): Migration {
  const known = readMigration(stateDirectory);
  if (!isForced) refuseOther(stateDirectory, known === undefined ? readTarget(stateDirectory) : known.target, target);
  if (known !== undefined && (known.target === undefined || isSame(known.target, target))) return known;
  if (!existsSync(join(stateDirectory, EMBEDDED_FOLDER))) {
    const found = existsSync(join(stateDirectory, ENGINES_FOLDER)) ? 'is of --engine distributed already' : 'has no stores of a fleet';
    throw new IrisError('CONFIG_INVALID', `${stateDirectory} ${found}; name another folder with --state`);
  }
  const before = join(stateDirectory, MIGRATED_FOLDER);
  if (existsSync(before)) throw new IrisError('CONFIG_INVALID', `${before} is of an earlier migration; move it away`);
  const migration: Migration = { format: 'iris-migration/1', id: randomUUID(), target, groups: {} };
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
  const folder = join(stateDirectory, ENGINES_FOLDER);
  mkdirSync(folder, { recursive: true });
  const target = readMigration(stateDirectory)?.target;
  if (target !== undefined) writeDurably(join(folder, TARGET_FILE), target);
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

/** @throws IrisError CONFIG_INVALID when the folder was migrated to other servers */
export function checkMigratedTo(stateDirectory: string, target: MigrationTarget): void {
  const before = readTarget(stateDirectory);
  if (before === undefined || isSame(before, target)) return;
  throw new IrisError(
    'CONFIG_INVALID',
    `${stateDirectory} was migrated to ${textOf(before)}, and not to ${textOf(target)}; name those, or start without what waits there with --force`,
  );
}

/** Where the folder was migrated to; undefined where it was not. */
function readTarget(stateDirectory: string): MigrationTarget | undefined {
  const path = join(stateDirectory, ENGINES_FOLDER, TARGET_FILE);
  if (!existsSync(path)) return undefined;
  const parsed = targetSchema.safeParse(jsonOf(path));
  if (parsed.success) return parsed.data;
  throw new IrisError('FILE_UNREADABLE', `${path} does not name servers; remove it`);
}

function refuseOther(stateDirectory: string, before: MigrationTarget | undefined, target: MigrationTarget): void {
  if (before === undefined || isSame(before, target)) return;
  throw new IrisError(
    'CONFIG_INVALID',
    `${stateDirectory} was migrated, at least in part, to ${textOf(before)}, and not to ${textOf(target)}; name those, or copy everything anew with --force`,
  );
}

/** Servers of one cluster may be named by any of them. */
function isSame(before: MigrationTarget, target: MigrationTarget): boolean {
  const meets = (a: readonly string[] | undefined, b: readonly string[] | undefined) =>
    a === undefined || b === undefined ? a === b : a.some((address) => b.includes(address));
  return meets(before.kafka, target.kafka) && meets(before.cql, target.cql);
}

function textOf({ kafka, cql }: MigrationTarget): string {
  const place = (servers: readonly string[] | undefined) => servers?.join() ?? 'one started with the folder';
  return `Kafka at ${place(kafka)} and CQL at ${place(cql)}`;
}

function write(stateDirectory: string, migration: Migration): void {
  writeDurably(join(stateDirectory, FILE), migration);
}

/** On the disk before anything that it speaks of. */
function writeDurably(path: string, content: unknown): void {
  const file = openSync(`${path}.new`, 'w');
  try {
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
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
