import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SNAPSHOT_FOLDER, type Snapshot } from './preset-snapshot.ts';

/** The committed files of one preset. */
export function committedSnapshot(preset: string): Snapshot {
  const names = readdirSync(SNAPSHOT_FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(SNAPSHOT_FOLDER.length + 1))
    .filter((name) => name === `${preset}.sha256` || name === `${preset}.roles.json` || name.startsWith(`${preset}/`));
  return new Map(names.map((name) => [name, readFileSync(join(SNAPSHOT_FOLDER, name), 'utf8')]));
}

/** Writes the files of all presets in place of what is there. */
export function commit(snapshots: readonly Snapshot[]): void {
  rmSync(SNAPSHOT_FOLDER, { recursive: true, force: true });
  for (const [name, text] of snapshots.flatMap((snapshot) => [...snapshot])) {
    const path = join(SNAPSHOT_FOLDER, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Beside the snapshots, since a line of it is only ever taken out by hand. */
const STATEFUL_FOLDER = join(import.meta.dirname, 'stateful');

/** The stateful resources that the last release has, `stack logical-id type`, sorted. */
export function releasedStatefulIds(preset: string): string[] {
  const path = join(STATEFUL_FOLDER, `${preset}.txt`);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}

/** Adds new ids to the list. None goes: losing one is losing what it names. */
export function addStatefulIds(preset: string, ids: readonly string[]): void {
  mkdirSync(STATEFUL_FOLDER, { recursive: true });
  const all = [...new Set([...releasedStatefulIds(preset), ...ids])].toSorted();
  writeFileSync(join(STATEFUL_FOLDER, `${preset}.txt`), `${all.join('\n')}\n`);
}
