/** A27, L11: a region leaves in steps, each of which can be read before it is taken; its load balancer never before its records. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runIris, temporaryFolder } from './run-iris.ts';

interface Wave {
  readonly kind: string;
  readonly regions: readonly string[];
  readonly stacks: readonly string[];
}

describe('iris remove-region', () => {
  const folder = temporaryFolder();
  afterAll(() => rmSync(folder, { recursive: true }));

  async function printed(args: readonly string[], name: string): Promise<string> {
    const { code, stdout, stderr } = await runIris([...args, '--print']);
    if (code !== 0) throw new Error(stderr);
    const path = join(folder, name);
    writeFileSync(path, stdout);
    return path;
  }

  it('shows a diff that only removes in the region and the global stacks, and waves in which its records go before its load balancer', async () => {
    const grown = await printed(
      ['add-region', 'sydney', '--to', 'proof', '--aws-region', 'ap-southeast-2', '--countries', 'AU,NZ'],
      'grown.json',
    );
    const leaving = await printed(['remove-region', 'sydney', '--from', grown, '--drained'], 'leaving.json');
    const { changes } = JSON.parse((await runIris(['diff', grown, leaving, '--json'])).stdout) as {
      changes: { scope: string; action: string; logicalId: string }[];
    };
    expect(new Set(changes.map(({ scope }) => scope))).toEqual(new Set(['global', 'sydney']));
    expect(changes.filter(({ scope }) => scope === 'sydney').every(({ action }) => action === 'remove')).toBe(true);
    expect(changes.filter(({ scope, action }) => scope === 'global' && action !== 'remove').map(({ action }) => action)).toEqual([
      'update',
    ]);
    expect(changes.filter(({ logicalId }) => /RecordcountryAU|RecordcountryNZ/.test(logicalId))).toHaveLength(2);
    const { waves } = JSON.parse((await runIris(['rollout', leaving, '--json'])).stdout) as { waves: Wave[] };
    expect(waves.map(({ kind }) => kind)).toEqual(['global', 'canary', 'regions', 'regions', 'routing', 'leaving']);
    const last = waves.at(-1)!;
    expect(last.regions).toEqual(['sydney']);
    const parts = ['monitor', 'edge', 'core-0', 'config', 'network'].map((part) => `iris-proof-sydney-${part}`);
    expect(last.stacks).toEqual(['iris-proof-global-join-sydney', ...parts]);
    expect(
      waves
        .slice(0, -1)
        .flatMap(({ stacks }) => stacks)
        .some((stack) => stack.includes('sydney')),
    ).toBe(false);
  }, 60_000);

  it('has its last wave delete, not deploy: only with --execute, and with what a person must say first', async () => {
    const leaving = join(folder, 'leaving.json');
    const wave = ['deploy', leaving, '--wave', '5', '--out', join(folder, 'cdk.out')];
    const print = await runIris([...wave, '--print'], { cwd: folder });
    expect(print.stdout).toMatch(
      /^cdk destroy --app cdk\.out --exclusively --force iris-proof-global-join-sydney iris-proof-sydney-monitor .* iris-proof-sydney-network$/,
    );
    expect(print.stderr).toMatch(/update-termination-protection .*--region ap-southeast-2 --stack-name iris-proof-sydney-network/);
    const dry = await runIris(wave, { cwd: folder });
    expect([dry.code, dry.stdout]).toEqual([0, '']);
    expect(dry.stderr).toMatch(/nothing is deleted without --execute/);
  }, 60_000);

  it('says it in the entry of a file, takes the entry out once it is gone, and leaves the rest of the text as it was', async () => {
    const entry = (code: string, rest: string) => `    { code: '${code}', awsRegion: 'eu-north-1', cidr: ${rest} },\n`;
    const head =
      "export default {\n  name: 'ours',\n  domain: 'ours.example',\n  dailyActiveUsers: 1_000, // few\n  slotMapVersion: 4,\n  regions: [\n";
    const north = entry('north', "'10.0.0.0/16', edges: 2, shards: 1, serves: { default: true }");
    const south = entry('south', "'10.1.0.0/16', edges: 2, shards: 1, serves: { countries: ['AR'] }");
    const path = join(folder, 'ours.ts');
    writeFileSync(path, `${head}${north}${south}  ],\n};\n`);
    expect(await runIris(['remove-region', 'south', '--from', path, '--drained'])).toMatchObject({ code: 0 });
    const marked = south.replace("['AR'] } }", "['AR'] }, leaves: true }");
    expect(readFileSync(path, 'utf8')).toBe(`${head.replace('Version: 4', 'Version: 5')}${north}${marked}  ],\n};\n`);
    expect(await runIris(['remove-region', 'south', '--from', path, '--gone'])).toMatchObject({ code: 0 });
    expect(readFileSync(path, 'utf8')).toBe(`${head.replace('Version: 4', 'Version: 5')}${north}  ],\n};\n`);
  });

  it.each([
    [['bangalore', '--from', 'proof', '--drained'], 2, /proof is a preset/],
    [['lima', '--from', 'proof', '--drained', '--print'], 1, /region 'lima' is not in proof, or has left; it has tokyo/],
    [['tokyo', '--from', 'proof', '--drained', '--print'], 1, /tokyo cannot leave proof: it serves everyone whom no other region does/],
    [
      ['bangalore', '--from', 'proof', '--print'],
      1,
      /it is home of 250000 users in shards 2 to 2; empty bangalore-g0 with iris leave, then say --drained/,
    ],
    [['bangalore', '--from', 'proof', '--drained', '--print'], 1, /regions\[\]\.edges: got 3, must be 4 in sum/],
    [['frankfurt', '--from', 'growth', '--drained', '--print'], 1, /it is sized by userShare/],
    [['bangalore', '--from', 'proof', '--gone', '--print'], 1, /bangalore has not left proof/],
    [['bangalore', '--from', 'proof', '--gone', '--drained', '--print'], 2, /--drained or --gone, not both/],
  ])('refuses %j', async (args, code, message) => {
    const run = await runIris(['remove-region', ...args]);
    expect([run.code, run.stderr]).toEqual([code, expect.stringMatching(message)]);
  });
});
