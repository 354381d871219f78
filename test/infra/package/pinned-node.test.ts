import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectHash, PINNED_NODE, pinnedNode } from '../../../infra/package/pinned-node.ts';

describe('pinned Node', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-node-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is the version that this project runs on and that the lock file has', () => {
    const root = join(import.meta.dirname, '..', '..', '..');
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const entry = lock.packages[`node_modules/${PINNED_NODE.package}`];
    assert.equal(entry.version, PINNED_NODE.version);
    assert.equal(entry.integrity, PINNED_NODE.integrity);
    assert.equal(readFileSync(join(root, '.node-version'), 'utf8').trim(), PINNED_NODE.version);
  });

  it('is taken from the cache without asking the registry', async () => {
    const cached = join(folder, `node-${PINNED_NODE.version}-${PINNED_NODE.sha256.slice(0, 16)}.gz`);
    writeFileSync(cached, 'compressed');
    const said: string[] = [];
    assert.equal(await pinnedNode({ cacheDir: folder, onProgress: (text) => said.push(text) }), cached);
    assert.deepEqual(said, []);
  });

  it('fails on a file with another hash, with both hashes and the remedy (A20)', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'other');
    await assert.rejects(expectHash(path, 'sha256', 'hex', PINNED_NODE.sha256), {
      code: 'PACKAGE_FAILED',
      message: /has sha256 [0-9a-f]{64}, expected 0f8949d1.*; remove it and try again/,
    });
  });
});
