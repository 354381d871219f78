import { nearestName } from '../../environments/nearest-name.ts';

describe('the nearest known name', () => {
  it.each([
    ['plannet', 'planet'],
    ['Planet', 'planet'],
    ['prof', 'proof'],
    ['scael', 'scale'],
  ])('of %s is %s', (written, expected) => {
    expect(nearestName(written, ['proof', 'validation', 'growth', 'scale', 'planet'])).toBe(expected);
  });

  it('is none when nothing is near enough to be a slip of the pen', () => {
    expect(nearestName('kubernetes', ['proof', 'planet'])).toBeUndefined();
  });
});
