import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOOT_TASKS_FILE, bootTasks } from '../../constructs/node/boot-tasks.ts';
import { PINNED_NODE, pinnedNode } from './pinned-node.ts';
import { type BundleFile, buildRuntimeBundles, sha256 } from './runtime-bundle.ts';
import { cacheFolder, type SourceTree } from './source-tree.ts';
import { tarArchive } from './tar-archive.ts';

/** One file that a node downloads. `sha256` is what the boot script checks: of the file itself, or of what it unpacks to. */
export interface PackageFile {
  readonly path: string;
  readonly sha256: string;
}

/** What a cloud node needs besides its machine image. */
export interface NodePackage {
  /** Uncompressed tar of the runtime bundle and the boot tasks; `sha256` is the archive’s. */
  readonly runtime: PackageFile;
  /** Gzip of the pinned Node for arm64; `sha256` is the binary’s, so it does not depend on how it was compressed. */
  readonly node: PackageFile & { readonly version: string };
  readonly files: readonly BundleFile[];
}

export interface NodePackageOptions {
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
  readonly sourceTree?: SourceTree;
  /** @default node_modules/.cache/iris */
  readonly cacheDir?: string;
}

/**
 * Builds the package into the cache, where both files are named after their hashes, so that commands may run side by side.
 * @throws IrisError PACKAGE_FAILED
 */
export async function buildNodePackage(options: NodePackageOptions): Promise<NodePackage> {
  const { onProgress, signal, sourceTree, cacheDir = cacheFolder() } = options;
  mkdirSync(cacheDir, { recursive: true });
  const node = await pinnedNode({ cacheDir, onProgress, ...(signal && { signal }) });
  const scratch = mkdtempSync(join(cacheDir, 'bundle-'));
  try {
    const bundle = await buildRuntimeBundles({ outDir: scratch, ...(sourceTree && { sourceTree }) });
    const tasks = { path: BOOT_TASKS_FILE, content: Buffer.from(bootTasks()) };
    const archive = tarArchive([...bundle.files.map(({ path }) => ({ path, content: readFileSync(join(scratch, path)) })), tasks]);
    const files = [...bundle.files, { path: tasks.path, bytes: tasks.content.length, sha256: sha256(tasks.content) }];
    const hash = sha256(archive);
    const path = join(cacheDir, `runtime-${hash.slice(0, 16)}.tar`);
    if (!existsSync(path)) {
      writeFileSync(join(scratch, 'runtime.tar'), archive);
      renameSync(join(scratch, 'runtime.tar'), path);
    }
    return { runtime: { path, sha256: hash }, node: { path: node, sha256: PINNED_NODE.sha256, version: PINNED_NODE.version }, files };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Lays a package out as `runtime.tar`, `node.gz` and `manifest.json`, and returns it with its new paths. */
export function writeNodePackage(built: NodePackage, outDir: string): NodePackage {
  mkdirSync(outDir, { recursive: true });
  const runtime = { ...built.runtime, path: join(outDir, 'runtime.tar') };
  const node = { ...built.node, path: join(outDir, 'node.gz') };
  copyFileSync(built.runtime.path, runtime.path);
  copyFileSync(built.node.path, node.path);
  writeFileSync(join(outDir, 'manifest.json'), packageManifest(built));
  return { ...built, runtime, node };
}

/** The manifest of a package: every file with its hash, no absolute path, no date. */
function packageManifest({ runtime, node, files }: NodePackage): string {
  const manifest = {
    format: 'iris-package/1',
    runtime: { path: 'runtime.tar', sha256: runtime.sha256, files },
    node: { path: 'node.gz', version: node.version, architecture: 'arm64', sha256OfBinary: node.sha256 },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
