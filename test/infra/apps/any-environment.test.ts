import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Environment } from '../../../environments/environment.ts';
import type { Rollout } from '../../../infra/reports/rollout.ts';
import { filesOf, synthesizeEnvironment } from './synthesize-fixture.ts';

const AWS_REGIONS = ['ap-northeast-1', 'sa-east-1', 'ap-south-1', 'eu-central-1', 'us-west-2'];
const CODES = ['tokyo', 'sao-paulo', 'mumbai', 'frankfurt', 'oregon'];

/** Environments of one to five regions of stated size; the first serves whoever no other does. */
const environments: fc.Arbitrary<Environment> = fc
  .record({
    foundation: fc.constantFrom('embedded', 'distributed'),
    zones: fc.constantFrom(2, 3),
    sizes: fc.array(fc.record({ edges: fc.integer({ min: 1, max: 8 }), shards: fc.integer({ min: 1, max: 120 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
  })
  .map(({ foundation, zones, sizes }) => ({
    name: 'drawn',
    domain: 'drawn.example.com',
    foundation,
    zones: foundation === 'distributed' ? 3 : zones,
    shardsPerGroup: 25,
    instanceTypes: { store: 'i4i.4xlarge' },
    dailyActiveUsers: 1_000_000,
    regions: sizes.map((size, index) => ({
      ...size,
      code: CODES[index]!,
      awsRegion: AWS_REGIONS[index]!,
      cidr: `10.${index}.0.0/16`,
      serves: { default: index === 0 },
    })),
  })) as fc.Arbitrary<Environment>;

const added = { code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.9.0.0/16', edges: 2, shards: 3, serves: { countries: ['AU'] } };

/** Files that may change when any region comes or goes. */
const GLOBAL = /^(iris-drawn-global|iris-drawn\.slotmap$|iris-manifest\.json$|manifest\.json$|rollout\.json$)/;

describe('any environment', () => {
  it('gains only the new region’s files and the global ones when a region is added (L11, N8)', async () => {
    await fc.assert(
      fc.asyncProperty(environments, async (environment) => {
        const before = filesOf(await synthesizeEnvironment(environment));
        const after = filesOf(await synthesizeEnvironment({ ...environment, regions: [...environment.regions, added] }));
        for (const [name, text] of before) if (!GLOBAL.test(name)) assert.equal(after.get(name), text, name);
        for (const name of after.keys()) assert.ok(before.has(name) || name.startsWith('iris-drawn-sydney'), name);
      }),
      { numRuns: 12, seed: 20_261 },
    );
  });

  it('lists every stack once in the order of its first deployment', async () => {
    await fc.assert(
      fc.asyncProperty(environments, async (environment) => {
        const assembly = await synthesizeEnvironment(environment);
        const stacks = assembly.templates.map(({ stack }) => stack);
        assert.equal(new Set(stacks).size, stacks.length);
        const rollout = JSON.parse(readFileSync(join(assembly.directory, 'rollout.json'), 'utf8')) as Rollout;
        assert.deepEqual(rollout.waves.flatMap((wave) => wave.stacks).sort(), [...stacks].sort());
      }),
      { numRuns: 8, seed: 20_262 },
    );
  });
});
