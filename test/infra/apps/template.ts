import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assembly } from '../../../infra/apps/synthesize.ts';

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
