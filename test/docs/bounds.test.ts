/** L8: docs/bounds.md names every bound of the runtime, each bound is enforced, and a test that a row names knows the bound. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as limits from '../../runtime/contract/limits.ts';
import { COLLECTIONS, KEPT } from '../architecture/collections.ts';

const root = resolve(__dirname, '../..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const page = text('docs/bounds.md');
const sources = globSync('runtime/**/*.ts', { cwd: root }).filter((path) => !path.startsWith('runtime/simulation/'));
const code = sources.map((path) => [path, text(path)] as const);
/** A constant that says how much there may be. */
const BOUND = /^(?:export )?const ([A-Z0-9_]*(?:_MAX|_MAX_MS|_AT_ONCE))\b/gm;
const named = new Set([...page.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name as string));

it('names every bound in limits.ts and in the modules of the runtime', () => {
  const bounds = code.flatMap(([path, source]) => [...source.matchAll(BOUND)].map(([, name]) => `${name} of ${path}`));
  expect(bounds.length).toBeGreaterThan(90);
  expect(bounds.filter((bound) => !named.has(bound.split(' ')[0] as string) && !/^(HANDOVERS|REPLAY_BYTES)_AT_ONCE/.test(bound))).toEqual(
    [],
  );
});

it('names no bound that is not there any more', () => {
  const known = new Set(code.flatMap(([, source]) => [...source.matchAll(/^(?:export )?const ([A-Z0-9_]+)\b/gm)].map(([, name]) => name)));
  const codes = new Set([...text('runtime/contract/errors.ts').matchAll(/^ {2}([A-Z_]+): \{/gm)].map(([, name]) => name));
  expect([...named].filter((name) => !known.has(name) && !codes.has(name))).toEqual([]);
});

it('every bound is enforced by some code outside limits.ts', () => {
  const others = code.filter(([path]) => !path.startsWith('runtime/contract/limits')).map(([, source]) => source);
  const idle = Object.keys(limits).filter((name) => !others.some((source) => new RegExp(`\\b${name}\\b`).test(source)));
  expect(idle).toEqual([]);
});

const rows = page.split('\n').flatMap((line) => {
  const cells = line.split('|').map((cell) => cell.trim());
  return cells.length === 6 && cells[4] !== '---' && cells[4] !== 'shown by' ? [cells.slice(1, 5) as [string, string, string, string]] : [];
});

it.each(rows.filter(([, , , shown]) => shown !== '—'))('%s: a test shows it', (_, bound, outcome, shown) => {
  const words = [...`${bound} ${outcome}`.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string);
  for (const [, path] of shown.matchAll(/`([^`]+)`/g)) {
    expect([path, existsSync(join(root, `${path}.test.ts`))]).toEqual([path, true]);
    const test = text(`${path}.test.ts`);
    expect([path, words.filter((word) => test.includes(word)).length > 0]).toEqual([path, true]);
  }
});

it('leaves no more bounds to the code alone than it did', () => {
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.filter(([, , , shown]) => shown === '—').length).toBeLessThanOrEqual(1);
});

describe('what the runtime keeps', () => {
  const MADE = /^ {2}(?:private |protected |public )?(?:readonly )?([a-zA-Z]+)(?:: [^=;\n]+)? = (?:new (?:Map|Set|WeakMap)\b|\[\];)/gm;
  const MADE_LATER = /^ {2}(?:private |protected |public )?(?:readonly )?([a-zA-Z]+): (?:Map|Set)<[^=;]+ \| undefined;/gm;
  const found = code.flatMap(([path, source]) =>
    [...source.matchAll(MADE), ...source.matchAll(MADE_LATER)].map(([, field]) => `${path.slice('runtime/'.length)} ${field}`),
  );
  const listed = Object.entries(COLLECTIONS).flatMap(([path, fields]) => Object.keys(fields).map((field) => `${path} ${field}`));

  it('is listed, field by field, in test/architecture/collections.ts', () => {
    expect(found.length).toBeGreaterThan(90);
    expect(found.filter((field) => !listed.includes(field))).toEqual([]);
    expect(listed.filter((field) => !found.includes(field))).toEqual([]);
  });

  it('has a bound that is in the code, or a reason', () => {
    const constants = code.map(([, source]) => source).join('\n');
    const wrong = Object.entries(COLLECTIONS).flatMap(([path, fields]) =>
      Object.entries(fields)
        .filter(([, bound]) => !(bound in KEPT) && !new RegExp(`const ${bound}\\b`).test(constants))
        .map((one) => `${path} ${one.join(' ')}`),
    );
    expect(wrong).toEqual([]);
  });
});
