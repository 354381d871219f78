import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { growth } from '../../../environments/growth.ts';
import { proof } from '../../../environments/proof.ts';
import { environmentFields } from '../../../environments/schema-fields.ts';
import { resourcesOf, type Template } from '../../../infra/reports/diff/template.ts';
import { explain } from '../../../infra/reports/explain/explain.ts';
import { REASONS, reasonOf } from '../../../infra/reports/explain/reasons.ts';
import { fullEnvironment } from '../apps/full-environment.ts';
import { type SynthesizeOptions, synthesizeEnvironment } from '../apps/synthesize-fixture.ts';
import { twoAccounts } from '../apps/two-accounts.ts';

async function templatesOf(environment: typeof proof, options: SynthesizeOptions = { regions: ['tokyo'] }) {
  const { directory, templates } = await synthesizeEnvironment(environment, options);
  return new Map(
    templates.map(({ stack }) => [stack, JSON.parse(readFileSync(join(directory, `${stack}.template.json`), 'utf8')) as Template]),
  );
}

describe('the reasons of resources (N3)', () => {
  it('cover every resource of both foundations, and each of them is used', async () => {
    const used = new Set<unknown>();
    const unexplained: string[] = [];
    // Joins come with the whole environment only.
    for (const templates of [await templatesOf(proof, {}), await templatesOf(fullEnvironment), await templatesOf(twoAccounts)]) {
      for (const [stack, template] of templates) {
        for (const [id, { Type }] of Object.entries(resourcesOf(template))) {
          const reason = reasonOf(stack, id, Type);
          if (reason === undefined) unexplained.push(`${stack}/${id}`);
          used.add(reason);
        }
      }
    }
    expect(unexplained).toEqual([]);
    expect(REASONS.filter((reason) => !used.has(reason)).map(({ what }) => what)).toEqual([]);
  });

  it('name fields that an environment has', () => {
    const fields = new Set(environmentFields().map(({ path }) => path));
    expect(REASONS.flatMap((reason) => reason.fields).filter((field) => !fields.has(field))).toEqual([]);
  });
});

it('an explanation says what goes with the network: clusters and nodes of other stacks, through their parameters', async () => {
  const templates = await templatesOf(growth);
  const [vpc, ...others] = explain(templates, 'AWS::EC2::VPC').filter(({ type }) => type === 'AWS::EC2::VPC');
  expect(others).toEqual([]);
  expect(vpc).toMatchObject({ type: 'AWS::EC2::VPC', createOnly: expect.arrayContaining(['CidrBlock']) as unknown });
  const types = new Set(vpc!.replacedWithIt.map(({ type }) => type));
  expect([...types]).toEqual(expect.arrayContaining(['AWS::EC2::Subnet', 'AWS::MSK::Cluster', 'AWS::EC2::NetworkInterface']));
  expect(explain(templates, 'aws::msk::cluster')).toHaveLength(1);
  expect(explain(templates, 'nothing-like-it')).toEqual([]);
});
