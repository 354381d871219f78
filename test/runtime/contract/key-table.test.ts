/** L2, L8: a row of sequences is found by the bytes of its key, whatever they are and however many there are. */
import fc from 'fast-check';
import { KeyTable, keyHash, keyOfText } from '../../../runtime/contract/key-table.ts';

const key = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(text).toString('latin1'));

it('keeps each key once with its numbers and finds it again, alone or within other bytes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(key, fc.constantFrom('', 'a', 'ab', '\0', '\0\0')), { maxLength: 400, size: 'max' }),
      fc.nat(3),
      (texts, width) => {
        const table = new KeyTable(width);
        const rows = new Map<string, number>();
        for (const text of texts) {
          const known = table.find(keyOfText(text));
          expect(known).toBe(rows.get(text) ?? -1);
          if (known >= 0) continue;
          const row = table.add(keyOfText(text));
          for (let i = 0; i < width; i++) {
            expect(table.numbers[row + i]).toBe(0);
            table.numbers[row + i] = rows.size + i / 8;
          }
          rows.set(text, row);
        }
        expect(table.size).toBe(rows.size);
        for (const [i, [text, row]] of [...rows].entries()) {
          expect(table.textOf(row)).toBe(text);
          for (let at = 0; at < width; at++) expect(table.numbers[row + at]).toBe(i + at / 8);
          const bytes = Buffer.from(`before${text}behind`, 'latin1');
          const [start, end] = [6, 6 + text.length];
          expect(table.find({ bytes, start, end, hash: keyHash(bytes, start, end) })).toBe(row);
          expect(table.hashOf(row)).toBe(keyHash(bytes, start, end));
        }
      },
    ),
    { numRuns: 60 },
  );
});

it('finds a hundred thousand keys of few differences', () => {
  const table = new KeyTable(1);
  const rows = Array.from({ length: 100_000 }, (_, i) => table.add(keyOfText(`row ${i}`)));
  expect(table.size).toBe(100_000);
  for (let i = 0; i < 100_000; i += 997) expect(table.find(keyOfText(`row ${i}`))).toBe(rows[i]);
  expect(table.find(keyOfText('row 100000'))).toBe(-1);
});

it('tells keys of one hash apart', () => {
  const table = new KeyTable(0);
  const keys = ['one', 'two', 'six'].map((text) => ({ ...keyOfText(text), hash: 7 }));
  const rows = keys.map((each) => table.add(each));
  expect(new Set(rows).size).toBe(3);
  expect(keys.map((each) => table.find(each))).toEqual(rows);
  expect(table.find({ ...keyOfText('ten'), hash: 7 })).toBe(-1);
});

it('spreads keys that differ in one byte', () => {
  const buckets = new Uint32Array(256);
  for (let i = 0; i < 65_536; i++) buckets[keyOfText(`s${i % 50}\0${i}`).hash & 0xff]!++;
  expect(Math.min(...buckets)).toBeGreaterThan(160);
  expect(Math.max(...buckets)).toBeLessThan(352);
});
