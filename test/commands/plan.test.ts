import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEnvironment } from '../../environments/describe-environment.ts';
import type { Plan } from '../../infra/plan/plan.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';

const IRIS = join(import.meta.dirname, '../../bin/iris.js');

describe('iris plan', () => {
  it('prints a table of regions with their totals, names, slot map and both capacity figures', () => {
    const { status, stdout, stderr } = iris('plan', 'planet');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^tokyo +ap-northeast-1 +current +50 +5,000,000 +10 +500 +0-499 +20 /m);
    expect(stdout).toMatch(/^50 in all +5,000 +500,000,000 +1,000 +50,000 +2,000 +5,000,000,000 daily users$/m);
    expect(stdout).toMatch(
      /^iris-planet-tokyo-edge +edge-tokyo\.iris\.io:8443 +tokyo-edge-0 +tokyo-g0-a +tokyo-g0-apne1-az1\.core\.iris\.io:7400$/m,
    );
    expect(stdout).toMatch(/1,048,576 +50,000 +20 to 21 +1,000 +\/iris\/planet\/slot-map$/m);
    expect(stdout).toMatch(/^shards +50,001 +50,000 +50,000$/m);
  });

  it('prints with --json one document with the totals and one entry per region', () => {
    const plan = JSON.parse(iris('plan', 'proof', '--json').stdout) as Plan;
    expect(plan.environment).toBe('proof');
    expect(plan.totals).toMatchObject({
      regions: 3,
      edges: 4,
      cores: 3,
      shardGroups: 3,
      shards: 3,
      concurrentConnections: 500_000,
      dailyActiveUsers: 1_000_000,
    });
    expect(
      plan.regions.map(({ code, awsRegion, account, edges, cores, shardGroups, shards }) => [
        code,
        awsRegion,
        account,
        edges,
        cores,
        shardGroups,
        shards,
      ]),
    ).toEqual([
      ['tokyo', 'ap-northeast-1', 'current', 2, 1, 1, 1],
      ['sao-paulo', 'sa-east-1', 'current', 1, 1, 1, 1],
      ['bangalore', 'ap-south-1', 'current', 1, 1, 1, 1],
    ]);
  });

  it('prints with --slot-map the document that the runtime accepts', () => {
    expect(readSlotMap(JSON.parse(iris('plan', 'validation', '--slot-map').stdout)).map.shards).toBe(10);
  });

  it('prints with --fields the page of the fields', () => {
    expect(iris('plan', '--fields').stdout).toBe(describeEnvironment());
  });

  it('takes an environment of one’s own from a TypeScript file', () => {
    const plan = JSON.parse(iris('plan', join(import.meta.dirname, '../../examples/two-regions.ts'), '--json').stdout) as Plan;
    expect(plan.totals).toMatchObject({ regions: 2, edges: 4, shards: 20, shardGroups: 2, cores: 2, concurrentConnections: 200_000 });
  });

  it('is the same text twice', () => {
    expect(iris('plan', 'growth').stdout).toBe(iris('plan', 'growth').stdout);
  });

  it('fails with exit code 1 and one line that numbers every problem of a wrong environment', () => {
    const folder = mkdtempSync(join(tmpdir(), 'iris-plan-'));
    const environment = {
      name: 'wrong',
      domain: 'nowhere',
      dailyActiveUsers: -1,
      regions: [{ code: 'a', awsRegion: 'eu-west-9', cidr: '10.0.0.0/16', userShare: 1, serves: { default: true } }],
    };
    writeFileSync(join(folder, 'wrong.json'), JSON.stringify(environment));
    const { status, stdout, stderr } = iris('plan', join(folder, 'wrong.json'));
    rmSync(folder, { recursive: true });
    expect([status, stdout, stderr.trimEnd().split('\n').length]).toEqual([1, '', 1]);
    expect(stderr).toMatch(
      /^iris: ENVIRONMENT_INVALID: environment wrong has 3 problems: +1\. dailyActiveUsers: .* 2\. domain: .* 3\. regions\[0\]\.awsRegion: /,
    );
  });

  it('fails with exit code 1 for an unknown environment, and 2 for wrong usage', () => {
    expect(iris('plan', 'plannet')).toMatchObject({ status: 1, stderr: expect.stringContaining('did you mean planet') });
    expect(iris('plan').status).toBe(2);
    expect(iris('plan', 'proof', 'planet').status).toBe(2);
    expect(iris('plan', 'proof', '--json', '--slot-map').status).toBe(2);
    expect(iris('plan', 'proof', '--yaml').status).toBe(2);
  });
});

function iris(...args: string[]) {
  return spawnSync(process.execPath, [IRIS, ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 });
}
