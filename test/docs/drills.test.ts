import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

it('names only drills that exist in the table of faults', () => {
  const text = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const table = text.slice(text.indexOf('### What was drilled'));
  const names = [...table.matchAll(/^\| [^|]+\| ((?:`[a-z0-9-]+`(?:, )?)+) \|/gm)].flatMap(
    ([, cell]) => (cell as string).match(/[a-z0-9-]+/g) ?? [],
  );
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !existsSync(join(root, 'test/live', `${name}.test.ts`)))).toEqual([]);
});
