import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proof } from '../../environments/proof.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { nodeConfigsOf } from '../../infra/plan/node-configs.ts';
import { slotMapOf } from '../../infra/plan/slot-map.ts';
import { runIris, startIris, temporaryFolder } from './run-iris.ts';

const plan = createPlan(proof);

/** The core's document as a template carries it, the slot map, and what differs on this machine. */
function writeCore(folder: string, overlay: unknown): string[] {
  writeFileSync(join(folder, 'core.json'), JSON.stringify(nodeConfigsOf(plan, 'tokyo').core));
  writeFileSync(join(folder, 'slot-map.json'), JSON.stringify(slotMapOf(plan)));
  writeFileSync(join(folder, 'overlay.json'), JSON.stringify(overlay));
  return ['node', 'core.json', '--overlay', 'overlay.json'];
}

const here = {
  node: 'tokyo-g0-a',
  group: 'tokyo-g0',
  local: true,
  slotMapPath: 'slot-map.json',
  link: { host: '127.0.0.1', port: 0 },
  admin: { host: '127.0.0.1', port: 0 },
  store: { directory: 'store' },
};

describe('iris node', () => {
  it('runs a core from the config of a template with an overlay, says where it listens, and drains on SIGTERM', async () => {
    const folder = temporaryFolder();
    const core = startIris(writeCore(folder, here), { cwd: folder });
    const ready: unknown = JSON.parse(await core.line('stdout', /"event":"ready"/));
    expect(ready).toMatchObject({
      event: 'ready',
      node: 'tokyo-g0-a',
      role: 'core',
      region: 'tokyo',
      listen: { link: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/), admin: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/) },
    });
    core.child.kill('SIGTERM');
    expect(await core.ended).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'store'))).toBe(true);
  });

  it('fails with one line that lists every problem of a config, and writes nothing (L12)', async () => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await runIris(
      writeCore(folder, { ...here, drainTimeoutMs: -1, link: { host: '0.0.0.0', port: 70_000 } }),
      {
        cwd: folder,
      },
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^iris: CONFIG_INVALID: node config: (?=.*link\.port)(?=.*drainTimeoutMs)[^\n]*$/);
    expect(existsSync(join(folder, 'store'))).toBe(false);
  });
});
