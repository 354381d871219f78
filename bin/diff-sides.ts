import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from '../environments/environment.ts';
import { loadEnvironment } from '../environments/load-environment.ts';
import { MANIFEST_FILE } from '../infra/apps/synthesize.ts';
import { createPlan } from '../infra/plan/create-plan.ts';
import type { DiffSide } from '../infra/reports/diff/diff-report.ts';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import type { CommandIo } from './command.ts';
import { readTemplates, synthesizedTemplates } from './synthesized-templates.ts';

const run = promisify(execFile);

type Source =
  | { readonly kind: 'assembly'; readonly name: string; readonly directory: string }
  | { readonly kind: 'environment'; readonly name: string; readonly environment: Environment };

/**
 * Both sides of a comparison. Each is an environment (preset or file), the folder of an assembly, or `revision:file`, the environment as
 * it was in git. Two environments of different names are compared under the name of the first, since every resource carries it.
 * @throws IrisError ENVIRONMENT_UNKNOWN, ENVIRONMENT_INVALID, FILE_UNREADABLE, SYNTH_FAILED
 */
export async function diffSides(io: CommandIo, names: readonly [string, string]): Promise<[DiffSide, DiffSide]> {
  const scratch = mkdtempSync(join(tmpdir(), 'iris-diff-'));
  try {
    const [before, after] = [await sourceOf(io, scratch, names[0]), await sourceOf(io, scratch, names[1])];
    const first = await sideOf(io, before);
    return [first, await sideOf(io, renamed(after, first, io))];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function sourceOf(io: CommandIo, scratch: string, name: string): Promise<Source> {
  const directory = resolve(io.cwd, name);
  if (existsSync(join(directory, MANIFEST_FILE))) return { kind: 'assembly', name, directory };
  const revision = /^([^:]+):(.+)$/.exec(name);
  if (revision !== null && !existsSync(directory)) {
    const folder = await checkOut(io.cwd, scratch, revision[1] as string);
    return { kind: 'environment', name, environment: await loadEnvironment(revision[2] as string, folder) };
  }
  return { kind: 'environment', name, environment: await loadEnvironment(name, io.cwd) };
}

/** The files of a revision, in a folder of their own; the working tree stays as it is. */
async function checkOut(cwd: string, scratch: string, revision: string): Promise<string> {
  const folder = mkdtempSync(join(scratch, 'revision-'));
  const archive = `${folder}.tar`;
  try {
    const { stdout } = await run('git', ['rev-parse', '--show-toplevel'], { cwd });
    const top = stdout.trim();
    await run('git', ['archive', '--format=tar', `--output=${archive}`, revision], { cwd: top });
    await run('tar', ['-xf', archive, '-C', folder]);
    if (existsSync(join(top, 'node_modules'))) symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'));
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `git has no revision '${revision}' here: ${errorLine(cause)}`, { cause });
  }
  return folder;
}

function renamed(source: Source, first: DiffSide, io: CommandIo): Source {
  if (source.kind === 'assembly' || first.plan === null || source.environment.name === first.environment) return source;
  io.note(`${source.name} is compared under the name ${first.environment}, since every resource carries the name of its environment`);
  return { ...source, environment: { ...source.environment, name: first.environment, domain: first.plan.domain } };
}

async function sideOf(io: CommandIo, source: Source): Promise<DiffSide> {
  if (source.kind === 'assembly') {
    const { environment } = JSON.parse(readFileSync(join(source.directory, MANIFEST_FILE), 'utf8')) as { environment: string };
    return { name: source.name, environment, templates: readTemplates(source.directory), plan: null };
  }
  const plan = createPlan(source.environment);
  return { name: source.name, environment: plan.environment, templates: await synthesizedTemplates(io, plan), plan };
}
