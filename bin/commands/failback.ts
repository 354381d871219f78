import type { Command } from '../command.ts';
import { FLEET_USAGE } from '../moved-fleet.ts';
import { REGION_MOVE_OPTIONS, regionMoveOf } from '../region-move-flags.ts';
import { failBack } from '../region-moves.ts';

export const command: Command = {
  name: 'failback',
  summary: 'Give a region that is back its users back, once it has sent on what it held.',
  usage: `iris failback <region> [--dry-run] ${FLEET_USAGE}`,
  options: REGION_MOVE_OPTIONS,
  async run(args, io) {
    io.result(await failBack(regionMoveOf('failback', args, io, {}).move));
    return 0;
  },
};
