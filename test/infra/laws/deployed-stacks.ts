import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { type Resource, readTemplate, type Template } from '../apps/template.ts';

/** A synthesized stack with the place it is deployed to. */
export interface DeployedStack {
  readonly name: string;
  /** Code of the Iris region; `global` for what no region has. */
  readonly region: string;
  /** What it is in its region: network, edge, core, …; for a global one its name below the prefix. */
  readonly part: string;
  /** `aws://account/region`. */
  readonly place: string;
  readonly isProtected: boolean;
  readonly template: Template;
}

interface CloudAssembly {
  readonly artifacts: Readonly<
    Record<string, { readonly environment?: string; readonly properties?: { readonly terminationProtection?: boolean } }>
  >;
}

/** All stacks in the order of their first deployment. */
export function deployedStacks(assembly: Assembly): DeployedStack[] {
  const { artifacts } = JSON.parse(readFileSync(join(assembly.directory, 'manifest.json'), 'utf8')) as CloudAssembly;
  const stack = (region: string, name: string): DeployedStack => ({
    name,
    region,
    part: region === 'global' ? name.slice(assembly.globalStack.length + 1) || 'zone' : partOf(name, region),
    place: artifacts[name]?.environment ?? '',
    isProtected: artifacts[name]?.properties?.terminationProtection === true,
    template: readTemplate(assembly, name),
  });
  const ofRegions = Object.entries(assembly.regionStacks).flatMap(([code, names]) => names.map((name) => stack(code, name)));
  const first = [assembly.globalStack, ...assembly.accountStacks];
  return [...first.map((name) => stack('global', name)), ...ofRegions, ...assembly.routingStacks.map((name) => stack('global', name))];
}

/** `iris-proof-tokyo-core-1` → `core`. */
function partOf(name: string, region: string): string {
  const part = name.slice(name.lastIndexOf(`-${region}-`) + region.length + 2);
  return part.replace(/-\d+$/, '');
}

export interface PlacedResource extends Resource {
  readonly id: string;
  readonly stack: DeployedStack;
}

export function resourcesIn(stacks: readonly DeployedStack[], type?: string): PlacedResource[] {
  return stacks.flatMap((stack) =>
    Object.entries(stack.template.Resources)
      .filter(([, resource]) => type === undefined || resource.Type === type)
      .map(([id, resource]) => ({ ...resource, id, stack })),
  );
}

/** A property, by its path with dots. */
export function property({ Properties }: Resource, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], Properties);
}

export function where({ stack, id }: PlacedResource): string {
  return `${stack.name} ${id}`;
}
