import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAwsApp } from '../infra/apps/aws-app.ts';
import { synthesize } from '../infra/apps/synthesize.ts';
import { buildNodePackage } from '../infra/package/node-package.ts';
import type { Plan } from '../infra/plan/plan.ts';
import type { Template, Templates } from '../infra/reports/diff/template.ts';
import type { CommandIo } from './command.ts';
import { packageCache } from './package-cache.ts';

const TEMPLATE = '.template.json';

/** The templates of a plan, synthesized into a folder that is gone afterwards; none for an environment that runs on one machine. */
export async function synthesizedTemplates(io: CommandIo, plan: Plan): Promise<Templates> {
  if (plan.runsIn === 'local') return new Map();
  const nodePackage = await buildNodePackage({ onProgress: (text) => io.note(text), signal: io.signal, ...packageCache(io.env) });
  const outDir = mkdtempSync(join(tmpdir(), 'iris-assembly-'));
  try {
    io.note(`synthesizing ${plan.environment}`);
    await synthesize(createAwsApp({ outDir, validate: false }), { plan, nodePackage });
    return readTemplates(outDir);
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

/** The templates in the folder of an assembly. */
export function readTemplates(directory: string): Templates {
  const files = readdirSync(directory).filter((file) => file.endsWith(TEMPLATE));
  return new Map(
    files.map((file) => [file.slice(0, -TEMPLATE.length), JSON.parse(readFileSync(join(directory, file), 'utf8')) as Template]),
  );
}
