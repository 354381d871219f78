/** A move that ended while a core was being opened would leave users with their former owner for good (L1). */
import type { CommandIo } from '../../bin/command.ts';
import { carryOut, groupsWaitedFor, type Ownership } from '../../bin/map-move.ts';
import { MovedFleet } from '../../bin/moved-fleet.ts';
import { AdminAccess } from '../../infra/local/admin-access.ts';
import { createSlotMap } from '../../runtime/contract/slot-map.ts';
import { homesOfMore, movedTo, settled } from '../../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';

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

describe('of two commands that wait for the same move', () => {
  const cores = ['north-0', 'south-0'].map((id) => ({ id, role: 'core' as const, region: id.slice(0, 5), address: id }));
  const io: CommandIo = {
    result: () => undefined,
    note: () => undefined,
    isInteractive: false,
    env: {},
    cwd: '.',
    signal: new AbortController().signal,
  };

  /** Every core is through. */
  class ThroughAccess extends AdminAccess {
    override async page({ id }: { id: string }): Promise<unknown> {
      return owner(id);
    }
  }

  /** Between its last look and its publication somebody else publishes `faster`. */
  function fleetWith(faster: SlotMap): { fleet: MovedFleet; published: () => SlotMap } {
    let published = map;
    const register = {
      name: 'the register',
      read: async () => ({ document: published, revision: String(published.version) }),
      next: () => Promise.reject(new Error('nobody waits here')),
      publish: async () => {
        published = faster;
        return false;
      },
    };
    return { fleet: new MovedFleet(register, async () => new ThroughAccess(cores, '')), published: () => published };
  }

  it('the second finds the move ended, and has done what it was asked for', async () => {
    const { fleet } = fleetWith(settled(map));
    expect((await carryOut(fleet, undefined, io)).version).toBe(map.version + 1);
  });

  it('a publication that is refused for another reason is told', async () => {
    const { fleet, published } = fleetWith(map);
    await expect(carryOut(fleet, undefined, io)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(published()).toBe(map);
  });
});
