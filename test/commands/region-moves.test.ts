/** F19: a region that was lost is not failed back before it has sent on what it held, or a fetch would take its place (L1). */
import type { Ownership } from '../../bin/map-move.ts';
import { leftToSend } from '../../bin/region-moves.ts';

type Strays = Ownership['handover']['strays'];
const owner = (group: string, strays?: Strays, slotMapVersion = 2): Ownership => ({
  group,
  slotMapVersion,
  owned: 0,
  shards: 0,
  inboxes: 0,
  outboxes: {},
  parked: 0,
  deadLetters: 0,
  handover: { groupsLeft: [], usersFetched: 0, bytesFetched: 0, usersToGive: 0, straysLeft: 0, ...(strays && { strays }) },
});
const through = { users: 0, outboxes: [] };

it.each<[string, Ownership[], string | undefined]>([
  ['everything is sent', [owner('a', through), owner('b', through)], undefined],
  ['a group has no owner', [owner('a', through)], 'b is not open yet'],
  ['an owner has an older map', [owner('a', through), owner('b', through, 1)], 'b is not open yet'],
  ['it is not counted', [owner('a', through), owner('b', { users: null, outboxes: null })], 'b counts what it holds'],
  ['inboxes hold some', [owner('a', { users: 3, outboxes: null }), owner('b', through)], 'a holds messages of 3 users'],
  ['outboxes are not known', [owner('a', { users: 0, outboxes: null }), owner('b', through)], 'a looks through its outboxes'],
  [
    'it was given up, and its messages are counted',
    [owner('a'), { ...owner('b'), handover: { ...owner('b').handover, straysLeft: null } }],
    'b counts what it holds',
  ],
  ['it was given up, and all are sent', [owner('a'), owner('b')], undefined],
  ['an outbox holds some', [owner('a', { users: 0, outboxes: ['c'] }), owner('b', through)], 'a still sends to c'],
])('where %s', (_, owners, said) => {
  expect(leftToSend(['a', 'b'], owners, 2)).toBe(said === undefined ? undefined : `before the region may be failed back: ${said}`);
});
