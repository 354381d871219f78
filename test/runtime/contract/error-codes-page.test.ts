import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodesPage } from '../../../build/error-codes-page.ts';
import { ERROR_CODES, errorCodeOfWire } from '../../../runtime/contract/errors.ts';

const rows = Object.entries(ERROR_CODES);

describe('the error table', () => {
  it('is what docs/error-codes.md says: run `node build/error-codes-page.ts > docs/error-codes.md` when it is not', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/error-codes.md'), 'utf8');
    expect(page).toBe(errorCodesPage());
  });

  it('has a number of 16 bits per code, no number twice, and finds each code by its number (L7)', () => {
    expect(new Set(rows.map(([, { wire }]) => wire)).size).toBe(rows.length);
    for (const [code, { wire }] of rows) {
      expect(wire).toBeLessThanOrEqual(0xffff);
      expect(errorCodeOfWire(wire)).toBe(code);
    }
    expect(errorCodeOfWire(9_999)).toBeUndefined();
  });

  it('explains every code in lower case without a full stop', () => {
    for (const [code, { meaning }] of rows) expect(`${code}: ${meaning}`).toMatch(/^[A-Z_]+: [a-z].{15,}[^.]$/);
  });
});
