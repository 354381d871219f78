import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Environment } from '../../../environments/environment.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { CLIENT_PORT } from '../../../infra/plan/names.ts';
import { nodeConfigsOf } from '../../../infra/plan/node-configs.ts';
import type { Rollout } from '../../../infra/reports/rollout.ts';
import { overlapProblems, slotProblems } from '../laws/addresses.ts';
import { deployedStacks } from '../laws/deployed-stacks.ts';
import { openBuckets, openPorts, unencrypted } from '../laws/exposure.ts';
import { wildcards } from '../laws/iam-actions.ts';
import { nameProblems } from '../laws/names.ts';
import { unwrittenParameters } from '../laws/parameters.ts';
import { machinePathsIn, secretsIn } from '../laws/secrets.ts';
import { statefulIds, unprotected } from '../laws/stateful-resources.ts';
import { PUBLIC_KEY } from './full-environment.ts';
import { filesOf, synthesizeEnvironment } from './synthesize-fixture.ts';

const PLACES = [
  ['tokyo', 'ap-northeast-1'],
  ['sao-paulo', 'sa-east-1'],
  ['mumbai', 'ap-south-1'],
  ['frankfurt', 'eu-central-1'],
  ['second-frankfurt', 'eu-central-1'],
] as const;

const sizes = fc.array(fc.record({ edges: fc.integer({ min: 1, max: 8 }), shards: fc.integer({ min: 1, max: 120 }) }), {
  minLength: 1,
  maxLength: 5,
});

/** Fields of which any value goes with any foundation. */
const settings = fc.record({
  hostedZoneId: fc.constantFrom(undefined, 'Z0123456789ABCDEFGHIJ'),
  media: fc.constantFrom(undefined, { signingKey: PUBLIC_KEY }),
  clientTls: fc.constantFrom('none', 'acm'),
  regionJoin: fc.constantFrom('peering', 'cloud-wan', 'none'),
  geoRouting: fc.constantFrom(['route53'], ['anycast'], ['route53', 'anycast'], ['cloudflare', 'route53']),
  edgeSpotShare: fc.constantFrom(0, 0.5, 1),
  alerts: fc.record({ pager: fc.constantFrom('none', 'https'), reader: fc.constantFrom('none', 'email') }),
  rateLimits: fc.record({
    messages: fc.constantFrom('off', 1, 1_000_000),
    unlimitedNetworks: fc.constantFrom([], ['203.0.113.0/24', '2001:db8::/32']),
  }),
  limits: fc.record({
    sessionQueuedBytesMax: fc.constantFrom(undefined, 1, 2 ** 40),
    drainTimeoutMs: fc.constantFrom(undefined, 0, 3_600_000),
    inboxBytesMax: fc.constantFrom(undefined, 1, 2 ** 50),
    inboxRetentionDays: fc.constantFrom(undefined, 1, 3_650),
    outboxEnvelopesMax: fc.constantFrom(undefined, 1),
    bucketMessagesPerSecondMax: fc.constantFrom(undefined, 1, 1_000_000),
  }),
});

/** Of one foundation each: what the engines are made of, and zones. */
const foundations = fc.oneof(
  fc.record({ foundation: fc.constant('embedded'), zones: fc.constantFrom(1, 2, 3) }),
  fc.record({
    foundation: fc.constant('distributed'),
    zones: fc.constant(3),
    brokerKind: fc.constantFrom('standard', 'express'),
    traffic: fc.record({ replicas: fc.constantFrom(3, 5), retentionDays: fc.constantFrom(1, 30) }),
  }),
);

/** Environments of one to five regions of stated size, two of them in one AWS region; the first serves whoever no other does. */
const environments: fc.Arbitrary<Environment> = fc
  .tuple(fc.constantFrom('drawn', 'a'), foundations, settings, sizes, fc.constantFrom(undefined, 'ami-0123456789abcdef0'))
  .map(([name, foundation, set, regions, amiId]) => ({
    name,
    ...foundation,
    ...(JSON.parse(JSON.stringify(set)) as object),
    domain: 'drawn.example.com',
    shardsPerGroup: 25,
    instanceTypes: { store: 'i4i.4xlarge' },
    dailyActiveUsers: 50_000,
    regions: regions.map((size, index) => ({
      ...size,
      ...(amiId && { amiId, storeAmiId: amiId }),
      code: PLACES[index]![0],
      awsRegion: PLACES[index]![1],
      cidr: `10.${index}.0.0/16`,
      serves: { default: index === 0 },
    })),
  })) as fc.Arbitrary<Environment>;

