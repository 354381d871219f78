import fc from 'fast-check';
import { addressesIn, blockOf, formatCidr, overlaps, parseCidr } from '../../../infra/plan/cidr.ts';

const cidr = fc
  .record({ prefix: fc.integer({ min: 0, max: 29 }), seed: fc.nat({ max: 2 ** 30 }) })
  .map(({ prefix, seed }) => ({ prefix, base: (seed % 2 ** prefix) * addressesIn(prefix) }));

describe('CIDR blocks', () => {
  it('read back what they were written as', () => {
    fc.assert(fc.property(cidr, (block) => expect(parseCidr(formatCidr(block))).toEqual(block)));
  });

  it('cut into equal parts that lie inside and do not overlap', () => {
    fc.assert(
      fc.property(cidr, (network) => {
        const parts = Array.from({ length: 8 }, (_, index) => blockOf(network, 3, index));
        for (const [index, part] of parts.entries()) {
          expect(overlaps(network, part)).toBe(true);
          expect(part.base - network.base).toBe(index * addressesIn(network.prefix + 3));
          for (const other of parts.slice(index + 1)) expect(overlaps(part, other)).toBe(false);
        }
      }),
    );
  });

  it('overlap exactly when one holds the first address of the other', () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const holds = (outer: typeof a, inner: typeof a) => inner.base >= outer.base && inner.base < outer.base + addressesIn(outer.prefix);
        expect(overlaps(a, b)).toBe(holds(a, b) || holds(b, a));
      }),
    );
  });

  it.each(['10.0.0.0', '10.0.0/16', '10.0.0.1/16', '10.0.0.0/33', '256.0.0.0/8', '10.0.0.0/16 ', '::/0', ''])('refuse %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});
