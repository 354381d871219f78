import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnHostedZone } from 'aws-cdk-lib/aws-route53';
import { App, CfnParameter, Stack } from 'aws-cdk-lib/core';
import { proof } from '../../../environments/proof.ts';
import { featureFlags } from '../../../infra/apps/aws-app.ts';
import { measureTemplate } from '../../../infra/apps/template-limits.ts';
import type { Rollout } from '../../../infra/reports/rollout.ts';
import { checkNodeConfig } from '../../../runtime/contract/node-config.ts';
import { readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { filesOf, readTemplate, synthesizeEnvironment, temporaryFolder } from './synthesize-fixture.ts';

const sydney = { code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.9.0.0/16', edges: 1, shards: 1, serves: { countries: ['AU'] } };

/** Files whose text differs, appeared or went. */
function changedFiles(before: Map<string, string>, after: Map<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}

describe('synthesized environment', () => {
  it('has the same bytes over two runs and two output folders', async () => {
    const first = filesOf(await synthesizeEnvironment(proof));
    assert.deepEqual(changedFiles(first, filesOf(await synthesizeEnvironment(proof))), []);
    assert.ok(first.size > 40);
  });

  it('gains only its own files and the global ones when a region is added (L11, N8)', async () => {
    const before = filesOf(await synthesizeEnvironment(proof));
    const after = filesOf(await synthesizeEnvironment({ ...proof, regions: [...proof.regions, sydney] }));
    const others = changedFiles(before, after).filter((name) => !/^iris-proof-(sydney|global-join-)/.test(name));
    assert.deepEqual(others, [
      'iris-manifest.json',
      'iris-proof-global-routing.assets.json',
      'iris-proof-global-routing.metadata.json',
      'iris-proof-global-routing.template.json',
      'iris-proof-global.assets.json',
      'iris-proof-global.template.json',
      'iris-proof.slotmap',
      'manifest.json',
      'rollout.json',
    ]);
  });

  it('changes only the core stack and the slot map when the last region gains a shard group (L11)', async () => {
    const grown = {
      ...proof,
      regions: proof.regions.map((region) => (region.code === 'bangalore' ? { ...region, shards: 2, shardGroups: 2 } : region)),
    };
    const before = filesOf(await synthesizeEnvironment(proof));
    const changed = changedFiles(before, filesOf(await synthesizeEnvironment(grown))).filter((name) => name.endsWith('.template.json'));
    assert.deepEqual(changed, ['iris-proof-bangalore-core-0.template.json', 'iris-proof-global.template.json']);
  });

  it('makes a region alone exactly as it makes it among others', async () => {
    const whole = filesOf(await synthesizeEnvironment(proof));
    const part = filesOf(await synthesizeEnvironment(proof, { regions: ['bangalore'] }));
    const templates = [...part.keys()].filter((name) => name.endsWith('.template.json'));
    assert.equal(templates.length, 7);
    for (const name of templates) assert.equal(part.get(name), whole.get(name), name);
  });

  it('refuses a region that is not in the environment, naming those that are', async () => {
    await assert.rejects(synthesizeEnvironment(proof, { regions: ['lima'] }), {
      code: 'SYNTH_FAILED',
      message: "region 'lima' is not in proof, which has tokyo, sao-paulo, bangalore",
    });
  });

  it('refuses an environment that runs on one machine, with the reason', async () => {
    await assert.rejects(synthesizeEnvironment({ ...proof, runsIn: 'local' }), {
      code: 'SYNTH_FAILED',
      message: /has no templates; start it with iris up/,
    });
  });

  it('lists node configs and the slot map that the runtime accepts, under the hashes of its manifest (L12)', async () => {
    const { directory } = await synthesizeEnvironment(proof);
    const manifest = JSON.parse(readFileSync(join(directory, 'iris-manifest.json'), 'utf8'));
    assert.equal(manifest.nodeConfigs.length, 6);
    for (const { path, sha256 } of [...manifest.nodeConfigs, manifest.slotMap]) {
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(directory, path)))
          .digest('hex'),
        sha256,
      );
    }
    for (const { path, region, role } of manifest.nodeConfigs) {
      const document = JSON.parse(readFileSync(join(directory, path), 'utf8'));
      assert.deepEqual(checkNodeConfig(document), []);
      assert.deepEqual([document.region, document.role], [region, role]);
    }
    assert.equal(readSlotMap(JSON.parse(readFileSync(join(directory, manifest.slotMap.path), 'utf8'))).map.shards, 3);
  });

  it('publishes each document under its own content hash, so that a node can check what it got', async () => {
    const assembly = await synthesizeEnvironment(proof);
    const [{ sha256 } = { sha256: '' }] = assembly.nodeConfigs;
    const pointer = JSON.stringify(readTemplate(assembly, 'iris-proof-tokyo-config'));
    assert.ok(pointer.includes(`${sha256}.nodeconfig`));
  });

  it('holds no absolute path, no missing look-up and no dynamic reference (A13)', async () => {
    for (const [name, text] of filesOf(await synthesizeEnvironment(proof))) {
      assert.doesNotMatch(text, /"\/(tmp|home|root|work|Users)\//, name);
      assert.doesNotMatch(text, /dummy|"missing"|\{\{resolve/, name);
    }
  });

  it('writes the waves of a deployment: global, regions with their network first, routing', async () => {
    const { directory } = await synthesizeEnvironment(proof);
    const { waves } = JSON.parse(readFileSync(join(directory, 'rollout.json'), 'utf8')) as Rollout;
    assert.deepEqual(waves[0]?.stacks, ['iris-proof-global']);
    assert.deepEqual(waves[1]?.stacks.slice(0, 2), ['iris-proof-sao-paulo-network', 'iris-proof-sao-paulo-config']);
    assert.deepEqual(waves.at(-1)?.stacks, [
      ...['bangalore', 'sao-paulo', 'tokyo'].map((code) => `iris-proof-global-join-${code}`),
      'iris-proof-global-routing',
    ]);
  });

  it('says what a deployment would not do yet', async () => {
    const [tokyo] = proof.regions;
    const alone = await synthesizeEnvironment({ ...proof, dailyActiveUsers: 350_000, regions: [tokyo!] });
    assert.deepEqual(alone.warnings, [
      'proof: all regions: the load balancers speak plain TCP, so tokens and messages cross the Internet unencrypted; set clientTls, or certificateArn of each region',
      'proof: machine images are not pinned: each launch takes the newest Amazon Linux; set amiId in each region',
    ]);
    const encrypted = await synthesizeEnvironment({ ...proof, dailyActiveUsers: 350_000, regions: [tokyo!], clientTls: 'acm' });
    assert.equal(
      encrypted.warnings[0],
      `proof: ${proof.domain} must be delegated to the zone of the global stack before the first region is deployed, or its certificate waits`,
    );
    const { warnings } = await synthesizeEnvironment({ ...proof, regionJoin: 'none' });
    assert.equal(warnings.length, 3);
    assert.match(warnings[1]!, /tokyo, sao-paulo, bangalore: no stack joins these networks with the others/);
  });

  it('fails on a template above a limit, with value and limit', () => {
    const path = join(temporaryFolder(), 'big.template.json');
    writeFileSync(path, '{}');
    const big = new Stack(new App(), 'big');
    for (let zone = 0; zone <= 500; zone++) new CfnHostedZone(big, `Zone${zone}`);
    assert.throws(() => measureTemplate(big, path), {
      code: 'SYNTH_FAILED',
      message: /template of big has 501 resources, CloudFormation takes 500/,
    });
    const long = new Stack(new App(), 'long');
    for (let parameter = 0; parameter <= 200; parameter++) new CfnParameter(long, `Parameter${parameter}`);
    assert.throws(() => measureTemplate(long, path), { code: 'SYNTH_FAILED', message: /has 201 parameters, CloudFormation takes 200/ });
    writeFileSync(path, JSON.stringify({ Description: 'x'.repeat(1_048_577) }));
    assert.throws(() => measureTemplate(new Stack(new App(), 'wide'), path), {
      code: 'SYNTH_FAILED',
      message: /bytes, CloudFormation takes 1048576/,
    });
  });

  it('counts of each stack what its template holds', async () => {
    const { directory, templates } = await synthesizeEnvironment(proof);
    for (const { stack, resources, bytes } of templates) {
      const text = readFileSync(join(directory, `${stack}.template.json`));
      assert.equal(resources, Object.keys(JSON.parse(text.toString()).Resources).length, stack);
      assert.equal(bytes, text.length, stack);
    }
  });

  it('uses the library’s recommended flags with weak references and rule violations as errors', () => {
    const flags = featureFlags();
    assert.equal(flags['@aws-cdk/core:defaultCrossStackReferences'], 'weak');
    assert.equal(flags['@aws-cdk/core:validateAgainstDefaultRules'], true);
    assert.ok(Object.keys(flags).length > 80);
  });
});
