import assert from 'node:assert/strict';
import { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { Stack } from 'aws-cdk-lib/core';
import { presets } from '../../../environments/presets.ts';
import { createAwsApp } from '../../../infra/apps/aws-app.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { distinctRegions, rulesKind } from './region-shapes.ts';
import { synthesizeEnvironment, temporaryFolder } from './synthesize-fixture.ts';
import { twoAccounts } from './two-accounts.ts';

describe('the library’s own template validation (A19)', () => {
  const saved = process.env['CDK_VALIDATION'];
  beforeAll(() => {
    delete process.env['CDK_VALIDATION'];
  });
  afterAll(() => {
    process.env['CDK_VALIDATION'] = saved;
  });

  it.each([...presets, ['two accounts', twoAccounts] as const])(
    'passes for %s, every distinct shape of region in it',
    async (_, environment) => {
      const regions = distinctRegions(createPlan(environment), rulesKind);
      const { templates } = await synthesizeEnvironment(environment, { validate: true, regions });
      assert.ok(templates.length >= 6);
    },
  );

  it('fails on a template that CloudFormation would refuse, so it is known to be on', () => {
    const app = createAwsApp({ outDir: temporaryFolder(), validate: true });
    new CfnInstance(new Stack(app, 'wrong', { env: { region: 'me-central-1' } }), 'Instance', {
      instanceType: 'c7g.large',
      imageId: 'ami-0123456789abcdef0',
    });
    assert.throws(() => app.synth(), /E3628|[Vv]alidation/);
  });
});
