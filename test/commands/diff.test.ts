import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runIris, temporaryFolder, writeDuo } from './run-iris.ts';

describe('iris diff', () => {
  const folder = temporaryFolder();
  const duo = writeDuo(folder);
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The two-region file with its first region changed. */
  function changed(name: string, change: Record<string, unknown>): string {
    const environment = JSON.parse(readFileSync(duo, 'utf8')) as { regions: object[] };
    const [first, ...others] = environment.regions;
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify({ ...environment, regions: [{ ...first, ...change }, ...others] }));
    return path;
  }

  it('says that an environment and itself deploy the same', async () => {
    expect(await runIris(['diff', duo, duo])).toMatchObject({ code: 0, stdout: `${duo} and ${duo} deploy the same` });
  });

  it('compares a written assembly with the environment as it is now, and touches the changed region only (N8)', async () => {
    const assembly = join(folder, 'assembly');
    expect((await runIris(['synth', duo, '--no-validation', '--out', assembly])).code).toBe(0);
    const { code, stdout } = await runIris(['diff', assembly, changed('more-edges', { edges: 2 }), '--json']);
    const report = JSON.parse(stdout) as { scopes: { scope: string }[]; refused: string[]; plan: unknown };
    expect([code, report.refused, report.plan]).toEqual([0, [], null]);
    expect(report.scopes.map(({ scope }) => scope)).toEqual(['north']);
  });

  it('exits with 1 when a network moves under a volume’s group, and with 0 once every such resource is accepted', async () => {
    const moved = changed('moved', { zoneIds: ['eun1-az2', 'eun1-az3'] });
    const { code, stdout } = await runIris(['diff', duo, moved, '--json']);
    const { refused } = JSON.parse(stdout) as { refused: string[] };
    expect([code, refused.length > 0]).toEqual([1, true]);
    const accepted = refused.flatMap((id) => ['--accept', id]);
    const again = await runIris(['diff', duo, moved, '--markdown', ...accepted]);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^\| stacks of \| added \| removed \|/m);
  });

  it.each([
    [['diff', 'proof'], /takes two environments/],
    [['diff', 'proof', 'nothing'], /ENVIRONMENT_UNKNOWN/],
    [['diff', 'proof', 'no-such-revision:environments/proof.ts'], /git has no revision 'no-such-revision'/],
    [['diff', 'proof', 'proof', '--json', '--markdown'], /not both/],
  ])('tells what is wrong with %j', async (args, message) => {
    const { code, stderr } = await runIris(args);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
