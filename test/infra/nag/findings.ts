import { AwsSolutionsChecks } from 'cdk-nag';
import type { Environment } from '../../../environments/environment.ts';
import { addAwsStacks, createAwsApp } from '../../../infra/apps/aws-app.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import type { Plan, RegionPlan } from '../../../infra/plan/plan.ts';
import { fixturePackage } from '../apps/fixture-package.ts';
import { distinctRegions, resourcesKind } from '../apps/region-shapes.ts';
import { temporaryFolder } from '../apps/synthesize-fixture.ts';

/**
 * What cdk-nag’s AwsSolutions rules find in an environment, one region of each kind: `<rule> <part of the region> <construct>`, with names
 * of environment, region and group taken out, so that one line stands for all regions. Sorted, each once. Nothing is acknowledged in code.
 */
export function nagFindings(environment: Environment): string[] {
  const plan = createPlan(environment);
  const regions = distinctRegions(plan, resourcesKind);
  const app = createAwsApp({ outDir: temporaryFolder(), validate: false });
  addAwsStacks(app, { plan, nodePackage: fixturePackage(temporaryFolder()), regions });
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  const lines = violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath = '' }) => ({ rule: ruleName.replace('AwsSolutions-', ''), path: constructPath })),
  );
  const chosen = plan.regions.filter(({ code }) => regions.includes(code));
  return [...new Set(lines.map(({ rule, path }) => `${anonymous(rule, path, plan, chosen)} ${partOf(path, chosen)}`))].toSorted();
}

/** `iris-proof-tokyo-core-0/Core/Nodes-tokyo-g0` → `core/Core/Nodes-<group>`. */
function partOf(path: string, regions: readonly RegionPlan[]): string {
  const region = regionOf(path, regions);
  if (region === undefined) return path.replace(/^[^/]*-global/, 'global').replace(/-account-\d+/, '-account');
  const part = path.slice(region.names.prefix.length + 1).replace(/^(.+?)(?:-\d+)?\//, '$1/');
  return part.replace(new RegExp(`${region.code}-g\\d+`), '<group>').replace(/(Node|Interface|Volume)-\d+/, '$1-<n>');
}

function anonymous(rule: string, path: string, plan: Plan, regions: readonly RegionPlan[]): string {
  const region = regionOf(path, regions);
  const words: readonly (readonly [text: string, word: string])[] = [
    ...(region === undefined
      ? []
      : ([
          [region.names.prefix, '<region>'],
          [region.code, '<code>'],
          [region.awsRegion, '<aws-region>'],
        ] as const)),
    ...plan.accounts.map((account) => [account, '<AWS::AccountId>'] as const),
    [plan.globalRegion, '<global-aws-region>'],
    [plan.domain, '<domain>'],
    [`iris-${plan.environment}`, 'iris-<environment>'],
    [`iris.${plan.environment}.`, 'iris.<environment>.'],
    [`iris/${plan.environment}`, 'iris/<environment>'],
  ];
  return words.reduce((text, [from, to]) => text.replaceAll(from, to), rule);
}

function regionOf(path: string, regions: readonly RegionPlan[]): RegionPlan | undefined {
  return regions.find(({ names }) => path.startsWith(`${names.prefix}-`));
}
