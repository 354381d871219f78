import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findRunningFleet } from '../../infra/local/fleet-file.ts';
import { readPublishedMap } from '../../infra/local/published-map.ts';
import { IrisError } from '../../runtime/contract/errors.ts';
import { readSlotMap } from '../../runtime/contract/slot-map.ts';
import { lostRegionOf } from '../../runtime/contract/slot-map-failover.ts';
import { homedIn, homeOf } from '../../runtime/contract/slot-map-homes.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { type Command, UsageError } from '../command.ts';
import { carryOut } from '../map-move.ts';

export const command: Command = {
  name: 'home',
  summary: 'Print where a user of a running local fleet lives, or give the user another home region, live.',
  usage: 'iris home <user> [--region <region> | --clear] [--dry-run] [--state <dir>]',
  options: [
    ['--region <region>', 'the home from now on; the user’s inbox moves there, with those of the other users of its slot'],
    ['--clear', 'no explicit home any more: the slot decides'],
    ['--dry-run', 'print where the user would live and change nothing'],
    ['--state <dir>', 'the state folder of the fleet, where several run; default: .iris/*'],
  ],
  async run(args, io) {
    const { user, region, isCleared, isDry, state } = parse(args);
    const name = Buffer.from(user, 'utf8');
    const fleet = findRunningFleet(io.cwd, state === undefined ? undefined : resolve(io.cwd, state));
    const map = readPublishedMap(fleet.stateDirectory);
    if (region === undefined && !isCleared) {
      io.result(homeText(user, map));
      return 0;
    }
    const lost = lostRegionOf(map);
    if (lost !== undefined) throw new IrisError('CONFIG_INVALID', `${lost} is failed over; iris failback ${lost} comes first`);
    const next = homedIn(readSlotMap(map), name, region);
    if (isDry) io.result(`would be: ${homeText(user, next ?? map)}`);
    else io.result(homeText(user, await carryOut(fleet, next, io)));
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
      state: { type: 'string' },
    },
  });
  const [user, surplus] = positionals;
  if (user === undefined || surplus !== undefined) throw new UsageError('iris home takes one user');
  if (values.clear && values.region !== undefined) throw new UsageError('--region and --clear do not go together');
  return { user, region: values.region, isCleared: values.clear, isDry: values['dry-run'], state: values.state };
}
