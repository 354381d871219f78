/** F17, R3, L11: a published map takes over the regions and groups that an environment plans, and nobody moves by that. */
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { failedBack, failedOver, givenUpOf } from '../../../runtime/contract/slot-map-failover.ts';
import { homesWithout } from '../../../runtime/contract/slot-map-groups.ts';
import { homesOf, homesOfMore, movedTo, settled } from '../../../runtime/contract/slot-map-moves.ts';
import { asPlanned } from '../../../runtime/contract/slot-map-planned.ts';
import type { SlotMap } from '../../../runtime/contract/slot-map-schema.ts';
import { transitionProblems } from '../../../runtime/contract/slot-map-transition.ts';

/** Each region has a group of four shards for each number. */
function planOf(regions: Readonly<Record<string, number>>, environment = 'unit'): SlotMap {
  let next = 0;
  const map = Object.entries(regions).map(([code, groups]) => ({
    code,
    awsRegion: code,
    groups: Array.from({ length: groups }, (_, n) => {
      const firstShard = 4 * next++;
      return { id: `${code}-g${n}`, firstShard, shardCount: 4, address: `${code}-g${n}.core.example:7400` };
    }),
  }));
  return createSlotMap({ environment, version: 1, shards: 4 * next, regions: map });
}

const two = planOf({ tokyo: 2, oslo: 1 });
const three = planOf({ tokyo: 2, oslo: 1, lima: 1 });
const grown = settled(movedTo(two, homesOfMore(two, 16)));

it('names a new region before it is deployed; it gets its shards by a move of its own', () => {
  const next = asPlanned(grown, three) as SlotMap;
  expect(transitionProblems(readSlotMap(grown), readSlotMap(next))).toEqual([]);
  expect([next.version, next.moving, homesOf(next)]).toEqual([grown.version + 1, undefined, homesOf(grown)]);
  const moved = failedBack(next, 'lima');
  expect(transitionProblems(readSlotMap(next), readSlotMap(moved))).toEqual([]);
  expect(homesOf(moved).filter((home) => home === 'lima-g0')).toHaveLength(4);
});

it('keeps what the map says of a region that was given up (F19)', () => {
  const without = givenUpOf(failedOver(grown, 'oslo', 0), 'oslo', 0);
  expect(asPlanned(without, three)?.givenUp).toEqual(without.givenUp);
  expect(movedTo(without, homesOf(without)).givenUp).toEqual(without.givenUp);
});

it('drops a group that owns nothing any more, and keeps what operators have moved', () => {
  const left = settled(movedTo(two, homesWithout(two, 'tokyo-g1')));
  const planned = createSlotMap({
    ...two,
    regions: planOf({ tokyo: 1, oslo: 2 }).regions.map((region) => region),
    shards: 12,
    overrides: [],
  });
  const without = {
    ...planned,
    regions: two.regions.map((region) => ({ ...region, groups: region.groups.filter(({ id }) => id !== 'tokyo-g1') })),
  };
  const next = asPlanned(left, { ...without, shards: 8 }) as SlotMap;
  expect(transitionProblems(readSlotMap(left), readSlotMap(next))).toEqual([]);
  expect([homesOf(next), next.shards]).toEqual([homesOf(left), 12]);
  expect(next.regions[0]?.groups.map(({ id }) => id)).toEqual(['tokyo-g0']);
});

it('remembers whom operators have given up', () => {
  const givenUp = givenUpOf(failedOver(grown, 'oslo', Date.now()), 'oslo', Date.now());
  expect(givenUp.givenUp).toHaveLength(1);
  expect(asPlanned(givenUp, three)?.givenUp).toEqual(givenUp.givenUp);
});

it('takes over new addresses, and nothing where there is nothing new', () => {
  expect(asPlanned(two, two)).toBeUndefined();
  const moved = {
    ...two,
    regions: two.regions.map((region) => ({ ...region, groups: region.groups.map((group) => ({ ...group, address: '10.0.0.1:7400' })) })),
  };
  expect(asPlanned(two, moved)?.regions).toEqual(moved.regions);
});

it.each<[string, SlotMap, SlotMap, RegExp]>([
  ['another environment', two, planOf({ tokyo: 3 }, 'other'), /of unit, not of other/],
  ['a move under way', movedTo(two, homesOfMore(two, 16)), three, /has a move under way/],
  ['more shards', two, three, /12 shards are fewer than the 16 that are planned; iris reshard comes first/],
  [
    'a group that owns shards',
    two,
    planOf({ tokyo: 3 }),
    /group oslo-g0 is planned no more and owns shards; iris leave oslo-g0 comes first/,
  ],
])('is refused with %s', (_, map, planned, reason) => {
  expect(() => asPlanned(map, planned)).toThrow(reason);
});
