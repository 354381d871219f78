import { type Command, UsageError } from '../command.ts';
import { FLEET_USAGE } from '../moved-fleet.ts';
import { REGION_MOVE_OPTIONS, regionMoveOf } from '../region-move-flags.ts';
import { drainRegion, failOver, giveUp } from '../region-moves.ts';

export const command: Command = {
  name: 'failover',
  summary: 'Give the users of a lost region to the other regions, at once.',
  usage: `iris failover <region> [--planned | --give-up] [--dry-run] ${FLEET_USAGE}`,
  options: [
    ['--planned', 'the region still answers: move its users, with all they have'],
    ['--give-up', 'end a failover without the region: what it held is not waited for any more, and comes late if its disks come back'],
    ...REGION_MOVE_OPTIONS,
  ],
  async run(args, io) {
    const { move, flags } = regionMoveOf('failover', args, io, { planned: { type: 'boolean' }, 'give-up': { type: 'boolean' } });
    if (flags['planned'] === true && flags['give-up'] === true) throw new UsageError('--planned and --give-up do not go together');
    if (flags['give-up'] === true) io.result(await giveUp(move));
    else io.result(await (flags['planned'] === true ? drainRegion(move) : failOver(move)));
    return 0;
  },
};
