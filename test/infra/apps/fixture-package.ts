import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodePackage } from '../../../infra/package/node-package.ts';

/** A node package of two small files with fixed hashes: templates need no more, and keep their bytes while the runtime changes. */
export function fixturePackage(folder: string): NodePackage {
  for (const name of ['runtime.tar', 'node.gz']) writeFileSync(join(folder, name), name);
  return {
    runtime: { path: join(folder, 'runtime.tar'), sha256: '1'.repeat(64) },
    node: { path: join(folder, 'node.gz'), sha256: '2'.repeat(64), version: '24.21.0' },
    files: [],
  };
}
