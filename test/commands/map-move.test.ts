/** A move that ended while a core was being opened would leave users with their former owner for good (L1). */
import { groupsWaitedFor, type Ownership } from '../../bin/map-move.ts';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import { homesOfMore, movedTo } from '../../runtime/contract/slot-map-moves.ts';

const group = (id: string, firstShard: number) => ({ id, firstShard, shardCount: 1, address: `127.0.0.1:${7_000 + firstShard}` });
const before = createSlotMap({
  environment: 'duo',
  version: 1,
  shards: 2,
  regions: [
    { code: 'north', awsRegion: 'north', groups: [group('north-0', 0)] },
    { code: 'south', awsRegion: 'south', groups: [group('south-0', 1)] },
  ],
});
const map = movedTo(before, homesOfMore(before, 4));

function owner(id: string, changes: Partial<Ownership> & { groupsLeft?: readonly string[] } = {}): Ownership {
  const { groupsLeft = [], ...rest } = changes;
  const counts = { owned: 1, shards: 1, inboxes: 0, outboxes: {}, parked: 0, deadLetters: 0 };
  const handover = { groupsLeft, usersFetched: 0, bytesFetched: 0, usersToGive: 0, straysLeft: 0 };
  return { group: id, slotMapVersion: map.version, ...counts, handover, ...rest };
}

it.each([
  ['every owner is through', [owner('north-0'), owner('south-0')], []],
  ['a group has no owner at this moment', [owner('north-0')], ['south-0']],
  ['nobody answers', [], ['north-0', 'south-0']],
  ['an owner has an older map', [owner('north-0'), owner('south-0', { slotMapVersion: 1 })], ['south-0']],
  ['an owner still fetches', [owner('north-0', { groupsLeft: ['south-0'] }), owner('south-0')], ['north-0']],
])('where %s, the move waits for the rest', (_, owners, waiting) => {
  expect(groupsWaitedFor(owners, map)).toEqual(waiting);
});
