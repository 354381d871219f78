/** F17, L12: which slot map may follow which at a running node. */
import { createSlotMap, readSlotMap, shardRunsOf } from '../../../runtime/contract/slot-map.ts';
import type { SlotMap, SlotMove } from '../../../runtime/contract/slot-map-schema.ts';
import { transitionProblems } from '../../../runtime/contract/slot-map-transition.ts';

const group = (id: string, firstShard: number, shardCount: number) => ({
  id,
  firstShard,
  shardCount,
  address: `127.0.0.1:${firstShard + 1}`,
});
const REGIONS = [
  { code: 'tokyo', awsRegion: 'ap-northeast-1', groups: [group('tokyo-0', 0, 2)] },
  { code: 'paris', awsRegion: 'eu-west-3', groups: [group('paris-0', 2, 2)] },
];
type Fields = Partial<Parameters<typeof createSlotMap>[0]>;

function map(version: number, fields: Fields = {}): SlotMap {
  return createSlotMap({ environment: 'test', version, shards: 4, regions: REGIONS, ...fields });
}

function movingFrom(before: SlotMap, fields: Partial<SlotMove> = {}): SlotMove {
  const { version, shards, overrides, tableSha256 } = before;
  return { from: { version, shards, overrides, tableSha256, homes: shardRunsOf(before) }, lost: [], isReturn: false, ...fields };
}

function problems(before: SlotMap, after: SlotMap): string {
  return transitionProblems(readSlotMap(before), readSlotMap(after)).join('; ');
}

const first = map(1);
/** Shard 3 goes from Paris to Tokyo. */
const ASSIGNED = [{ firstShard: 3, shardCount: 1, group: 'tokyo-0' }];
const moving = map(2, { assigned: ASSIGNED, moving: movingFrom(first) });

describe('a newer slot map', () => {
  it('is taken when shards move and the map says where they were, when the move is settled, and when it is taken back', () => {
    expect(problems(first, moving)).toBe('');
    expect(problems(moving, map(3, { assigned: ASSIGNED }))).toBe('');
    const back = map(3, { moving: movingFrom(moving, { isReturn: true }) });
    expect(problems(moving, back)).toBe('');
    expect(problems(back, map(4))).toBe('');
  });

  it('is taken when it doubles the shards, which moves a half (R2)', () => {
    const doubled = map(2, {
      shards: 8,
      assigned: [
        { firstShard: 4, shardCount: 2, group: 'tokyo-0' },
        { firstShard: 6, shardCount: 2, group: 'paris-0' },
      ],
      moving: movingFrom(first),
    });
    expect(problems(first, doubled)).toBe('');
  });

  it('is taken by its version alone where versions in between were missed', () => {
    expect(problems(first, map(3, { assigned: ASSIGNED }))).toBe('');
  });

  it.each<[string, SlotMap, SlotMap, RegExp]>([
    ['an older version', moving, first, /version 1 is not above 2/],
    ['the same version with other contents', first, map(1, { assigned: ASSIGNED }), /version 1 is not above 1/],
    ['another environment', first, map(2, { environment: 'other' }), /belongs to environment other/],
    ['homes that change without a word of where users were', first, map(2, { assigned: ASSIGNED }), /users would be left behind/],
    [
      'a former map that is not the one in force',
      first,
      map(2, { assigned: ASSIGNED, moving: { ...movingFrom(map(1, { assigned: [{ firstShard: 0, shardCount: 1, group: 'paris-0' }] })) } }),
      /moving\.from is not the map of version 1/,
    ],
    [
      'everything moving at once',
      first,
      map(2, {
        assigned: [
          { firstShard: 0, shardCount: 2, group: 'paris-0' },
          { firstShard: 2, shardCount: 2, group: 'tokyo-0' },
        ],
        moving: movingFrom(first),
      }),
      /100\.0 % of the slots would move in one step/,
    ],
    [
      'another move before the first is settled',
      moving,
      map(3, { assigned: [{ firstShard: 2, shardCount: 2, group: 'tokyo-0' }], moving: movingFrom(moving) }),
      /settled or taken back/,
    ],
    [
      'a return that leads to somewhere new',
      moving,
      map(3, { assigned: [{ firstShard: 2, shardCount: 2, group: 'tokyo-0' }], moving: movingFrom(moving, { isReturn: true }) }),
      /settled or taken back/,
    ],
    ['a return of nothing', first, map(2, { assigned: ASSIGNED, moving: movingFrom(first, { isReturn: true }) }), /no move is under way/],
    [
      'a group that vanishes with its shards',
      first,
      map(2, { regions: [{ ...REGIONS[0]!, groups: [group('tokyo-0', 0, 4)] }], moving: undefined }),
      /group paris-0 vanishes/,
    ],
  ])('fails on %s, with the reason', (_what, before, after, reason) => {
    expect(problems(before, after)).toMatch(reason);
  });

  it('lets the slots of a lost region go beyond the limit of a step, since they must', () => {
    const all = map(2, { assigned: [{ firstShard: 2, shardCount: 2, group: 'tokyo-0' }], moving: movingFrom(first, { lost: ['paris'] }) });
    expect(problems(first, all)).toBe('');
  });
});

describe('a map with a move', () => {
  it('knows where each user lived before, for those who moved only', () => {
    const router = readSlotMap(moving);
    const users = Array.from({ length: 200 }, (_, i) => Buffer.from(`user-${i}`));
    const moved = users.filter((user) => router.shardOf(user) === 3);
    expect(moved.length).toBeGreaterThan(0);
    for (const user of users) {
      const isMoved = moved.includes(user);
      expect(router.formerHomeOfUser(user)?.group).toBe(isMoved ? 'paris-0' : undefined);
      if (isMoved) expect(router.homeOfUser(user).group).toBe('tokyo-0');
    }
  });

  it.each<[string, (m: SlotMap) => void, RegExp]>([
    ['a shard assigned to a group that there is not', (m) => (m.assigned![0]!.group = 'lima-0'), /assigned: group lima-0 is in no region/],
    ['an assignment past the last shard', (m) => (m.assigned![0]!.shardCount = 2), /assigned: .* ends at 4, there are 4 shards/],
    [
      'assignments that overlap',
      (m) => m.assigned!.push({ firstShard: 3, shardCount: 1, group: 'paris-0' }),
      /overlaps or is out of order/,
    ],
    ['a former home that misses a shard', (m) => m.moving!.from.homes.pop(), /holds 2 shards, there were 4/],
    ['a former map as new as itself', (m) => (m.moving!.from.version = 2), /must be below 2/],
    [
      'a former table that is another',
      (m) => m.moving!.from.overrides.push({ firstSlot: 0, slotCount: 9, shard: 3 }),
      /moving\.from\.tableSha256: the table hashes to/,
    ],
    ['a lost region that there is not', (m) => m.moving!.lost.push('lima'), /no region is called lima/],
  ])('fails on %s, with the reason', (_, breakIt, reason) => {
    const broken = structuredClone(moving);
    breakIt(broken);
    expect(() => readSlotMap(broken)).toThrow(reason);
  });
});
