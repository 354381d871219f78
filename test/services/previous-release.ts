import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildRuntimeBundles } from '../../infra/package/runtime-bundle.ts';
import { TEST_CACHE } from './test-cache.ts';

/** The runtime whose clients speak version 2 and whose links speak version 1, as it was at commit f1420c97c206. Nothing older has been released. */
const SOURCE = resolve(__dirname, '../fixtures/previous-release.tar.gz');

/** The bundles of the release before this one, built from its source once per machine. */
export async function previousRelease(): Promise<{ edge: string; core: string }> {
  const cache = TEST_CACHE;
  const directory = join(cache, 'release-f1420c97c206');
  if (!existsSync(directory)) await buildInto(directory, cache);
  return { edge: join(directory, 'edge.mjs'), core: join(directory, 'core.mjs') };
}

async function buildInto(directory: string, cache: string): Promise<void> {
  const repository = resolve(__dirname, '../..');
  const source = mkdtempSync(join(tmpdir(), 'iris-release-'));
  try {
    const { status, stderr } = spawnSync('tar', ['-xzf', SOURCE, '-C', source], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${SOURCE} cannot be unpacked: ${stderr}`);
    symlinkSync(join(repository, 'node_modules'), join(source, 'node_modules'));
    mkdirSync(cache, { recursive: true });
    const outDir = mkdtempSync(join(cache, 'release-'));
    await buildRuntimeBundles({ outDir, sourceTree: { root: source, extension: 'ts' } });
    renameSync(outDir, directory);
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
}
