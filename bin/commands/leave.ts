import { IrisError } from '../../runtime/contract/errors.ts';
import { homesWithout } from '../../runtime/contract/slot-map-groups.ts';
import { movedTo } from '../../runtime/contract/slot-map-moves.ts';
import type { Command } from '../command.ts';
import { emptied, GROUP_MOVE_OPTIONS, type MovedGroup, runGroupMove, shardsOf } from '../group-move.ts';

export const command: Command = {
  name: 'leave',
  summary: 'Empty a core of a running local fleet while users write, so that it may be stopped for good.',
  usage: 'iris leave <core> [--dry-run] [--back] [--state <dir>]',
  options: GROUP_MOVE_OPTIONS,
  run: (args, io) =>
    runGroupMove(
      {
        name: 'leave',
        planned: (map, group) => (shardsOf(map, group) === 0 ? undefined : movedTo(map, homesWithout(map, group))),
        publish: (moved) => askToLeave(moved),
        async ended(moved, map, leaveIo) {
          await emptied(moved, leaveIo);
          return `${moved.group} owns nothing by slot map ${map.version}: it may be stopped and its store removed`;
        },
      },
      args,
      io,
    ),
};

/** The owner publishes the map; which core that is may change at any time. */
async function askToLeave({ access, group }: MovedGroup): Promise<void> {
  const refusals: string[] = [];
  for (const target of access.targets.filter(({ role }) => role === 'core')) {
    const page = (await access.page(target, 'ownership')) as { group: string; isStandby?: boolean };
    if (page.group !== group || page.isStandby === true) continue;
    try {
      await access.command(target, 'leave');
      return;
    } catch (error) {
      if (!(error instanceof IrisError)) throw error;
      refusals.push(error.message);
    }
  }
  throw new IrisError('COMMAND_INVALID', refusals.join('; ') || `nobody owns group ${group} at this moment; try again`);
}
