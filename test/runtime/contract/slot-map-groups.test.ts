/** R4, L12: which shards a group gives away when it leaves its region, and which it gets when it joins. */
import fc from 'fast-check';
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { homesWith, homesWithout } from '../../../runtime/contract/slot-map-groups.ts';
import { homesOf, homesOfMore, movedTo, settled } from '../../../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../../../runtime/contract/slot-map-schema.ts';
import { transitionProblems } from '../../../runtime/contract/slot-map-transition.ts';

/** Groups `r<region>-<n>` with so many shards each. */
function mapOf(regions: readonly (readonly number[])[]): SlotMap {
  let next = 0;
  return createSlotMap({
    environment: 'test',
    version: 1,
    shards: regions.flat().reduce((sum, count) => sum + count, 0),
    regions: regions.map((counts, region) => ({
      code: `r${region}`,
      awsRegion: `r${region}`,
      groups: counts.map((shardCount, n) => {
        const firstShard = next;
        next += shardCount;
        return { id: `r${region}-${n}`, firstShard, shardCount, address: `127.0.0.1:${7_000 + firstShard}` };
      }),
    })),
  });
}

const countOf = (homes: readonly string[], group: string) => homes.filter((home) => home === group).length;
const moved = (map: SlotMap, homes: readonly string[]) => settled(movedTo(map, homes));
const trio = mapOf([[2, 2, 2], [2]]);

it('whoever leaves gives everything to its own region, evenly; whoever joins takes its share, and nodes take both maps', () => {
  const shape = fc.array(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(shape, fc.nat(), (regions, pick) => {
      const map = mapOf(regions);
      const own = map.regions[0]!.groups;
      const group = own[pick % own.length]!.id;
      const homes = homesWithout(map, group);
      expect(countOf(homes, group)).toBe(0);
      const isRight = (home: string, shard: number) => (home === group ? homes[shard]!.startsWith('r0-') : homes[shard] === home);
      expect(homesOf(map).every(isRight)).toBe(true);
      const left = moved(map, homes);
      const joined = homesWith(left, group);
      const counts = own.map(({ id }) => countOf(joined, id));
      // Others may stand apart as they did before; nobody stands two above who has joined.
      expect(Math.max(...counts) - countOf(joined, group)).toBeLessThan(2);
      expect(homesWithout(left, group)).toEqual(homesOf(left));
    }),
    { numRuns: 60 },
  );
  const begun = movedTo(trio, homesWithout(trio, 'r0-1'));
  expect(transitionProblems(readSlotMap(trio), readSlotMap(begun))).toEqual([]);
});

it('fails for a group that is not there, for the last of its region, and where nothing can be shared', () => {
  expect(() => homesWithout(trio, 'r9-0')).toThrow(
    expect.objectContaining({ code: 'COMMAND_INVALID', message: expect.stringMatching(/no group is called r9-0/) }),
  );
  expect(() => homesWithout(trio, 'r1-0')).toThrow(
    expect.objectContaining({ code: 'COMMAND_INVALID', message: expect.stringMatching(/last of its region/) }),
  );
  const left = moved(trio, homesWithout(trio, 'r0-0'));
  const alone = moved(left, homesWithout(left, 'r0-1'));
  expect(() => homesWithout(alone, 'r0-2')).toThrow(/last of its region/);
  const poor = mapOf([[1, 1]]);
  expect(() => homesWith(moved(poor, homesWithout(poor, 'r0-0')), 'r0-0')).not.toThrow();
  expect(() => movedTo(begunBy('r0-0'), homesOf(trio))).toThrow(/has a move under way/);
});

function begunBy(group: string): SlotMap {
  return movedTo(trio, homesWithout(trio, group));
}

it('a group that has left gets none of the shards that are added later, and is no owner of its region', () => {
  const left = moved(trio, homesWithout(trio, 'r0-1'));
  expect(
    readSlotMap(left)
      .ownersIn('r0')
      .map((home) => home.group),
  ).toEqual(['r0-0', 'r0-2']);
  expect(countOf(homesOfMore(left, 16), 'r0-1')).toBe(0);
});
