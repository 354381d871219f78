/** L6: sets of sequences behind statuses: never more than was added, the same in any order, bounded. */
import fc from 'fast-check';
import { SEQUENCE_RANGES_MAX } from '../../../runtime/contract/limits.ts';
import { clampTo, covers, isSameSet, type SequenceSet, unite } from '../../../runtime/contract/sequence-set.ts';

const range = fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 8 })).map(([after, size]) => ({ after, through: after + size }));
const ranges = fc.array(range, { maxLength: 10 });
const members = (set: SequenceSet) => set.flatMap(({ after, through }) => Array.from({ length: through - after }, (_, i) => after + i + 1));
const distinct = (set: SequenceSet) => [...new Set(members(set))].sort((a, b) => a - b);

it('a union holds exactly what either held, in whatever order and however often it is added', () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const set = unite(unite([], a), b);
      expect(members(set)).toEqual(distinct([...a, ...b]));
      expect(isSameSet(set, unite(unite(unite([], b), a), b))).toBe(true);
      for (const one of a) expect(covers(set, one)).toBe(true);
      expect(members(clampTo(set, 20))).toEqual(members(set).filter((sequence) => sequence <= 20));
    }),
  );
});

it('keeps SEQUENCE_RANGES_MAX ranges and forgets the lowest: it says too little, never too much', () => {
  const apart = Array.from({ length: SEQUENCE_RANGES_MAX + 3 }, (_, i) => ({ after: 10 * i, through: 10 * i + 1 }));
  expect(unite([], apart)).toEqual(apart.slice(3));
});
