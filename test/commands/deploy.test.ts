import { rmSync } from 'node:fs';
import { runIris, temporaryFolder } from './run-iris.ts';

describe('iris rollout and iris deploy', () => {
  const folder = temporaryFolder();
  afterAll(() => rmSync(folder, { recursive: true }));

  it('show the waves, and print what they would run for one of them', async () => {
    const { stdout } = await runIris(['rollout', 'proof']);
    expect(stdout).toMatch(/^ *1 +canary +sao-paulo +5 +250,000 +25\.0 % +60 min$/m);
    expect(stdout).toMatch(/^Stop, and put the last assembly back, when$/m);
    const { waves } = JSON.parse((await runIris(['rollout', 'proof', '--json'])).stdout) as { waves: { stacks: string[] }[] };
    const printed = await runIris(['deploy', 'proof', '--wave', '1', '--print', '--out', `${folder}/cdk.out`], { cwd: folder });
    expect(printed.code).toBe(0);
    expect(printed.stdout).toBe(
      `cdk deploy --app cdk.out --exclusively --previous-parameters=false --require-approval never --concurrency 8 --method=prepare-change-set ${waves[1]!.stacks.join(' ')}`,
    );
  }, 240_000);

  it.each([
    [['deploy', 'proof'], /--wave <n>/],
    [['deploy', 'proof', '--wave', '9', '--print', '--out', `${folder}/cdk.out`], /proof has waves 0 to 4, not 9/],
    [['deploy', 'proof', '--wave', '1', '--print', '--execute'], /not both/],
    [['rollout'], /takes one environment/],
  ])('say what is wrong with %j', async (args, message) => {
    const { code, stderr } = await runIris(args, { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
