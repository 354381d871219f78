import { homesWith } from '../../runtime/contract/slot-map-groups.ts';
import { movedTo } from '../../runtime/contract/slot-map-moves.ts';
import type { Command } from '../command.ts';
import { GROUP_MOVE_OPTIONS, groupMoveUsage, runGroupMove, shardsOf } from '../group-move.ts';

export const command: Command = {
  name: 'join',
  summary: 'Give a core its share of its region’s shards, while users write.',
  usage: groupMoveUsage('join'),
  options: GROUP_MOVE_OPTIONS,
  run: (args, io) =>
    runGroupMove(
      {
        name: 'join',
        planned: (map, group) => (shardsOf(map, group) > 0 ? undefined : movedTo(map, homesWith(map, group))),
        ended: async ({ group }, map) => `${group} owns ${shardsOf(map, group)} of ${map.shards} shards by slot map ${map.version}`,
      },
      args,
      io,
    ),
};
