/** C12, R2, F17: the slot map, its movement laws and its one validator. */
import { SLOTS } from '../../../runtime/contract/limits.ts';
import { createSlotMap, readSlotMap, tableHash } from '../../../runtime/contract/slot-map.ts';
import type { SlotMap } from '../../../runtime/contract/slot-map-schema.ts';
import { evenSlotTable } from '../../../runtime/contract/slot-table.ts';

const moved = (a: Uint16Array, b: Uint16Array) => a.reduce((sum, shard, slot) => sum + (shard === b[slot] ? 0 : 1), 0) / SLOTS;

describe('even-1', () => {
  it.each([1, 2, 3, 7, 10, 100, 999, 4097, 50_000])('keeps %d shards within one slot of each other', (shards) => {
    const sizes = new Uint32Array(shards);
    for (const shard of evenSlotTable(shards)) sizes[shard]!++;
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it.each([1, 2, 3, 10, 100, 999, 1000])('moves 1/(N+1) of the slots when one shard joins %d, all of them to the new one', (shards) => {
    const [before, after] = [evenSlotTable(shards), evenSlotTable(shards + 1)];
    expect(moved(before, after)).toBeCloseTo(1 / (shards + 1), 5);
    expect(after.every((shard, slot) => shard === before[slot] || shard === shards)).toBe(true);
  });

  it.each([1, 2, 3, 10, 500, 25_000])('moves half of the slots when %d shards double', (shards) => {
    expect(moved(evenSlotTable(shards), evenSlotTable(2 * shards))).toBeCloseTo(0.5, 2);
  });

  it('is frozen: the table of 1, 3, 1000 and 50,000 shards hashes to the released values', () => {
    expect([1, 3, 1000, 50_000].map((shards) => tableHash(evenSlotTable(shards)))).toMatchSnapshot();
  });
});

const map = (): SlotMap =>
  createSlotMap({
    environment: 'test',
    version: 1,
    shards: 4,
    regions: [
      { code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [{ id: 'tokyo-0', firstShard: 0, shardCount: 2, address: '127.0.0.1:1' }] },
      { code: 'paris', awsRegion: 'eu-west-3', groups: [{ id: 'paris-0', firstShard: 2, shardCount: 2, address: '127.0.0.1:2' }] },
    ],
  });

describe('readSlotMap', () => {
  it('routes a user to the group that holds its shard', () => {
    const router = readSlotMap(map());
    const shard = router.shardOf(Buffer.from('alice'));
    expect(router.homeOf(shard)).toMatchObject(shard < 2 ? { region: 'tokyo', group: 'tokyo-0' } : { region: 'paris', group: 'paris-0' });
  });

  it.each<[string, (m: SlotMap) => void, RegExp]>([
    [
      'an overlap',
      (m) => {
        m.regions[1]!.groups[0]!.firstShard = 1;
      },
      /shard 1 belongs to both tokyo-0 and paris-0/,
    ],
    [
      'a gap',
      (m) => {
        m.regions[1]!.groups[0]!.shardCount = 1;
      },
      /shard 3 belongs to no group/,
    ],
    [
      'a group beyond the last shard',
      (m) => {
        m.regions[1]!.groups[0]!.shardCount = 9;
      },
      /holds shards 2 to 10, the map has 4/,
    ],
    [
      'two regions with one code',
      (m) => {
        m.regions[1]!.code = 'tokyo';
      },
      /region tokyo is listed twice/,
    ],
    [
      'another table',
      (m) => {
        m.overrides.push({ firstSlot: 0, slotCount: 5, shard: 3 });
      },
      /the table hashes to/,
    ],
    [
      'an override of an unknown shard',
      (m) => {
        m.overrides.push({ firstSlot: 0, slotCount: 5, shard: 4 });
      },
      /names shard 4, the map has 4/,
    ],
    [
      'an override past the end',
      (m) => {
        m.overrides.push({ firstSlot: SLOTS - 1, slotCount: 5, shard: 3 });
      },
      /there are 1048576 slots/,
    ],
    [
      'a standby at the owner’s address',
      (m) => {
        m.regions[0]!.groups[0]!.standby = [m.regions[0]!.groups[0]!.address];
      },
      /group tokyo-0 lists an address twice/,
    ],
    [
      'more standbys than a group may have',
      (m) => {
        m.regions[0]!.groups[0]!.standby = ['a:1', 'a:2', 'a:3', 'a:4', 'a:5', 'a:6'];
      },
      /standby/,
    ],
    [
      'version 0',
      (m) => {
        m.version = 0;
      },
      /version/,
    ],
  ])('fails on %s, with the reason', (_, breakIt, reason) => {
    const broken = structuredClone(map());
    breakIt(broken);
    expect(() => readSlotMap(broken)).toThrow(reason);
  });
});
