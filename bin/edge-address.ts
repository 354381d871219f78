import { resolve } from 'node:path';
import { findRunningFleet } from '../infra/local/fleet-file.ts';
import { IrisError } from '../runtime/contract/errors.ts';
import { type CommandIo, UsageError } from './command.ts';

/** The options of every command that speaks to an edge, as `parseArgs` takes them and as `--help` explains them. */
export const EDGE_OPTIONS = { at: { type: 'string' }, state: { type: 'string' }, token: { type: 'string' } } as const;
export const EDGE_OPTION_HELP = [
  ['--at <host:port>', 'the edge to connect to; default: the first edge of the local fleet that runs below this folder'],
  ['--state <dir>', 'the state folder of that fleet, where several run; default: .iris/*'],
  ['--token <jwt>', 'the token of the user, where the environment asks for one; default: the variable IRIS_TOKEN, else none'],
] as const;

/**
 * Where to connect.
 * @throws UsageError for an address that is not host:port; IrisError CONNECTION_FAILED when no fleet or more than one runs here.
 */
export function edgeAddress(values: { at?: string | undefined; state?: string | undefined }, io: CommandIo): string {
  if (values.at !== undefined) {
    if (!/^[^\s:]+:\d{1,5}$/.test(values.at)) throw new UsageError(`--at is '${values.at}', it must be host:port`);
    return values.at;
  }
  const { fleet, stateDirectory } = findRunningFleet(io.cwd, values.state === undefined ? undefined : resolve(io.cwd, values.state));
  const address = fleet.nodes.find(({ role }) => role === 'edge')?.listen.tcp;
  if (address === undefined) throw new IrisError('CONNECTION_FAILED', `the fleet in ${stateDirectory} has no edge`);
  return address;
}
