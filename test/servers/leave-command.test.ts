/** R4: a core gives its shards away on command, once, and says why it does not. */
import { createSlotMap, readSlotMap } from '../../runtime/contract/slot-map.ts';
import { homesOf, movedTo } from '../../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { leaveCommand } from '../../runtime/servers/leave-command.ts';

const group = (id: string, firstShard: number) => ({ id, firstShard, shardCount: 1, address: `127.0.0.1:${7_000 + firstShard}` });
const first = createSlotMap({
  environment: 'test',
  version: 1,
  shards: 3,
  regions: [
    { code: 'north', awsRegion: 'north', groups: [group('north-0', 0), group('north-1', 1)] },
    { code: 'south', awsRegion: 'south', groups: [group('south-0', 2)] },
  ],
});

function under(id: string, { map = first, isOwner = true, canPublish = true } = {}) {
  let current: SlotMap = map;
  const published: SlotMap[] = [];
  const publish = async (next: SlotMap) => {
    published.push(next);
    current = next;
  };
  const parts = { group: id, isOwner: () => isOwner, newest: async () => readSlotMap(current) };
  return { leave: leaveCommand({ ...parts, publish: canPublish ? publish : undefined }), published };
}

it('publishes a map by which the other groups of the region own its shards; asked again it changes nothing', async () => {
  const { leave, published } = under('north-0');
  expect(await leave(undefined)).toEqual({ group: 'north-0', slotMapVersion: 2 });
  expect(homesOf(published[0]!)).toEqual(['north-1', 'north-1', 'south-0']);
  expect(await leave({})).toEqual({ group: 'north-0', slotMapVersion: 2 });
  expect(published).toHaveLength(1);
});

it('answers the map instead where it is asked to, or cannot publish', async () => {
  const { leave, published } = under('north-0', { canPublish: false });
  expect(await leave({ dryRun: true })).toMatchObject({ slotMapVersion: 2, map: { version: 2, moving: { from: { version: 1 } } } });
  await expect(leave({})).rejects.toMatchObject({ code: 'COMMAND_INVALID', message: expect.stringMatching(/isSlotMapShared is false/) });
  expect(published).toEqual([]);
});

it('fails on a standby, as the last of its region, while another move is under way, and on an input of another shape', async () => {
  await expect(under('north-0', { isOwner: false }).leave({})).rejects.toMatchObject({ code: 'SHARD_UNAVAILABLE' });
  await expect(under('south-0').leave({})).rejects.toMatchObject({
    code: 'COMMAND_INVALID',
    message: expect.stringMatching(/last of its region/),
  });
  const moving = movedTo(first, ['north-0', 'north-1', 'north-1']);
  await expect(under('north-0', { map: moving }).leave({})).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(under('north-0').leave({ dryRun: 'yes' })).rejects.toMatchObject({ code: 'COMMAND_INVALID' });
  await expect(under('north-0').leave({ now: true })).rejects.toMatchObject({ code: 'COMMAND_INVALID' });
});
