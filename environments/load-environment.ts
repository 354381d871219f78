import { access } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import type { Environment } from './environment.ts';
import { readEnvironmentJson } from './environment-json.ts';
import { nearestName } from './nearest-name.ts';
import { presets } from './presets.ts';

/**
 * The environment that a command was given: a preset’s name, or a path (from `cwd`) of a `.json` file or of a `.ts`, `.mts`, `.js` or
 * `.mjs` module that exports it as its default or as its only export. What it holds is not checked here: `createPlan` tells all of it
 * at once.
 * @throws IrisError ENVIRONMENT_UNKNOWN when nothing has that name; FILE_UNREADABLE when the file cannot be loaded.
 */
export async function loadEnvironment(nameOrPath: string, cwd: string): Promise<Environment> {
  const preset = presets.get(nameOrPath);
  if (preset !== undefined) return preset;
  const path = resolve(cwd, nameOrPath);
  if (!(await isReadable(path))) throw unknownEnvironment(nameOrPath);
  switch (extname(path)) {
    case '.json':
      return readEnvironmentJson(path) as Environment;
    case '.ts':
    case '.mts':
    case '.js':
    case '.mjs':
      return importEnvironment(path);
    default:
      throw new IrisError('FILE_UNREADABLE', `${nameOrPath} is no environment file, give a .ts, .mts, .js, .mjs or .json file`);
  }
}

async function importEnvironment(path: string): Promise<Environment> {
  const exported = Object.entries(await importModule(path));
  const chosen = exported.find(([name]) => name === 'default') ?? (exported.length === 1 ? exported[0] : undefined);
  if (chosen === undefined) {
    const names = exported.map(([name]) => name).join(', ') || 'nothing';
    throw new IrisError('FILE_UNREADABLE', `${path} exports ${names}, it must export one environment, or one as its default`);
  }
  return chosen[1] as Environment;
}

/** A file that is no part of a project with this package installed still finds its door: in a clone, and beside a bare checkout. */
function openDoor(): { deregister(): void } {
  const door = new URL(import.meta.url.endsWith('.ts') ? './index.ts' : './index.js', import.meta.url).href;
  return registerHooks({ resolve: (specifier, context, next) => next(specifier === 'iris/environments' ? door : specifier, context) });
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  const hooks = openDoor();
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `${path} cannot be loaded: ${errorLine(cause)}`);
  } finally {
    hooks.deregister();
  }
}

async function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function unknownEnvironment(name: string): IrisError {
  const names = [...presets.keys()];
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : `, did you mean ${nearest}`;
  return new IrisError('ENVIRONMENT_UNKNOWN', `no preset or file '${name}'${hint}; presets are ${names.join(', ')}`);
}
