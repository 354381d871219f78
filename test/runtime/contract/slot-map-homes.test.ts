/** R12, L9: a user’s explicit home, as a slot of its own in the map. */
import { OVERRIDES_MAX } from '../../../runtime/contract/limits.ts';
import { createSlotMap, readSlotMap, type SlotRouter } from '../../../runtime/contract/slot-map.ts';
import { failedBack, failedOver } from '../../../runtime/contract/slot-map-failover.ts';
import { homedIn, homeOf } from '../../../runtime/contract/slot-map-homes.ts';
import { homesOfMore, movedTo, settled, takenBack } from '../../../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../../../runtime/contract/slot-map-schema.ts';
import { assignmentKey, transitionProblems } from '../../../runtime/contract/slot-map-transition.ts';

const regions = ['tokyo', 'paris', 'lima'].map((code, i) => ({
  code,
  awsRegion: 'eu-west-3',
  groups: [0, 1].map((g) => ({ id: `${code}-${g}`, firstShard: 4 * i + 2 * g, shardCount: 2, address: `127.0.0.1:${7_000 + 2 * i + g}` })),
}));
const first = readSlotMap(createSlotMap({ environment: 'test', version: 1, shards: 12, regions }));
const names = Array.from({ length: 12 }, (_, i) => Buffer.from(`user-${i}`));
/** The map published and settled, after the checks of nodes. */
function after(before: SlotRouter, map: SlotMap): SlotRouter {
  expect(transitionProblems(before, readSlotMap(map))).toEqual([]);
  return map.moving === undefined ? readSlotMap(map) : after(readSlotMap(map), settled(map));
}

it('moves one slot, of each user there is, and gives it back to the slot’s own home', () => {
  for (const name of names.slice(0, 3)) {
    const natural = homeOf(first, name);
    const region = regions.map(({ code }) => code).find((code) => code !== natural.region) as string;
    const map = homedIn(first, name, region) as SlotMap;
    expect(map.moving?.from.version).toBe(1);
    const moved = after(first, map);
    expect(homeOf(moved, name)).toMatchObject({ region, isExplicit: true });
    expect(first.table.filter((shard, slot) => shard !== moved.table[slot])).toHaveLength(1);
    expect(homedIn(moved, name, region)).toBeUndefined();
    expect(homeOf(after(moved, homedIn(moved, name, undefined) as SlotMap), name)).toEqual({ ...natural, isExplicit: false });
  }
});

it('keeps explicit homes through more shards, a failover, and a move that is taken back', () => {
  const homed = names
    .slice(0, 4)
    .reduce((router, name) => after(router, homedIn(router, name, 'lima') ?? { ...router.map, version: router.map.version + 1 }), first);
  const explicit = names.slice(0, 4).filter((name) => homeOf(homed, name).isExplicit);
  expect(explicit.length).toBeGreaterThan(0);
  const more = after(homed, movedTo(homed.map, homesOfMore(homed.map, 24)));
  for (const name of explicit) expect(homeOf(more, name).region).toBe('lima');
  const over = readSlotMap(failedOver(more.map, 'lima', Date.now()));
  for (const name of explicit) expect(homeOf(over, name).region).not.toBe('lima');
  const back = after(over, failedBack(over.map, 'lima'));
  for (const name of explicit) expect(homeOf(back, name).region).toBe('lima');
  const begun = homedIn(homed, explicit[0] as Buffer, 'tokyo') as SlotMap;
  expect(assignmentKey(after(readSlotMap(begun), takenBack(begun)).map)).toBe(assignmentKey(homed.map));
});

it('refuses one home more than a map may have', () => {
  const overrides = Array.from({ length: OVERRIDES_MAX }, (_, firstSlot) => ({ firstSlot, slotCount: 1, shard: 0 }));
  const full = readSlotMap(createSlotMap({ environment: 'test', version: 1, shards: 12, regions, overrides }));
  const name = names.find((user) => !homeOf(full, user).isExplicit) as Buffer;
  const other = regions.find(({ code }) => code !== homeOf(full, name).region)?.code;
  expect(() => homedIn(full, name, other)).toThrow(/65536 slots have explicit homes, the limit; clear some first/);
});

it('refuses a region that is not there, and fewer shards than one that has such a home', () => {
  expect(() => homedIn(first, names[0] as Buffer, 'rome')).toThrow(/no region is called rome; there are tokyo, paris, lima/);
  const map = { ...first.map, overrides: [{ firstSlot: 9, slotCount: 1, shard: 11 }] };
  expect(() =>
    movedTo(
      map,
      Array.from({ length: 4 }, () => 'tokyo-0'),
    ),
  ).toThrow(/slot 9 has a home in shard 11, which would go; clear it with iris home/);
});
