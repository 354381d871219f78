import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PINNED_NODE } from '../infra/package/pinned-node.ts';

const root = join(import.meta.dirname, '..');
const modules = join(root, 'node_modules');

/**
 * The packed tarball in someone else’s CDK app. Iris is unpacked from the tarball as npm would do it; its dependencies are links to
 * this project’s, so that the test asks no registry.
 */
describe('packed tarball', () => {
  let folder: string;
  let app: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-pack-'));
    app = join(folder, 'app');
    mkdirSync(join(app, 'node_modules', 'iris'), { recursive: true });
    const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], root));
    run('tar', ['-xzf', join(folder, filename), '-C', join(app, 'node_modules', 'iris'), '--strip-components=1'], folder);
    for (const name of readdirSync(modules)) {
      if (!name.startsWith('.')) symlinkSync(join(modules, name), join(app, 'node_modules', name));
    }
    writeFileSync(join(app, 'package.json'), '{"name":"chat","type":"module","private":true}');
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(command: string, args: readonly string[], cwd = app, env = process.env): string {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 * 1_048_576 });
    assert.equal(status, 0, `${command} ${args[0]}: ${stdout.slice(-2_000)}${stderr.slice(-2_000)}`);
    return stdout;
  }

  it('type-checks and synthesizes every example of the constructs in a foreign CDK app, through the doors of its exports', () => {
    const examples = readdirSync(join(root, 'examples')).filter((name) => /'\.\.\/constructs\//.test(source(name)));
    assert.ok(examples.length >= 8);
    const fromOutside = (text: string) =>
      text.replace(/'\.\.\/(?:constructs\/|infra\/)?(aws|cloudflare|plan|environments)\/index\.ts'/g, "'iris/$1'");
    for (const name of examples) writeFileSync(join(app, name), fromOutside(source(name)));
    const compilerOptions = { target: 'es2024', module: 'nodenext', strict: true, noEmit: true, types: ['node'], erasableSyntaxOnly: true };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: examples }));
    run(process.execPath, [join(modules, 'typescript', 'bin', 'tsc'), '-p', '.']);
    // The templates themselves are validated where the examples are tested.
    const env = { ...process.env, CDK_VALIDATION: 'false' };
    for (const name of examples) run(process.execPath, [name], app, env);
    const template = JSON.parse(readFileSync(join(app, 'cdk.out', 'edge-fleet', 'edges.template.json'), 'utf8'));
    const types = Object.values(template.Resources as Record<string, { Type: string }>).map(({ Type }) => Type);
    assert.ok(types.includes('AWS::AutoScaling::AutoScalingGroup') && types.includes('AWS::ElasticLoadBalancingV2::LoadBalancer'));
  }, 120_000);

  function source(example: string): string {
    return readFileSync(join(root, 'examples', example), 'utf8');
  }

  it('runs its command line from where it is installed', () => {
    assert.match(run(process.execPath, [join('node_modules', 'iris', 'bin', 'iris.js'), '--help']), /synth/);
  });

  it('bundles its compiled runtime and synthesizes an environment from there', () => {
    const cache = join(folder, 'cache');
    mkdirSync(cache);
    writeFileSync(join(cache, `node-${PINNED_NODE.version}-${PINNED_NODE.sha256.slice(0, 16)}.gz`), gzipSync('node'));
    const args = ['synth', 'proof', '--no-validation', '--regions', 'tokyo', '--out', 'proof.out'];
    const iris = join('node_modules', 'iris', 'bin', 'iris.js');
    assert.match(
      run(process.execPath, [iris, ...args], app, { ...process.env, IRIS_CACHE: cache }),
      /\d stacks, \d+ resources, 2 node configs and the slot map/,
    );
  });

  it('has a file with types behind every door of its exports', () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const doors = Object.entries(exports as Record<string, string | { types: string; default: string }>);
    for (const [door, target] of doors) {
      for (const path of typeof target === 'string' ? [target] : [target.types, target.default]) {
        assert.ok(readFileSync(join(app, 'node_modules', 'iris', path)).length > 0, `${door} ${path}`);
      }
    }
  });

  it('carries no test, no TypeScript source but declarations, and no path of this machine', () => {
    const files = run('find', [join('node_modules', 'iris'), '-type', 'f'])
      .trim()
      .split('\n');
    assert.deepEqual(
      files.filter((file) => /\/test\/|(?<!\.d)\.ts$/.test(file)),
      [],
    );
    for (const file of files.filter((name) => name.endsWith('.js'))) assert.ok(!readFileSync(join(app, file), 'utf8').includes(root), file);
  });
});
