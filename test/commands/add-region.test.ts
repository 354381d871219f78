import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runIris, temporaryFolder, writeDuo } from './run-iris.ts';

describe('iris add-region', () => {
  const folder = temporaryFolder();
  afterAll(() => rmSync(folder, { recursive: true }));

  interface Report {
    readonly changes: readonly { readonly scope: string; readonly action: string; readonly logicalId: string }[];
  }

  it('prints proof with Sydney (G4), whose deployment only adds there and moves the slot map’s pointer in the global stack', async () => {
    const path = join(folder, 'with-sydney.json');
    const printed = await runIris([
      'add-region',
      'sydney',
      '--to',
      'proof',
      '--aws-region',
      'ap-southeast-2',
      '--countries',
      'AU,NZ',
      '--print',
    ]);
    expect(printed.code).toBe(0);
    writeFileSync(path, printed.stdout);
    const forth = JSON.parse((await runIris(['diff', 'proof', path, '--json'])).stdout) as Report;
    expect(forth.changes.filter(({ scope }) => scope === 'sydney').every(({ action }) => action === 'add')).toBe(true);
    expect(new Set(forth.changes.map(({ scope }) => scope))).toEqual(new Set(['global', 'sydney']));
    expect(forth.changes.filter(({ scope, action }) => scope === 'global' && action !== 'add').map(({ action }) => action)).toEqual([
      'update',
    ]);
    const back = JSON.parse((await runIris(['diff', path, 'proof', '--json'])).stdout) as Report;
    expect(back.changes.filter(({ scope }) => scope === 'sydney').every(({ action }) => action === 'remove')).toBe(true);
  });

  it('adds one entry to a file and raises the slot map’s version, and leaves the rest of the text as it was', async () => {
    const text = [
      "import { defineEnvironment } from 'iris/environments';",
      '',
      'export default defineEnvironment({',
      "  name: 'ours', // [not the list]",
      "  domain: 'ours.example',",
      '  dailyActiveUsers: 1_000,',
      '  regions: [',
      "    { code: 'north', awsRegion: 'eu-north-1', cidr: '10.0.0.0/16', edges: 2, shards: 1, serves: { default: true } },",
      '  ],',
      '});',
      '',
    ].join('\n');
    const path = join(folder, 'ours.ts');
    writeFileSync(path, text);
    expect((await runIris(['add-region', 'south', '--to', path, '--aws-region', 'sa-east-1', '--edges', '3'])).code).toBe(0);
    const added = "    { code: 'south', awsRegion: 'sa-east-1', cidr: '10.1.0.0/16', edges: 3, shards: 1 },\n";
    expect(readFileSync(path, 'utf8')).toBe(
      text.replace('  regions: [', '  slotMapVersion: 2,\n  regions: [').replace('  ],\n', `${added}  ],\n`),
    );
    expect((await runIris(['add-region', 'west', '--to', path, '--aws-region', 'us-west-2'])).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toMatch(/slotMapVersion: 3,[\s\S]*code: 'west', awsRegion: 'us-west-2', cidr: '10.2.0.0\/16'/);
  });

  it('edits nothing when the result would be refused', async () => {
    const path = writeDuo(folder);
    const before = readFileSync(path, 'utf8');
    const { code, stderr } = await runIris(['add-region', 'west', '--to', path, '--aws-region', 'us-west-9']);
    expect([code, readFileSync(path, 'utf8')]).toEqual([1, before]);
    expect(stderr).toMatch(/did you mean us-west/);
  });

  it.each([
    [['sydney', '--to', 'proof', '--aws-region', 'ap-southeast-2'], /proof is a preset of this package/],
    [['tokyo', '--to', 'proof', '--aws-region', 'ap-southeast-2', '--print'], /region tokyo is in proof already/],
    [['sydney', '--to', 'proof'], /--aws-region/],
    [['sydney', '--to', 'proof', '--aws-region', 'ap-southeast-2', '--edges', '0', '--print'], /--edges 0 must be a whole number/],
  ])('tells what is wrong with %j', async (args, message) => {
    const { code, stderr } = await runIris(['add-region', ...args]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
