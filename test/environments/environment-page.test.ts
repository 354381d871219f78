import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnvironment } from '../../environments/describe-environment.ts';
import { descriptionAt, environmentFields } from '../../environments/schema-fields.ts';

describe('the page of an environment’s fields', () => {
  it('is what the schema says: run `iris plan --fields > docs/environment.md` when it is not', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/environment.md'), 'utf8');
    expect(page).toBe(describeEnvironment());
  });

  it('explains every field in a sentence', () => {
    for (const { path, description } of environmentFields()) {
      expect(`${path}: ${description}`).toMatch(/: .{10,}\.$/);
    }
  });

  it('says what happens without it of every field that may be left out and has no plain default', () => {
    const silent = environmentFields().filter(({ path, description, defaultJson, isRequired }) => {
      const isGroup = environmentFields().some((other) => other.path.startsWith(`${path}.`));
      return !isRequired && defaultJson === undefined && !isGroup && !description.includes('Default:');
    });
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('is found by path, for the remedy of a refusal', () => {
    expect(descriptionAt(['regions', 3, 'serves', 'default'])).toContain('exactly one region');
    expect(descriptionAt(['nowhere'])).toBeUndefined();
  });
});
