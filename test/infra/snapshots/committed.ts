import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SNAPSHOT_FOLDER, type Snapshot } from './preset-snapshot.ts';

/** The committed files of one preset. */
export function committedSnapshot(preset: string): Snapshot {
  const names = readdirSync(SNAPSHOT_FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(SNAPSHOT_FOLDER.length + 1))
    .filter((name) => name === `${preset}.sha256` || name.startsWith(`${preset}/`));
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
