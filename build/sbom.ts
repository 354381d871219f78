/**
 * Prints the bill of materials of a production installation, CycloneDX 1.6, from the lock file: `npm run --silent sbom`. The same lock file
 * gives the same text. Not by `npm sbom`: with `--omit dev`, npm 11.19 leaves out strip-ansi and ansi-regex, which listr2 needs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockedPackage {
  readonly name?: string;
  readonly version: string;
  readonly license: string;
  readonly integrity: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const { '': root, ...installed } = packages;

function componentOf(path: string, { name: alias, version, license, integrity, optional = false }: LockedPackage) {
  const name = alias ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const [algorithm, hash] = integrity.split('-');
  if (algorithm !== 'sha512' || hash === undefined) throw new Error(`${path} has no SHA-512 in package-lock.json`);
  return {
    type: 'library',
    'bom-ref': path,
    name,
    version,
    scope: optional ? 'optional' : 'required',
    hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }],
    licenses: [{ license: { id: license } }],
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  };
}

const bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: {
    component: {
      type: 'application',
      'bom-ref': 'iris',
      name: 'iris',
      version: root?.version,
      licenses: [{ license: { id: root?.license } }],
    },
  },
  components: Object.entries(installed)
    .filter(([, { dev }]) => dev !== true)
    .map(([path, entry]) => componentOf(path, entry)),
};
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
