import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

describe('examples of the constructs', () => {
  it.each([
    ['edge-fleet.ts', 'cdk.out/edge-fleet/edges.template.json'],
    ['shard-groups.ts', 'cdk.out/shard-groups/cores.template.json'],
    ['data-services.ts', 'cdk.out/data-services/data.template.json'],
    ['node-configs.ts', 'cdk.out/node-configs/configs.template.json'],
    ['media-store.ts', 'cdk.out/media-store/media.template.json'],
    ['geo-routing.ts', 'cdk.out/geo-routing/routing.template.json'],
    ['joined-networks.ts', 'cdk.out/joined-networks/peering-tokyo.template.json'],
    ['anycast-routing.ts', 'cdk.out/anycast-routing/anycast.template.json'],
    ['cloudflare-routing.ts', 'cdktf.out/stacks/routing/cdk.tf.json'],
  ])('%s runs and writes %s', (example, result) => {
    const cwd = mkdtempSync(join(tmpdir(), 'iris-example-'));
    try {
      const { status, stderr } = spawnSync(process.execPath, [join(root, 'examples', example)], {
        cwd,
        env: process.env,
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      assert.ok(existsSync(join(cwd, result)));
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
