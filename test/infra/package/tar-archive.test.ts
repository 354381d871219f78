import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { tarArchive } from '../../../infra/package/tar-archive.ts';

const entries = fc.uniqueArray(
  fc.record({ path: fc.stringMatching(/^[a-z]{1,20}\.[a-z]{3}$/), content: fc.uint8Array({ maxLength: 1_500 }) }),
  { selector: ({ path }) => path, maxLength: 6 },
);

describe('tar archive', () => {
  it('is unpacked by tar into the same files, whatever their names and sizes', () => {
    fc.assert(
      fc.property(entries, (files) => {
        const folder = mkdtempSync(join(tmpdir(), 'iris-tar-'));
        try {
          const { status, stderr } = spawnSync('tar', ['-xf', '-', '-C', folder], { input: tarArchive(files) });
          assert.equal(status, 0, stderr.toString());
          for (const { path, content } of files) assert.deepEqual(new Uint8Array(readFileSync(join(folder, path))), content);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 25 },
    );
  });

  it('has the same bytes whatever the order of its entries', () => {
    fc.assert(
      fc.property(entries, (files) => {
        assert.deepEqual(tarArchive([...files].reverse()), tarArchive(files));
      }),
    );
  });

  it('fails on a path that the format cannot hold', () => {
    assert.throws(() => tarArchive([{ path: 'x'.repeat(101), content: new Uint8Array() }]), /longer than 100 bytes/);
  });
});
