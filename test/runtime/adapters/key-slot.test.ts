/** R15: a channel’s slot in a Redis cluster, as the specification gives it. */
import { keySlot } from '../../../runtime/adapters/redis/key-slot.ts';

it.each([
  ['123456789', 12_739],
  ['foo', 12_182],
  ['{foo}.anything', 12_182],
  ['a{foo}{bar}', 12_182],
  ['foo{}', keySlot(Buffer.from('foo{}'))],
  ['presence:{user 1}}', keySlot(Buffer.from('session:{user 1}'))],
])('%s is of slot %i', (key, slot) => {
  expect(keySlot(Buffer.from(key))).toBe(slot);
});
