/** R12, F19: the maps by which a region is failed over and failed back, over generated environments. */
import { createSlotMap, readSlotMap } from '../../../runtime/contract/slot-map.ts';
import { drainedOf, failedBack, failedOver, lostRegionOf, ownsNothing } from '../../../runtime/contract/slot-map-failover.ts';
import { homesOf, homesOfMore, movedTo, settled } from '../../../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../../../runtime/contract/slot-map-schema.ts';
import { assignmentKey, transitionProblems } from '../../../runtime/contract/slot-map-transition.ts';
import { SeededRandom } from '../../../runtime/simulation/seeded-random.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const random = new SeededRandom(12);

/** Two to five regions of one to three groups, with shards that a reshard has spread further. */
function anyMap(): SlotMap {
  let [shards, port] = [0, 7_000];
  const regions = Array.from({ length: 2 + random.below(4) }, (_, r) => ({
    code: `region-${r}`,
    awsRegion: 'eu-west-3',
    groups: Array.from({ length: 1 + random.below(3) }, (_, g) => {
      const group = { id: `region-${r}-g${g}`, firstShard: shards, shardCount: 1 + random.below(4), address: `127.0.0.1:${port++}` };
      shards += group.shardCount;
      return group;
    }),
  }));
  const first = createSlotMap({ environment: 'test', version: 1, shards, regions });
  return random.oneIn(2) ? settled(movedTo(first, homesOfMore(first, shards + random.below(5)))) : first;
}

const regionOf = (group: string) => group.replace(/-g\d+$/, '');
const problems = (before: SlotMap, after: SlotMap) => transitionProblems(readSlotMap(before), readSlotMap(after));
const maps = Array.from({ length: 12 }, (_, i) => [i, anyMap()] as const);

it.each(maps)('gives the shards of a lost region to the others and exactly back (environment %i)', (_, map) => {
  const region = random.pick(map.regions).code;
  const over = failedOver(map, region, NOW_MS);
  expect(problems(map, over)).toEqual([]);
  expect(lostRegionOf(over)).toBe(region);
  expect(ownsNothing(over, region)).toBe(true);
  const [before, after] = [homesOf(map), homesOf(over)];
  expect(after.filter((group, shard) => regionOf(before[shard] as string) !== region && group !== before[shard])).toEqual([]);
  const back = failedBack(over, region);
  expect(problems(over, back)).toEqual([]);
  expect(lostRegionOf(back)).toBeUndefined();
  expect(assignmentKey(back)).toBe(assignmentKey(map));
  expect(problems(back, settled(back))).toEqual([]);
});

it.each(maps.slice(0, 4))('empties a region that answers, and fills it again (environment %i)', (_, map) => {
  const region = random.pick(map.regions).code;
  const drained = settled(drainedOf(map, region));
  expect(lostRegionOf(drained)).toBeUndefined();
  expect(ownsNothing(drained, region)).toBe(true);
  const again = failedBack(drained, region);
  const planned = map.regions.filter(({ code }) => code === region).flatMap(({ groups }) => groups);
  for (const { id, firstShard, shardCount } of planned)
    expect(homesOf(again).slice(firstShard, firstShard + shardCount)).toEqual(Array.from({ length: shardCount }).fill(id));
});

it('spreads them evenly', () => {
  const groups = ['a', 'b', 'c'].map((code, i) => ({
    id: `${code}-g0`,
    firstShard: 4 * i,
    shardCount: 4,
    address: `127.0.0.1:${7_000 + i}`,
  }));
  const regions = groups.map((group) => ({ code: group.id.slice(0, 1), awsRegion: 'eu-west-3', groups: [group] }));
  const homes = homesOf(failedOver(createSlotMap({ environment: 'test', version: 1, shards: 12, regions }), 'b', NOW_MS));
  expect(homes.filter((group) => group === 'a-g0')).toHaveLength(6);
  expect(homes.filter((group) => group === 'c-g0')).toHaveLength(6);
});

it('refuses the only region, an unknown one, and any other move while one is lost', () => {
  const map = maps[0]?.[1] as SlotMap;
  expect(() => failedOver(map, 'rome', NOW_MS)).toThrow(/no region is called rome; there are region-0/);
  const over = failedOver(map, 'region-0', NOW_MS);
  expect(() => failedOver(over, 'region-1', NOW_MS)).toThrow(/iris failback region-0 comes first/);
  const [region] = map.regions;
  const one = createSlotMap({
    environment: 'test',
    version: 1,
    shards: 1,
    regions: [{ ...region!, groups: [{ ...region!.groups[0]!, shardCount: 1 }] }],
  });
  expect(() => failedOver(one, 'region-0', NOW_MS)).toThrow(/the only region; there is nobody to take its shards/);
});

it('lets positions begin above all that a lost core can have given out, later losses above earlier ones, within 2^53 until 2300', () => {
  const from = (ms: number) => failedOver(maps[0]?.[1] as SlotMap, 'region-0', ms).moving?.positionsFrom as number;
  const [first, later] = [from(NOW_MS), from(NOW_MS + 3_600_000)];
  expect(first).toBeGreaterThan((NOW_MS - Date.UTC(2020, 0, 1)) * 1_000);
  expect(later - first).toBe(3_600_000_000);
  expect(Number.isSafeInteger(from(Date.UTC(2300, 0, 1)))).toBe(true);
});
