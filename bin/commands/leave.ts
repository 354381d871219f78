import { homesWithout } from '../../runtime/contract/slot-map-groups.ts';
import { movedTo } from '../../runtime/contract/slot-map-moves.ts';
import type { Command } from '../command.ts';
import { emptied, GROUP_MOVE_OPTIONS, groupMoveUsage, runGroupMove, shardsOf } from '../group-move.ts';

export const command: Command = {
  name: 'leave',
  summary: 'Empty a core while users write, so that it may be stopped for good.',
  usage: groupMoveUsage('leave'),
  options: GROUP_MOVE_OPTIONS,
  run: (args, io) =>
    runGroupMove(
      {
        name: 'leave',
        planned: (map, group) => (shardsOf(map, group) === 0 ? undefined : movedTo(map, homesWithout(map, group))),
        async ended(moved, map, leaveIo) {
          await emptied(moved, map, leaveIo);
          return `${moved.group} owns nothing by slot map ${map.version}: it may be stopped and its store removed`;
        },
      },
      args,
      io,
    ),
};
