import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'examples');
const sources = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
const examples = [...sources.keys()].filter((name) => sources.get(name)!.includes("'../constructs/"));

/** Classes and functions that a door exports, by its source: constants and types need no example. */
function constructsOf(door: string): string[] {
  const text = readFileSync(join(root, 'constructs', door, 'index.ts'), 'utf8');
  const names = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list!.split(',').map((name) => name.trim()));
  return names.filter((name) => /^\w+$/.test(name) && name !== name.toUpperCase());
}

/** What CloudFormation’s rules say of an assembly, warnings too. @throws where nothing was validated */
function findings(assembly: string): string[] {
  const report = JSON.parse(readFileSync(join(assembly, 'validation-report.json'), 'utf8')) as ValidationReport;
  return report.pluginReports.flatMap(({ violations }) => violations.map(({ ruleName, description }) => `${ruleName} ${description}`));
}

interface ValidationReport {
  readonly pluginReports: readonly { readonly violations: readonly { readonly ruleName: string; readonly description: string }[] }[];
}

describe('examples of the constructs', () => {
  /** One process for all of them: the validator’s rules are loaded once. */
  it('run one after another, each writes what its head says, and no template meets a rule of CloudFormation’s, warnings too', () => {
    const cwd = mkdtempSync(join(tmpdir(), 'iris-example-'));
    try {
      const all = examples.map((name) => pathToFileURL(join(folder, name)).href);
      const script = 'for (const example of process.argv.slice(1)) await import(example);';
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, ...all], {
        cwd,
        env: { ...process.env, CDK_VALIDATION: 'true' },
        encoding: 'utf8',
      });
      assert.equal(status, 0, `${stdout}${stderr}`);
      for (const name of examples) {
        const [, out] = /comes? to\s+(?:\* )?(cdk(?:tf)?\.out(?:\/[\w-]+)?)/.exec(sources.get(name)!.replaceAll('\n * ', ' ')) ?? [];
        assert.ok(out !== undefined, `${name} says where its result comes to`);
        assert.ok(existsSync(join(cwd, out)), `${name} writes ${out}`);
        if (out !== 'cdktf.out') assert.deepEqual(findings(join(cwd, out)), [], name);
      }
      assert.ok(existsSync(join(cwd, 'cdktf.out/stacks/routing/cdk.tf.json')));
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  }, 240_000);

  it.each(['aws', 'cloudflare'])('show every class and function that ./%s exports', (door) => {
    const names = constructsOf(door);
    assert.ok(names.length > 0);
    const shown = examples.map((name) => sources.get(name)!).join('\n');
    assert.deepEqual(
      names.filter((name) => !new RegExp(`\\b${name}\\(`).test(shown)),
      [],
    );
  });
});
