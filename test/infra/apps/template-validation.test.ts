import assert from 'node:assert/strict';
import { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { Stack } from 'aws-cdk-lib/core';
import { presets } from '../../../environments/presets.ts';
import { createAwsApp } from '../../../infra/apps/aws-app.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import type { RegionPlan } from '../../../infra/plan/plan.ts';
import { synthesizeEnvironment, temporaryFolder } from './synthesize-fixture.ts';

/** Regions alike but for names and numbers give templates alike; what the rules look at is in here. */
function shapeOf(region: RegionPlan): string {
  const stacks = [region.bus !== null, region.store !== null, region.directory !== null];
  const placement = [region.zoneIds.length, region.coresPerGroup, region.amiId !== null, region.storeAmiId !== null];
  return JSON.stringify([region.awsRegion, region.instanceTypes, stacks, placement]);
}

describe('the library’s own template validation (A19)', () => {
  const saved = process.env['CDK_VALIDATION'];
  beforeAll(() => {
    delete process.env['CDK_VALIDATION'];
  });
  afterAll(() => {
    process.env['CDK_VALIDATION'] = saved;
  });

  it.each([...presets.keys()])('passes for %s, every distinct shape of region in it', async (name) => {
    const environment = presets.get(name)!;
    const byShape = new Map(createPlan(environment).regions.map((region) => [shapeOf(region), region.code]));
    const { templates } = await synthesizeEnvironment(environment, { validate: true, regions: [...byShape.values()] });
    assert.ok(templates.length >= 6);
  });

  it('fails on a template that CloudFormation would refuse, so it is known to be on', () => {
    const app = createAwsApp({ outDir: temporaryFolder(), validate: true });
    new CfnInstance(new Stack(app, 'wrong', { env: { region: 'me-central-1' } }), 'Instance', {
      instanceType: 'c7g.large',
      imageId: 'ami-0123456789abcdef0',
    });
    assert.throws(() => app.synth(), /E3628|[Vv]alidation/);
  });
});
