import { parseArgs } from 'node:util';
import { IrisError } from '../../runtime/contract/errors.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { lostRegionOf } from '../../runtime/contract/slot-map-failover.ts';
import { homedIn, homeOf } from '../../runtime/contract/slot-map-homes.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { type Command, UsageError } from '../command.ts';
import { carryOut } from '../map-move.ts';
import { FLEET_OPTION_HELP, FLEET_OPTIONS, FLEET_USAGE, movedFleet } from '../moved-fleet.ts';

export const command: Command = {
  name: 'home',
  summary: 'Print where a user lives, or give the user another home region, live.',
  usage: `iris home <user> [--region <region> | --clear] [--dry-run] ${FLEET_USAGE}`,
  options: [
    ['--region <region>', 'the home from now on; the user’s inbox moves there, with those of the other users of its slot'],
    ['--clear', 'no explicit home any more: the slot decides'],
    ['--dry-run', 'print where the user would live and change nothing'],
    ...FLEET_OPTION_HELP,
  ],
  async run(args, io) {
    const { user, region, isCleared, isDry, flags } = parse(args);
    const name = Buffer.from(user, 'utf8');
    const fleet = movedFleet(flags, io);
    const from = await fleet.published();
    const { map } = from;
    if (region === undefined && !isCleared) {
      io.result(homeText(user, map));
      return 0;
    }
    const lost = lostRegionOf(map);
    if (lost !== undefined) throw new IrisError('CONFIG_INVALID', `${lost} is failed over; iris failback ${lost} comes first`);
    const next = homedIn(readSlotMap(map), name, region);
    if (isDry) io.result(`would be: ${homeText(user, next ?? map)}`);
    else io.result(homeText(user, await carryOut(fleet, next && { from, next }, io)));
    return 0;
  },
};

function homeText(user: string, map: SlotMap): string {
  const { region, group, shard, slot, isExplicit } = homeOf(readSlotMap(map), Buffer.from(user, 'utf8'));
  return `${user} lives in ${region}: shard ${shard} of ${group}, by ${isExplicit ? 'command' : `slot ${slot}`}; slot map ${map.version}`;
}

function parse(args: readonly string[]) {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      region: { type: 'string' },
      clear: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      ...FLEET_OPTIONS,
    },
  });
  const [user, surplus] = positionals;
  if (user === undefined || surplus !== undefined) throw new UsageError('iris home takes one user');
  if (values.clear && values.region !== undefined) throw new UsageError('--region and --clear do not go together');
  return { user, region: values.region, isCleared: values.clear, isDry: values['dry-run'], flags: values };
}
