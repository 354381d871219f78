import { LastSequences } from '../../../runtime/session/last-sequences.ts';

const bob = Buffer.from('bob');

it('each message to a recipient names the one before it, those to others do not count (L3)', () => {
  const sequences = new LastSequences();
  expect([sequences.replace(bob, 1), sequences.replace(Buffer.from('carol'), 2), sequences.replace(bob, 5)]).toEqual([0, 0, 1]);
});

it('a message whose answer was lost may have come: the next one names what it named, and does not overtake it (L3)', () => {
  const sequences = new LastSequences();
  sequences.replace(bob, 59);
  expect(sequences.replace(bob, 87)).toBe(59);
  sequences.forget(bob, 87);
  expect(sequences.replace(bob, 97)).toBe(59);
});

it.each([
  ['in their order', [8, 9]],
  ['the later one first', [9, 8]],
])('of two that were refused, %s, neither is waited for', (_, refused) => {
  const sequences = new LastSequences();
  sequences.replace(bob, 8);
  sequences.replace(bob, 9);
  for (const sequence of refused) sequences.forget(bob, sequence);
  expect(sequences.replace(bob, 10)).toBe(0);
});

it('one that was refused under others is not named by what follows a refusal of them', () => {
  const sequences = new LastSequences();
  for (const sequence of [7, 8, 9]) sequences.replace(bob, sequence);
  sequences.forget(bob, 8);
  sequences.forget(bob, 9);
  expect(sequences.replace(bob, 10)).toBe(0);
  sequences.forget(Buffer.from('carol'), 1);
  sequences.forget(bob, 3);
  expect(sequences.replace(bob, 11)).toBe(10);
});
