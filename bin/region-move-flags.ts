import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { findRunningFleet } from '../infra/local/fleet-file.ts';
import { type CommandIo, UsageError } from './command.ts';
import type { RegionMove } from './region-moves.ts';

export const REGION_MOVE_OPTIONS = [
  ['--dry-run', 'print who would move and change nothing'],
  ['--state <dir>', 'the state folder of the fleet, where several run; default: .iris/*'],
] as const;

/** What a command about one region of a running local fleet was asked. @throws UsageError, IrisError CONNECTION_FAILED where none runs */
export function regionMoveOf(
  name: string,
  args: readonly string[],
  io: CommandIo,
  options: NonNullable<ParseArgsConfig['options']>,
): { move: RegionMove; flags: Readonly<Record<string, unknown>> } {
  const shared = { 'dry-run': { type: 'boolean', default: false }, state: { type: 'string' } } as const;
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { ...options, ...shared } });
  const [region, surplus] = positionals;
  if (region === undefined || surplus !== undefined) throw new UsageError(`iris ${name} takes one region`);
  const state = values.state === undefined ? undefined : resolve(io.cwd, String(values.state));
  return { move: { fleet: findRunningFleet(io.cwd, state), region, isDry: values['dry-run'] === true, io }, flags: values };
}
