/** P2, L8: what is kept of names is of the name that was asked for, whichever names share its places, and bounded. */
import fc from 'fast-check';
import { NameCache } from '../../../runtime/contract/name-cache.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 }).map((name) => Buffer.from(name).toString('latin1'));

it('gives what was made of this very name, with two places for all', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(text, fc.constantFrom('', 'a', 'b', 'ab', '\0')), { maxLength: 200, size: 'max' }), (names) => {
      const cache = new NameCache(2, (name) => ({ name }));
      for (const name of names) {
        const bytes = Buffer.from(`<${name}>`, 'latin1');
        expect(cache.of(bytes, 1, 1 + name.length).name).toBe(name);
      }
    }),
    { numRuns: 60 },
  );
});

it('keeps two names that come in turn, also behind others', () => {
  const made: string[] = [];
  const cache = new NameCache(2, (name) => made.push(name));
  for (const name of ['old', 'new']) cache.of(Buffer.from(name), 0, 3);
  for (let turn = 0; turn < 10; turn++) for (const name of ['one', 'two']) cache.of(Buffer.from(name), 0, 3);
  expect(made).toEqual(['old', 'new', 'one', 'two']);
});

it('makes a name anew once two others have come to its places', () => {
  const made: string[] = [];
  const cache = new NameCache(2, (name) => made.push(name));
  for (const name of ['one', 'two', 'six', 'six', 'two', 'one']) cache.of(Buffer.from(name), 0, 3);
  expect(made).toEqual(['one', 'two', 'six', 'one']);
});