const added = { code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.9.0.0/16', edges: 2, shards: 3, serves: { countries: ['AU'] } };

/** Files of no region, which may change when any region comes or goes; by the prefix `iris-<environment>`. */
function isGlobal(prefix: string, file: string): boolean {
  const names = [`${prefix}-global`, `${prefix}.slotmap`, 'iris-manifest.json', 'manifest.json', 'rollout.json'];
  return names.some((name) => file.startsWith(name));
}

describe('any environment', () => {
  it('makes templates that keep every law, and gains only the new region’s files and the global ones when a region is added (L11, N8, A13-A17)', async () => {
    await fc.assert(
      fc.asyncProperty(environments, async (environment) => {
        const prefix = `iris-${environment.name}`;
        const assembly = await synthesizeEnvironment(environment);
        const stacks = deployedStacks(assembly);
        const before = filesOf(assembly);
        assert.deepEqual(
          [
            ...unprotected(stacks),
            ...wildcards(stacks),
            ...openPorts(stacks, CLIENT_PORT),
            ...openBuckets(stacks),
            ...unencrypted(stacks),
            ...nameProblems(stacks),
            ...unwrittenParameters(stacks),
            ...[...before].flatMap(([file, text]) => [...secretsIn(file, text), ...machinePathsIn(file, text)]),
          ],
          [],
        );
        const rollout = JSON.parse(readFileSync(join(assembly.directory, 'rollout.json'), 'utf8')) as Rollout;
        assert.deepEqual(rollout.waves.flatMap((wave) => wave.stacks).sort(), stacks.map(({ name }) => name).sort());

        const grown = await synthesizeEnvironment({ ...environment, regions: [...environment.regions, added] });
        const after = filesOf(grown);
        for (const [name, text] of before) if (!isGlobal(prefix, name)) assert.equal(after.get(name), text, name);
        for (const name of after.keys()) assert.ok(before.has(name) || name.startsWith(`${prefix}-sydney`) || isGlobal(prefix, name), name);
        const kept = statefulIds(deployedStacks(grown));
        assert.deepEqual(
          statefulIds(stacks).filter((id) => !kept.includes(id)),
          [],
        );
      }),
      { numRuns: 14, seed: 20_261 },
    );
  });

  it('changes the core stacks of the last region and the global files, and no stateful id, when that region gains shard groups (L11)', async () => {
    await fc.assert(
      fc.asyncProperty(environments, fc.integer({ min: 1, max: 60 }), async (environment, more) => {
        const last = environment.regions.at(-1)!;
        const regions = environment.regions.with(-1, { ...last, shards: last.shards! + more });
        const groups = (one: Environment) => createPlan(one).regions.at(-1)!.groups.length;
        fc.pre(groups({ ...environment, regions }) > groups(environment));
        const [first, second] = [await synthesizeEnvironment(environment), await synthesizeEnvironment({ ...environment, regions })];
        const [before, after] = [filesOf(first), filesOf(second)];
        const prefix = `iris-${environment.name}`;
        const changed = [...after]
          .filter(([name, text]) => before.get(name) !== text && name.endsWith('.template.json'))
          .map(([name]) => name);
        for (const name of changed) assert.ok(isGlobal(prefix, name) || name.startsWith(`${prefix}-${last.code}-core-`), name);
        assert.ok(changed.some((name) => name.startsWith(`${prefix}-${last.code}-core-`)));
        const kept = statefulIds(deployedStacks(second));
        assert.ok(statefulIds(deployedStacks(first)).every((id) => kept.includes(id)));
      }),
      { numRuns: 5, seed: 20_262 },
    );
  });

  it('has a plan without overlaps, in which every shard has one group (C12)', () => {
    fc.assert(
      fc.property(environments, (environment) => assert.deepEqual(overlapProblems(createPlan(environment)), [])),
      { numRuns: 300, seed: 20_263 },
    );
  });

  it('has node configs that a node takes, whatever its fields say (L12)', () => {
    fc.assert(
      fc.property(environments, (environment) => {
        const plan = createPlan(environment);
        for (const { code } of plan.regions) assert.equal(nodeConfigsOf(plan, code).core.region, code);
      }),
      { numRuns: 300, seed: 20_265 },
    );
  });

  it('gives each of a million slots one shard, and every shard slots (C12)', () => {
    fc.assert(
      fc.property(environments, (environment) => assert.deepEqual(slotProblems(createPlan(environment)), [])),
      { numRuns: 15, seed: 20_264 },
    );
  });
});
