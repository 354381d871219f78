/** R2, R12: the maps that begin, take back and end a move, and where shards go. */
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { homesOf, homesOfMore, movedTo, settled, takenBack } from '../../../runtime/contract/slot-map-moves.ts';
import { assignmentKey, transitionProblems } from '../../../runtime/contract/slot-map-transition.ts';

const group = (id: string, firstShard: number, shardCount: number) => ({
  id,
  firstShard,
  shardCount,
  address: `127.0.0.1:${firstShard + 1}`,
});
const first = createSlotMap({
  environment: 'test',
  version: 1,
  shards: 6,
  regions: [
    { code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [group('tokyo-0', 0, 2)] },
    { code: 'paris', awsRegion: 'eu-west-3', groups: [group('paris-0', 2, 2)] },
    { code: 'lima', awsRegion: 'us-east-1', groups: [group('lima-0', 4, 2)] },
  ],
});
const problems = (before: typeof first, after: typeof first) => transitionProblems(readSlotMap(before), readSlotMap(after));

it('spreads new shards over the groups and leaves those there are where they are', () => {
  const homes = homesOfMore(first, 12);
  expect(homes.slice(0, 6)).toEqual(homesOf(first));
  for (const id of ['tokyo-0', 'paris-0', 'lima-0']) expect(homes.filter((home) => home === id)).toHaveLength(4);
  expect(() => homesOfMore(first, 5)).toThrow(/fewer than the 6 that the environment plans/);
});

it('makes maps that nodes take one after the other: begun, ended; begun, taken back, ended as it was', () => {
  const begun = movedTo(first, homesOfMore(first, 12));
  expect(problems(first, begun)).toEqual([]);
  expect(problems(begun, settled(begun))).toEqual([]);
  const back = takenBack(begun);
  expect(problems(begun, back)).toEqual([]);
  expect(problems(back, settled(back))).toEqual([]);
  expect(assignmentKey(settled(back))).toBe(assignmentKey(first));
  expect(() => takenBack(back)).toThrow(/takes a move back already/);
  expect(() => movedTo(begun, homesOf(begun))).toThrow(/has a move under way/);
});
