import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../environments/environment.ts';
import { createAwsApp } from '../../../infra/apps/aws-app.ts';
import { type Assembly, synthesize } from '../../../infra/apps/synthesize.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { fixturePackage } from './fixture-package.ts';

export { filesOf, type Resource, readTemplate, resourcesOfType, type Template } from './template.ts';

const folders: string[] = [];

/** Removed after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'iris-assembly-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export interface SynthesizeOptions {
  readonly validate?: boolean;
  readonly regions?: readonly string[];
}

export async function synthesizeEnvironment(environment: Environment, options: SynthesizeOptions = {}): Promise<Assembly> {
  const { validate = false, regions } = options;
  const app = createAwsApp({ outDir: temporaryFolder(), validate });
  return await synthesize(app, {
    plan: createPlan(environment),
    nodePackage: fixturePackage(temporaryFolder()),
    ...(regions && { regions }),
  });
}
