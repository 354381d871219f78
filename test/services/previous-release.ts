import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildRuntimeBundles } from '../../infra/package/runtime-bundle.ts';

/** The last commit whose clients speak version 2 and whose links speak version 1. Nothing older has been released. */
const COMMIT = 'f1420c97c20664ffed36b18cb707194c915035d8';

/**
 * The bundles of the release before this one, built from the history of this clone once per machine.
 * @throws Error with the remedy where the clone has no such commit.
 */
export async function previousRelease(): Promise<{ edge: string; core: string }> {
  const cache = process.env['IRIS_TEST_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'iris-test');
  const directory = join(cache, `release-${COMMIT.slice(0, 12)}`);
  if (!existsSync(directory)) await buildInto(directory, cache);
  return { edge: join(directory, 'edge.mjs'), core: join(directory, 'core.mjs') };
}

async function buildInto(directory: string, cache: string): Promise<void> {
  const repository = resolve(__dirname, '../..');
  const source = mkdtempSync(join(tmpdir(), 'iris-release-'));
  try {
    const script = 'set -o pipefail; git archive "$0" runtime package.json | tar -x -C "$1"';
    const { status, stderr } = spawnSync('bash', ['-c', script, COMMIT, source], { cwd: repository, encoding: 'utf8' });
    if (status !== 0)
      throw new Error(`this test needs commit ${COMMIT.slice(0, 12)} of the project's history; run git fetch --unshallow: ${stderr}`);
    symlinkSync(join(repository, 'node_modules'), join(source, 'node_modules'));
    mkdirSync(cache, { recursive: true });
    const outDir = mkdtempSync(join(cache, 'release-'));
    await buildRuntimeBundles({ outDir, sourceTree: { root: source, extension: 'ts' } });
    renameSync(outDir, directory);
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
}
