import assert from 'node:assert/strict';
import { presets } from '../../../environments/presets.ts';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { committedSnapshot } from '../snapshots/committed.ts';
import { differences } from '../snapshots/compare.ts';
import { snapshotOf } from '../snapshots/preset-snapshot.ts';
import { synthesizeEnvironment } from './synthesize-fixture.ts';

/** Each preset is synthesized once, and everything that must hold of all its templates is asked of that. */
describe.each([...presets.keys()])('templates of %s', (name) => {
  let assembly: Assembly;

  beforeAll(async () => {
    assembly = await synthesizeEnvironment(presets.get(name)!);
  });

  it('are those of the committed snapshot', () => {
    const told = differences(committedSnapshot(name), snapshotOf(name, assembly));
    if (told !== '') throw new Error(told);
  });

  it('stay within CloudFormation’s limits, with a fifth to spare', () => {
    assert.ok(Math.max(...assembly.templates.map(({ resources }) => resources)) <= 400);
  });
});

describe('a snapshot that differs', () => {
  const before = new Map([
    ['proof/a.json', 'one\ntwo\nthree\n'],
    ['proof/gone.json', ''],
  ]);

  it('is told by its changed lines and the command that takes them over', () => {
    const after = new Map([
      ['proof/a.json', 'one\n2\nthree\n'],
      ['proof/new.json', ''],
    ]);
    assert.equal(
      differences(before, after),
      [
        '3 snapshots differ from what is synthesized; if that is wanted, run: npm run snapshots',
        'proof/a.json',
        '  - two',
        '  + 2',
        'proof/gone.json',
        '  - the file is gone',
        'proof/new.json',
        '  + the file is new',
      ].join('\n'),
    );
    assert.equal(differences(before, before), '');
  });

  it('is told in few lines when everything changes', () => {
    const many = new Map(Array.from({ length: 60 }, (_, index) => [`planet/${index}.json`, 'line\n'.repeat(900)]));
    const told = differences(new Map([...many].map(([name]) => [name, 'other\n'.repeat(900)])), many).split('\n');
    assert.ok(told.length < 50);
    assert.equal(told.at(-1), 'and 56 more files');
  });
});
