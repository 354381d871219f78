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
  await replaceFile(path, changed, (text) => addEntry(path, text, changed, entry));
}

/** The same for a region that leaves: its entry says so, and the version is raised. */
export async function markLeavingInFile(path: string, changed: Environment, code: string): Promise<void> {
  await replaceFile(path, changed, (text) => {
    const { end } = entryRange(path, text, code);
    const before = text.slice(0, end - 1).trimEnd();
    const comma = before.endsWith(',') ? '' : ',';
    return withVersion(path, `${before}${comma} leaves: true ${text.slice(end - 1)}`, changed);
  });
}

/** The same for a region that has left: its entry goes, with its comma and its line. */
export async function removeRegionFromFile(path: string, changed: Environment, code: string): Promise<void> {
  await replaceFile(path, changed, (text) => {
    const { start, end } = entryRange(path, text, code);
    return text.slice(0, start).trimEnd() + text.slice(end).replace(/^\s*,/, '');
  });
}

async function replaceFile(path: string, changed: Environment, edit: (text: string) => string): Promise<void> {
  const text = extname(path) === '.json' ? `${JSON.stringify(changed, null, 2)}\n` : edit(readFileSync(path, 'utf8'));
  const draft = join(dirname(path), `.draft-${process.pid}-${basename(path)}`);
  try {
    writeFileSync(draft, text);
    createPlan(await loadEnvironment(draft, '/'));
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function addEntry(path: string, text: string, changed: Environment, entry: Region): string {
  const { end } = listRange(path, text);
  const before = text.slice(0, end).trimEnd();
  const comma = before.endsWith(',') || before.endsWith('[') ? '' : ',';
  return withVersion(path, `${before}${comma}\n    ${literal(entry)},\n  ${text.slice(end)}`, changed);
}

function withVersion(path: string, text: string, { slotMapVersion }: Environment): string {
  if (/\bslotMapVersion:\s*\d+/.test(text)) return text.replace(/\bslotMapVersion:\s*\d+/, `slotMapVersion: ${slotMapVersion}`);
  const { word } = listRange(path, text);
  return `${text.slice(0, word)}slotMapVersion: ${slotMapVersion},\n  ${text.slice(word)}`;
}

/** Where the list of regions is: its word, what follows its bracket, and its closing bracket. */
function listRange(path: string, text: string): { word: number; start: number; end: number } {
  const match = /\bregions:\s*\[/.exec(text);
  const start = match === null ? -1 : match.index + match[0].length;
  const end = match === null ? -1 : closing(text, start, ']');
  if (match === null || end < 0)
    throw new IrisError('FILE_UNREADABLE', `${path} does not write its regions out as regions: […]; edit it by hand as --print shows`);
  return { word: match.index, start, end };
}

/** The object in the list that has this code, with its braces. */
function entryRange(path: string, text: string, code: string): { start: number; end: number } {
  const list = listRange(path, text);
  for (let at = list.start; at < list.end; ) {
    const start = text.indexOf('{', at);
    const end = start < 0 || start > list.end ? -1 : closing(text, start + 1, '}') + 1;
    if (end <= 0) break;
    const written = /\bcode:\s*(['"`])(.*?)\1/.exec(text.slice(start, end));
    if (written?.[2] === code) return { start, end };
    at = end;
  }
  throw new IrisError(
    'FILE_UNREADABLE',
    `${path} does not write region ${code} out as { code: '${code}', … }; edit it by hand as --print shows`,
  );
}

/** Where what was opened before `from` is closed; strings and comments may hold brackets. */
function closing(text: string, from: number, close: ']' | '}'): number {
  const open = close === ']' ? '[' : '{';
  const token = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[[\]{}]/g;
  token.lastIndex = from;
  let depth = 1;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === open) depth++;
    if (match[0] === close && --depth === 0) return match.index;
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
