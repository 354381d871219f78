import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_CACHE } from './test-cache.ts';

/** The next major version of Node after the pinned one. */
const VERSION = '26.10.0';

/** Its binary, fetched from npm once per machine. */
export function otherNode(): string {
  const folder = join(TEST_CACHE, `node-${VERSION}`);
  const name = `node-${process.platform}-${process.arch}`;
  if (!existsSync(folder)) {
    mkdirSync(TEST_CACHE, { recursive: true });
    const scratch = mkdtempSync(join(TEST_CACHE, 'node-'));
    const args = ['install', '--prefix', scratch, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${VERSION}`];
    const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', timeout: 180_000 });
    if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}`);
    renameSync(scratch, folder);
  }
  return join(folder, 'node_modules', name, 'bin', 'node');
}
