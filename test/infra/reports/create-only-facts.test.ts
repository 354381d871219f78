import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { proof } from '../../../environments/proof.ts';
import { CREATE_ONLY } from '../../../infra/facts/create-only.ts';
import type { Template } from '../../../infra/reports/diff/template.ts';
import { fullEnvironment } from '../apps/full-environment.ts';
import { synthesizeEnvironment } from '../apps/synthesize-fixture.ts';

interface Finding {
  readonly ruleId: string;
  readonly entity: { readonly resourceType: string };
  readonly propertyPath: string;
}

/** The engine that the library brings along; it knows CloudFormation’s own schemas. */
interface Validator {
  readonly CompositeEngine: new (
    config: object,
  ) => {
    validateTemplate(template: unknown, options: { severityLevel: string }): { diagnostics: Finding[] };
  };
  readonly TemplateContent: new (text: string) => unknown;
}

function validator(): Validator {
  const library = createRequire(require.resolve('aws-cdk-lib/package.json'));
  return library('@aws/cloudformation-validate') as Validator;
}

it('the create-only table has every type of both foundations, and every property that CloudFormation’s schemas call create-only', async () => {
  const { CompositeEngine, TemplateContent } = validator();
  const engine = new CompositeEngine({});
  const missing = new Set<string>();
  let checked = 0;
  for (const environment of [proof, fullEnvironment]) {
    const { directory } = await synthesizeEnvironment(environment, { validate: false, regions: ['tokyo'] });
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.template.json'))) {
      const text = readFileSync(join(directory, file), 'utf8');
      for (const { Type } of Object.values((JSON.parse(text) as Template).Resources ?? {}))
        if (CREATE_ONLY[Type] === undefined) missing.add(Type);
      for (const finding of engine.validateTemplate(new TemplateContent(text), { severityLevel: 'INFO' }).diagnostics) {
        if (finding.ruleId !== 'I9001') continue;
        checked++;
        const path = finding.propertyPath.replace(/^Properties\./, '');
        const facts = CREATE_ONLY[finding.entity.resourceType];
        if (facts?.always.includes(path) !== true && facts?.sometimes.includes(path) !== true)
          missing.add(`${finding.entity.resourceType} ${path}`);
      }
    }
  }
  expect([...missing]).toEqual([]);
  expect(checked).toBeGreaterThan(100);
});
