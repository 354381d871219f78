import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { IrisError } from '../../runtime/contract/errors.ts';

/** Where the runtime’s sources are: TypeScript in a clone, compiled JavaScript under dist in the published package. */
export interface SourceTree {
  /** Folder that holds `runtime/`. */
  readonly root: string;
  /** Ending of its files. */
  readonly extension: 'ts' | 'js';
}

/** @throws IrisError PACKAGE_FAILED when neither form is there. */
export function findSourceTree(root: string = join(import.meta.dirname, '..', '..')): SourceTree {
  for (const extension of ['ts', 'js'] as const) {
    if (existsSync(join(root, 'runtime', `edge.${extension}`))) return { root, extension };
  }
  throw new IrisError('PACKAGE_FAILED', `${root} has no runtime/edge.ts or runtime/edge.js; install the package again`);
}

/** Folder for what is fetched or compressed once: beside the node_modules that holds this package, else in the clone’s own. */
export function cacheFolder(from: string = import.meta.dirname): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    if (basename(folder) === 'node_modules') return join(folder, '.cache', 'iris');
    if (existsSync(join(folder, 'node_modules')) && existsSync(join(folder, 'package.json'))) {
      return join(folder, 'node_modules', '.cache', 'iris');
    }
  }
  throw new IrisError('PACKAGE_FAILED', `no node_modules folder above ${from}; run npm ci first`);
}
