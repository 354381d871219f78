/** What is synthesized does not hang on the Node that synthesizes it: a laptop’s and CI’s show no difference (N8). */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { otherNode } from '../services/other-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'iris-node-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Hashes of all files by their path in the folder; run from a folder of its own, since paths must not show. */
function synthesized(node: string, environment: string, out: string): Record<string, string> {
  const directory = join(folder, out, 'assembly');
  const cwd = join(folder, out, 'work');
  mkdirSync(cwd, { recursive: true });
  const args = [resolve(__dirname, '../../bin/iris.js'), 'synth', environment, '--no-validation', '--out', directory];
  execFileSync(node, args, { cwd, timeout: 120_000, stdio: ['ignore', 'ignore', 'inherit'] });
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(directory.length), createHash('sha256').update(readFileSync(path)).digest('hex')];
    }),
  );
}

it.each(['proof', 'growth'])(
  '%s has the same bytes on the next major version of Node and in another folder: templates, documents and packages',
  (environment) => {
    const next = otherNode();
    expect(execFileSync(next, ['--version'], { encoding: 'utf8' })).toMatch(/^v26\./);
    const here = synthesized(process.execPath, environment, `${environment}-here`);
    expect(Object.keys(here).length).toBeGreaterThan(20);
    expect(synthesized(next, environment, `${environment}-next`)).toEqual(here);
  },
  300_000,
);
