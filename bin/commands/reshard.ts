import { parseArgs } from 'node:util';
import { IrisError } from '../../runtime/contract/errors.ts';
import { lostRegionOf } from '../../runtime/contract/slot-map-failover.ts';
import { homesOfMore, movedTo, takenBack } from '../../runtime/contract/slot-map-moves.ts';
import type { SlotMap } from '../../runtime/contract/slot-map-schema.ts';
import { type Command, UsageError } from '../command.ts';
import { carryOut } from '../map-move.ts';
import { FLEET_OPTION_HELP, FLEET_OPTIONS, FLEET_USAGE, movedFleet } from '../moved-fleet.ts';
import { movesText } from '../moves-text.ts';

export const command: Command = {
  name: 'reshard',
  summary: 'Give a running environment more shards while users write; users move one by one.',
  usage: `iris reshard <environment> --shards <n> [--dry-run] [--back] ${FLEET_USAGE}`,
  options: [
    ['--shards <n>', 'shards from now on; the new ones go to the groups that have fewest'],
    ['--dry-run', 'print what would move and change nothing'],
    ['--back', 'take the move under way back: everyone where they were'],
    ...FLEET_OPTION_HELP,
  ],
  async run(args, io) {
    const { environment, flags } = parse(args);
    const fleet = movedFleet(flags, io);
    const from = await fleet.published();
    const { map } = from;
    if (map.environment !== environment)
      throw new IrisError('ENVIRONMENT_INVALID', `the fleet that runs there is ${map.environment}, not ${environment}`);
    const lost = lostRegionOf(map);
    if (lost !== undefined) throw new IrisError('CONFIG_INVALID', `${lost} is failed over; iris failback ${lost} comes first`);
    const next = flags.back ? takenBack(map) : grown(map, flags.shards);
    if (next !== undefined) io.result(movesText(map, next));
    if (flags.isDry) return 0;
    const after = await carryOut(fleet, next && { from, next }, io);
    io.result(`${after.shards} shards by slot map ${after.version}; nobody is left to move`);
    return 0;
  },
};

/** Undefined where that many shards are there or on their way: then only the rest is to be done. */
function grown(map: SlotMap, shards: number): SlotMap | undefined {
  return shards === map.shards ? undefined : movedTo(map, homesOfMore(map, shards));
}

function parse(args: readonly string[]) {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      shards: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      back: { type: 'boolean', default: false },
      ...FLEET_OPTIONS,
    },
  });
  const [environment, surplus] = positionals;
  if (environment === undefined || surplus !== undefined) throw new UsageError('iris reshard takes one environment');
  const shards = Number(values.shards);
  if (!values.back && (!Number.isInteger(shards) || shards < 1))
    throw new UsageError('iris reshard needs --shards, a whole number, or --back');
  return { environment, flags: { ...values, shards, isDry: values['dry-run'] } };
}
