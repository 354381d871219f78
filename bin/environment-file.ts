import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Environment } from '../environments/environment.ts';
import { loadEnvironment } from '../environments/load-environment.ts';
import type { Region } from '../environments/region.ts';
import { createPlan } from '../infra/plan/create-plan.ts';
import { IrisError } from '../runtime/contract/errors.ts';

/**
 * Adds a region to the list in an environment’s file and raises its slot map’s version; the rest of the text stays as it is. The new text
 * takes the file’s place only once it has been loaded and planned.
 * @throws IrisError FILE_UNREADABLE when the file has no list of regions to be edited: one written out as `regions: […]`.
 */
export async function addRegionToFile(path: string, changed: Environment, entry: Region): Promise<void> {
  const isJson = extname(path) === '.json';
  const text = isJson ? `${JSON.stringify(changed, null, 2)}\n` : editModule(path, readFileSync(path, 'utf8'), changed, entry);
  const draft = join(dirname(path), `.draft-${process.pid}-${basename(path)}`);
  try {
    writeFileSync(draft, text);
    createPlan(await loadEnvironment(draft, '/'));
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function editModule(path: string, text: string, { slotMapVersion }: Environment, entry: Region): string {
  const start = /\bregions:\s*\[/.exec(text);
  const end = start === null ? -1 : closingBracket(text, start.index + start[0].length);
  if (start === null || end < 0)
    throw new IrisError('FILE_UNREADABLE', `${path} does not write its regions out as regions: […]; add the entry of --print by hand`);
  const before = text.slice(0, end).trimEnd();
  const comma = before.endsWith(',') || before.endsWith('[') ? '' : ',';
  const withEntry = `${before}${comma}\n    ${literal(entry)},\n  ${text.slice(end)}`;
  if (/\bslotMapVersion:\s*\d+/.test(withEntry)) return withEntry.replace(/\bslotMapVersion:\s*\d+/, `slotMapVersion: ${slotMapVersion}`);
  return `${withEntry.slice(0, start.index)}slotMapVersion: ${slotMapVersion},\n  ${withEntry.slice(start.index)}`;
}

/** Where the list ends that begins before `from`; strings and comments may hold brackets. */
function closingBracket(text: string, from: number): number {
  const token = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[[\]]/g;
  token.lastIndex = from;
  let depth = 1;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === '[') depth++;
    if (match[0] === ']' && --depth === 0) return match.index;
  }
  return -1;
}

/** As one would write it: `{ code: 'sydney', edges: 1 }`. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? `'${value}'` : String(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${literal(inner)}`)
    .join(', ')} }`;
}
