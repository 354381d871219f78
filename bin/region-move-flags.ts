import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type CommandIo, UsageError } from './command.ts';
import { FLEET_OPTION_HELP, FLEET_OPTIONS, type FleetFlags, movedFleet } from './moved-fleet.ts';
import type { RegionMove } from './region-moves.ts';

export const REGION_MOVE_OPTIONS = [['--dry-run', 'print who would move and change nothing'], ...FLEET_OPTION_HELP] as const;

/** What a command about one region was asked. @throws UsageError, IrisError CONNECTION_FAILED where none runs */
export function regionMoveOf(
  name: string,
  args: readonly string[],
  io: CommandIo,
  options: NonNullable<ParseArgsConfig['options']>,
): { move: RegionMove; flags: Readonly<Record<string, unknown>> } {
  const shared = { 'dry-run': { type: 'boolean', default: false }, ...FLEET_OPTIONS } as const;
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { ...options, ...shared } });
  const [region, surplus] = positionals;
  if (region === undefined || surplus !== undefined) throw new UsageError(`iris ${name} takes one region`);
  return { move: { fleet: movedFleet(values as FleetFlags, io), region, isDry: values['dry-run'] === true, io }, flags: values };
}
