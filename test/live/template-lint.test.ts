/** cfn-lint, a second opinion on every template beside the library’s own rules (A19). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { presets } from '../../environments/presets.ts';
import { createPlan } from '../../infra/plan/create-plan.ts';
import { fullEnvironment } from '../infra/apps/full-environment.ts';
import { resourcesKind } from '../infra/apps/region-shapes.ts';
import { synthesizeEnvironment } from '../infra/apps/synthesize-fixture.ts';
import { twoAccounts } from '../infra/apps/two-accounts.ts';
import { pythonOfAws } from '../services/aws/emulated-aws.ts';

const FINDINGS_SHOWN_MAX = 10;

interface Finding {
  readonly Filename: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}

/** Findings of every level in the templates, as each AWS region would see them; the first ones. */
function lint(python: string, awsRegions: readonly string[], paths: readonly string[]): string[] {
  const args = [join(dirname(python), 'cfn-lint'), '--format', 'json', '--regions', ...awsRegions, '--', ...paths];
  const { stdout, stderr } = spawnSync(python, args, { encoding: 'utf8', timeout: 180_000, maxBuffer: 2 ** 26 });
  if (!stdout.trim().startsWith('[')) throw new Error(`cfn-lint did not run: ${stderr}`);
  const findings = (JSON.parse(stdout) as Finding[]).map(
    ({ Filename, Rule, Message, Location }) =>
      `${Filename.split('/').at(-1)} ${Rule.Id} ${Location.Path?.slice(0, 4).join('/') ?? ''}: ${Message}`,
  );
  return [...new Set(findings)].slice(0, FINDINGS_SHOWN_MAX);
}

describe('cfn-lint', () => {
  let python: string;

  beforeAll(() => {
    python = pythonOfAws();
  }, 240_000);

  it.each([
    ...[...presets].map(([name, preset]) => [name, preset] as const),
    ['every part that may be left out', fullEnvironment] as const,
    ['two accounts', twoAccounts] as const,
  ])(
    'finds nothing in %s: each kind of region, by the rules of every AWS region that it uses',
    async (_, environment) => {
      const plan = createPlan(environment);
      const kinds = Map.groupBy(plan.regions, (region) => JSON.stringify([resourcesKind(region), region.instanceTypes]));
      const { directory, regionStacks, globalStack, accountStacks, routingStacks } = await synthesizeEnvironment(environment, {
        regions: [...kinds.values()].map(([region]) => region!.code),
      });
      const pathOf = (stack: string) => join(directory, `${stack}.template.json`);
      for (const regions of kinds.values()) {
        const awsRegions = [...new Set(regions.map(({ awsRegion }) => awsRegion))];
        expect(lint(python, awsRegions, regionStacks[regions[0]!.code]!.map(pathOf))).toEqual([]);
      }
      expect(lint(python, [plan.globalRegion], [globalStack, ...accountStacks, ...routingStacks].map(pathOf))).toEqual([]);
    },
    240_000,
  );

  it('finds a property that does not exist, so it is known to look', () => {
    const folder = mkdtempSync(join(tmpdir(), 'iris-lint-'));
    const path = join(folder, 'wrong.template.json');
    writeFileSync(
      path,
      JSON.stringify({ Resources: { Disk: { Type: 'AWS::EC2::Volume', Properties: { AvailabilityZone: 'a', Sizes: 3 } } } }),
    );
    const findings = lint(python, ['us-east-1'], [path]);
    rmSync(folder, { recursive: true });
    expect(findings.join('\n')).toMatch(/E3002 Resources\/Disk\/Properties\/Sizes/);
  });
});
