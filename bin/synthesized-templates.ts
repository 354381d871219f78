import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAwsApp } from '../infra/apps/aws-app.ts';
import { MANIFEST_FILE, ROLLOUT_FILE, synthesize } from '../infra/apps/synthesize.ts';
import { buildNodePackage } from '../infra/package/node-package.ts';
import type { Plan } from '../infra/plan/plan.ts';
import type { Template, Templates } from '../infra/reports/diff/template.ts';
import type { Rollout } from '../infra/reports/rollout.ts';
import type { CommandIo } from './command.ts';
import { packageCache } from './package-cache.ts';

const TEMPLATE = '.template.json';

/** The templates of a plan, synthesized into a folder that is gone afterwards; none for an environment that runs on one machine. */
export async function synthesizedTemplates(io: CommandIo, plan: Plan): Promise<Templates> {
  if (plan.runsIn === 'local') return new Map();
  return await inPassing(async (directory) => {
    await synthesizeInto(io, plan, directory);
    return readTemplates(directory);
  });
}

/** The waves of a plan’s deployment. @throws IrisError SYNTH_FAILED for an environment that runs on one machine. */
export async function synthesizedRollout(io: CommandIo, plan: Plan): Promise<Rollout> {
  return await inPassing((directory) => synthesizeInto(io, plan, directory));
}

/** Writes the assembly of a plan without checking its templates. */
export async function synthesizeInto(io: CommandIo, plan: Plan, directory: string): Promise<Rollout> {
  const nodePackage = await buildNodePackage({ onProgress: (text) => io.note(text), signal: io.signal, ...packageCache(io.env) });
  io.note(`synthesizing ${plan.environment}`);
  await synthesize(createAwsApp({ outDir: directory, validate: false }), { plan, nodePackage });
  return JSON.parse(readFileSync(join(directory, ROLLOUT_FILE), 'utf8')) as Rollout;
}

/** The templates in the folder of an assembly, without those of stacks that its rollout deletes. */
export function readTemplates(directory: string): Templates {
  const leaving = leavingStacks(directory);
  const files = readdirSync(directory).filter((file) => file.endsWith(TEMPLATE) && !leaving.has(file.slice(0, -TEMPLATE.length)));
  return new Map(
    files.map((file) => [file.slice(0, -TEMPLATE.length), JSON.parse(readFileSync(join(directory, file), 'utf8')) as Template]),
  );
}

function leavingStacks(directory: string): Set<string> {
  const manifest = JSON.parse(readFileSync(join(directory, MANIFEST_FILE), 'utf8')) as { leavingStacks?: Record<string, string[]> };
  return new Set(Object.values(manifest.leavingStacks ?? {}).flat());
}

async function inPassing<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'iris-assembly-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
