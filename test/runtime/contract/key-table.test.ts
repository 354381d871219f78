/** L2, L8: a row of sequences is found by the bytes of its key, whatever they are and however many there are. */
import fc from 'fast-check';
import { KeyTable, keyHash, keyOfText } from '../../../runtime/contract/key-table.ts';

const key = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(text).toString('latin1'));

it('numbers each key once and finds it again, alone or within other bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(key, fc.constantFrom('', 'a', 'ab', '\0', '\0\0')), { maxLength: 400, size: 'max' }), (texts) => {
      const table = new KeyTable();
      const numbers = new Map<string, number>();
      for (const text of texts) {
        const known = table.find(keyOfText(text));
        expect(known).toBe(numbers.get(text) ?? -1);
        if (known < 0) numbers.set(text, table.add(keyOfText(text)));
      }
      expect(table.size).toBe(numbers.size);
      for (const [text, number] of numbers) {
        expect(table.textOf(number)).toBe(text);
        const bytes = Buffer.from(`before${text}behind`, 'latin1');
        const [start, end] = [6, 6 + text.length];
        expect(table.find({ bytes, start, end, hash: keyHash(bytes, start, end) })).toBe(number);
        expect(table.hashOf(number)).toBe(keyHash(bytes, start, end));
      }
    }),
    { numRuns: 60 },
  );
});

it('finds a hundred thousand keys of few differences', () => {
  const table = new KeyTable();
  for (let i = 0; i < 100_000; i++) table.add(keyOfText(`row ${i}`));
  expect(table.size).toBe(100_000);
  for (let i = 0; i < 100_000; i += 997) expect(table.find(keyOfText(`row ${i}`))).toBe(i);
  expect(table.find(keyOfText('row 100000'))).toBe(-1);
});

it('tells keys of one hash apart', () => {
  const table = new KeyTable();
  const keys = ['one', 'two', 'six'].map((text) => ({ ...keyOfText(text), hash: 7 }));
  expect(keys.map((each) => table.add(each))).toEqual([0, 1, 2]);
  expect(keys.map((each) => table.find(each))).toEqual([0, 1, 2]);
  expect(table.find({ ...keyOfText('ten'), hash: 7 })).toBe(-1);
});

it('spreads keys that differ in one byte', () => {
  const buckets = new Uint32Array(256);
  for (let i = 0; i < 65_536; i++) buckets[keyOfText(`s${i % 50}\0${i}`).hash & 0xff]!++;
  expect(Math.min(...buckets)).toBeGreaterThan(160);
  expect(Math.max(...buckets)).toBeLessThan(352);
});
