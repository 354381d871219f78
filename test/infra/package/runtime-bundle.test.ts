import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildRuntimeBundles } from '../../../infra/package/runtime-bundle.ts';
import { findSourceTree } from '../../../infra/package/source-tree.ts';
import { writeSourceTree } from './source-tree-fixture.ts';

describe('runtime bundle', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'iris-bundle-'));
    folders.push(path);
    return path;
  };
  const tree = (): string => {
    const path = writeSourceTree();
    folders.push(path);
    return path;
  };

  afterAll(() => {
    for (const path of folders) rmSync(path, { recursive: true, force: true });
  });

  it('gives the same bytes from two copies of the sources, two output folders and two working directories (A20)', async () => {
    const home = process.cwd();
    const first = await buildRuntimeBundles({ outDir: folder(), sourceTree: { root: tree(), extension: 'ts' } });
    process.chdir(tmpdir());
    try {
      const second = await buildRuntimeBundles({ outDir: folder(), sourceTree: { root: tree(), extension: 'ts' } });
      assert.deepEqual(second.files, first.files);
    } finally {
      process.chdir(home);
    }
    assert.deepEqual(
      first.files.map(({ path }) => path),
      ['edge.mjs', 'core.mjs', 'prebuilds/linux-arm64/classic-level.armv8.node', 'prebuilds/linux-x64/classic-level.node'],
    );
  });

  it('runs from a folder that holds nothing else, native store included', async () => {
    const outDir = folder();
    const { entries } = await buildRuntimeBundles({ outDir, sourceTree: { root: tree(), extension: 'ts' } });
    const { stdout, stderr } = spawnSync(process.execPath, [entries.edge, join(outDir, 'store')], { cwd: outDir, encoding: 'utf8' });
    assert.equal(stdout, 'role edge', stderr);
  });

  it('carries no path and no source map (A13)', async () => {
    const root = tree();
    const { entries } = await buildRuntimeBundles({ outDir: folder(), sourceTree: { root, extension: 'ts' } });
    const text = readFileSync(entries.edge, 'utf8');
    assert.ok(!text.includes(root));
    assert.doesNotMatch(text, /sourceMappingURL|runtime\/edge/);
  });

  it('fails with what the bundler said when the sources do not build', async () => {
    const root = tree();
    writeFileSync(join(root, 'runtime', 'core.ts'), "import './nowhere.ts';\n");
    await assert.rejects(buildRuntimeBundles({ outDir: folder(), sourceTree: { root, extension: 'ts' } }), { code: 'PACKAGE_FAILED' });
  });

  it('finds compiled sources in the published package, and refuses a folder without any', () => {
    const published = folder();
    mkdirSync(join(published, 'runtime'));
    assert.throws(() => findSourceTree(published), { code: 'PACKAGE_FAILED', message: /has no runtime\/edge.ts or runtime\/edge.js/ });
    writeFileSync(join(published, 'runtime', 'edge.js'), '');
    assert.deepEqual(findSourceTree(published), { root: published, extension: 'js' });
  });
});
