import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { IrisError } from '../../runtime/contract/errors.ts';
import { findSourceTree, type SourceTree } from './source-tree.ts';
import type { ArchiveEntry } from './tar-archive.ts';

/** One file of the bundle, relative to its folder. */
export interface BundleFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The runtime as files that need nothing but Node: one module per role and the store’s native part for each platform. */
export interface RuntimeBundle {
  readonly directory: string;
  /** Entry points by role. */
  readonly entries: { readonly edge: string; readonly core: string };
  readonly files: readonly BundleFile[];
}

export interface RuntimeBundleOptions {
  readonly outDir: string;
  /** @default the tree this file belongs to */
  readonly sourceTree?: SourceTree;
}

/** What the store loads at run time, looked up by node-gyp-build beside the module that asks. */
const PREBUILDS = ['linux-arm64/classic-level.armv8.node', 'linux-x64/classic-level.node'] as const;

/** CommonJS packages inside an ES module still ask for these three. */
const BANNER = [
  "import{createRequire as irisRequire}from'node:module';",
  "import{fileURLToPath as irisPath}from'node:url';",
  'const require=irisRequire(import.meta.url),__filename=irisPath(import.meta.url),__dirname=import.meta.dirname;',
].join('');

/**
 * Bundles edge and core. The same sources give the same bytes from any folder: minified output carries no paths, and there are no maps.
 * @throws IrisError PACKAGE_FAILED with what the bundler said.
 */
export async function buildRuntimeBundles({ outDir, sourceTree = findSourceTree() }: RuntimeBundleOptions): Promise<RuntimeBundle> {
  const entries = [...(await bundleModules(sourceTree)), ...readPrebuilds()];
  for (const { path, content } of entries) {
    const target = join(outDir, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  const files = entries.map(({ path, content }) => ({ path, bytes: content.length, sha256: sha256(content) }));
  return { directory: outDir, entries: { edge: join(outDir, 'edge.mjs'), core: join(outDir, 'core.mjs') }, files };
}

async function bundleModules({ root, extension }: SourceTree): Promise<ArchiveEntry[]> {
  try {
    const result = await build({
      absWorkingDir: root,
      entryPoints: { edge: `runtime/edge.${extension}`, core: `runtime/core.${extension}` },
      outdir: 'bundle',
      outExtension: { '.js': '.mjs' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      minify: true,
      sourcemap: false,
      legalComments: 'none',
      charset: 'utf8',
      banner: { js: BANNER },
      // Kafka’s driver reads a file of WebAssembly beside its module, of which there is none here; the same stands in this module as text.
      alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
      logLevel: 'silent',
    });
    return result.outputFiles.map((file) => ({ path: file.path.slice(file.path.lastIndexOf('/') + 1), content: file.contents }));
  } catch (cause) {
    throw new IrisError('PACKAGE_FAILED', `the runtime of ${root} does not bundle`, { cause });
  }
}

function readPrebuilds(): ArchiveEntry[] {
  const store = dirname(createRequire(import.meta.url).resolve('classic-level/package.json'));
  return PREBUILDS.map((path) => ({ path: `prebuilds/${path}`, content: readFileSync(join(store, 'prebuilds', path)) }));
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
