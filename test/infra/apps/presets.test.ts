import assert from 'node:assert/strict';
import { presets } from '../../../environments/presets.ts';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { CLIENT_PORT } from '../../../infra/plan/names.ts';
import { regionStackNames } from '../../../infra/plan/stack-names.ts';
import { overlapProblems, slotProblems } from '../laws/addresses.ts';
import { type DeployedStack, deployedStacks } from '../laws/deployed-stacks.ts';
import { openBuckets, openPorts, publicRules, unencrypted } from '../laws/exposure.ts';
import { wildcards } from '../laws/iam-actions.ts';
import { nameProblems } from '../laws/names.ts';
import { unwrittenParameters } from '../laws/parameters.ts';
import { machinePathsIn, secretsIn } from '../laws/secrets.ts';
import { statefulIds, unprotected } from '../laws/stateful-resources.ts';
import { committedSnapshot, releasedStatefulIds } from '../snapshots/committed.ts';
import { differences } from '../snapshots/compare.ts';
import { snapshotOf, UPDATE_COMMAND } from '../snapshots/preset-snapshot.ts';
import { filesOf, synthesizeEnvironment } from './synthesize-fixture.ts';

/** The first of them are enough to know what is wrong. */
function none(problems: readonly string[]): void {
  assert.deepEqual(problems.slice(0, 10), []);
}

/** Each preset is synthesized once, and everything that must hold of all its templates is asked of that. */
describe.each([...presets.keys()])('templates of %s', (name) => {
  let assembly: Assembly;
  let stacks: DeployedStack[];

  beforeAll(async () => {
    assembly = await synthesizeEnvironment(presets.get(name)!);
    stacks = deployedStacks(assembly);
  });

  it('are those of the committed snapshot, and their roles may do what the committed list says (A14)', () => {
    const told = differences(committedSnapshot(name), snapshotOf(name, assembly));
    if (told !== '') throw new Error(told);
  });

  it('keep every stateful logical id of the last release: a change of one replaces what it names (N8)', () => {
    const [released, made] = [releasedStatefulIds(name), statefulIds(stacks)];
    const lost = released.filter((line) => !made.includes(line));
    const gained = made.filter((line) => !released.includes(line));
    none(lost.map((line) => `a deployment replaces or deletes ${line}; if that is wanted, take it out of test/infra/snapshots/stateful`));
    none(gained.map((line) => `${line} is new and has state; run: ${UPDATE_COMMAND}`));
  });

  it('stay within CloudFormation’s limits, with a fifth to spare', () => {
    assert.ok(Math.max(...assembly.templates.map(({ resources }) => resources)) <= 400);
  });

  it('are of the stacks that the plan counts for the quota of each region', () => {
    const plan = createPlan(presets.get(name)!);
    for (const region of plan.regions) {
      const joins = assembly.routingStacks.filter((stack) => stack.endsWith(`-join-${region.code}`));
      assert.deepEqual(regionStackNames(plan, region), [...assembly.regionStacks[region.code]!, ...joins]);
    }
  });

  it('protect what has state', () => none(unprotected(stacks)));

  it('grant named actions only (A14)', () => none(wildcards(stacks)));

  it('open the client port of the load balancers and nothing else (A15)', () => {
    none(openPorts(stacks, CLIENT_PORT));
    assert.ok(publicRules(stacks) >= Object.keys(assembly.regionStacks).length);
  });

  it('keep buckets closed (A16) and everything encrypted (A17)', () => {
    none(openBuckets(stacks));
    none(unencrypted(stacks));
  });

  it('give no name over its limit or twice', () => none(nameProblems(stacks)));

  it('read only SSM parameters that an earlier stack of the region, or the global one, writes', () => {
    none(unwrittenParameters(stacks));
  });

  it('hold no secret and no path of the machine that made them, nor do the documents (A13)', () => {
    const files = [...filesOf(assembly)];
    none(files.flatMap(([file, text]) => [...secretsIn(file, text), ...machinePathsIn(file, text)]));
  });

  it('give every slot and shard to one group, and every region a network of its own (C12)', () => {
    const plan = createPlan(presets.get(name)!);
    none([...overlapProblems(plan), ...slotProblems(plan)]);
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
