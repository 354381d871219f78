import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../environments/environment.ts';
import { createAwsApp } from '../../../infra/apps/aws-app.ts';
import { type Assembly, synthesize } from '../../../infra/apps/synthesize.ts';
import { createPlan } from '../../../infra/plan/create-plan.ts';
import { fixturePackage } from './fixture-package.ts';

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

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: string }>>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export function readTemplate(assembly: Assembly, stack: string): Template {
  return JSON.parse(readFileSync(join(assembly.directory, `${stack}.template.json`), 'utf8')) as Template;
}

/** Text of every file of an assembly by name, but for CDK’s own list of paths and the binary assets. */
export function filesOf(assembly: Assembly): Map<string, string> {
  const names = readdirSync(assembly.directory).filter((name) => /\.(json|nodeconfig|slotmap)$/.test(name));
  return new Map(names.sort().map((name) => [name, readFileSync(join(assembly.directory, name), 'utf8')]));
}

export function resourcesOfType(template: Template, type: string): Resource[] {
  return Object.values(template.Resources).filter((resource) => resource.Type === type);
}
