/**
 * What a preset synthesizes to, in the form that is committed: `proof` as readable files, the others as a list of hashes, and of each
 * what its roles may do. It shows what a change of a construct does to every environment.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assembly } from '../../../infra/apps/synthesize.ts';
import { deployedStacks } from '../laws/deployed-stacks.ts';
import { roleActions } from '../laws/iam-actions.ts';

/** Committed files by their path below the snapshots’ folder. */
export type Snapshot = ReadonlyMap<string, string>;

export const SNAPSHOT_FOLDER = join(import.meta.dirname, '__snapshots__');
export const UPDATE_COMMAND = 'npm run snapshots';

/** Small enough to read, and with a region of each kind of place. */
const READABLE = 'proof';

export function snapshotOf(preset: string, assembly: Assembly): Snapshot {
  const files = deployedFiles(assembly);
  const roles = [`${preset}.roles.json`, `${JSON.stringify(roleActions(deployedStacks(assembly)), null, 2)}\n`] as const;
  if (preset === READABLE) return new Map([...[...files].map(([name, text]) => [`${preset}/${name}`, readable(text)] as const), roles]);
  const lines = [...files].map(([name, text]) => `${createHash('sha256').update(text).digest('hex')}  ${name}\n`);
  return new Map([[`${preset}.sha256`, lines.join('')], roles]);
}

/** What a deployment uses: templates, documents that nodes read, waves and the Terraform configuration; not CDK’s own lists of paths. */
function deployedFiles({ directory, terraform }: Assembly): Map<string, string> {
  const names = readdirSync(directory).filter((name) => /(\.template\.json|\.nodeconfig|\.slotmap|^rollout\.json)$/.test(name));
  const stacks = terraform === null ? [] : readdirSync(join(directory, terraform, 'stacks'));
  const all = [...names, ...stacks.map((stack) => `${terraform}/stacks/${stack}/cdk.tf.json`)].toSorted();
  return new Map(all.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** JSON with one line of a script on one line of the file, so that its changes can be read. */
function readable(text: string): string {
  const split = (_: string, value: unknown): unknown =>
    typeof value === 'string' && value.includes('\n') ? { 'text of lines': value.split('\n') } : value;
  return `${JSON.stringify(JSON.parse(text), split, 2)}\n`;
}
