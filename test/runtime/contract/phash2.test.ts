/** R1, C12: the frozen user hash, bit for bit the original’s. */
import { phash2, slotOf } from '../../../runtime/contract/phash2.ts';
import fixture from '../../fixtures/phash2-vectors.json' with { type: 'json' };

const ranges = [1, 2, 8, 100, 4096, 50000, 2 ** 32];
const vectors = fixture.vectors as unknown as [string, ...number[]][];

it(`equals erlang:phash2 on all ${vectors.length} vectors and their eight ranges`, () => {
  const wrong = vectors.filter(([hex, plain, ...ranged]) => {
    const full = phash2(Buffer.from(hex, 'hex'));
    return (full & 0x7ffffff) !== plain || ranges.some((range, i) => full % range !== ranged[i]);
  });
  expect(vectors.length).toBeGreaterThan(1000);
  expect(wrong).toEqual([]);
});

it('puts a user into the slot that phash2(user, 2^20) names', () => {
  expect(slotOf(Buffer.from('alice'))).toBe(987004049 % 2 ** 20);
});
