import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findRunningFleet } from '../infra/local/fleet-file.ts';
import { IrisClient } from '../runtime/client/iris-client.ts';
import { errorLine, IrisError } from '../runtime/contract/errors.ts';
import { type CommandIo, UsageError } from './command.ts';

/** The options of every command that speaks to an edge, as `parseArgs` takes them and as `--help` explains them. */
export const EDGE_OPTIONS = {
  at: { type: 'string' },
  state: { type: 'string' },
  token: { type: 'string' },
  tls: { type: 'boolean' },
  ca: { type: 'string' },
} as const;
export const EDGE_OPTION_HELP = [
  ['--at <host:port>', 'the edge to connect to; default: the first edge of the local fleet that runs below this folder'],
  ['--state <dir>', 'the state folder of that fleet, where several run; default: .iris/*'],
  ['--token <jwt>', 'the token of the user, where the environment asks for one; default: the variable IRIS_TOKEN, else none'],
  ['--tls', 'speak TLS 1.3 and believe the authorities that Node knows; default: what the local fleet speaks, plain TCP with --at'],
  ['--ca <file>', 'speak TLS 1.3 and believe the authorities of this PEM file only'],
] as const;

interface EdgeFlags {
  readonly at?: string | undefined;
  readonly state?: string | undefined;
  readonly token?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly ca?: string | undefined;
  /** Over which the buckets of a promoted inbox are read. @default 1 */
  readonly connections?: number | undefined;
}

/** Milliseconds without a login after which the wait is told. */
const PATIENCE_MS = 2_000;

/**
 * Logs a user in at the edge that the flags name.
 * @throws UsageError, or IrisError CONNECTION_FAILED or AUTHENTICATION_FAILED.
 */
export async function connectAs(user: string, flags: EdgeFlags, io: CommandIo): Promise<{ client: IrisClient; at: string }> {
  const { at, tls } = edgeOf(flags, io);
  const token = flags.token ?? io.env['IRIS_TOKEN'];
  const patience = setTimeout(() => io.note(`still trying to reach ${at}`), PATIENCE_MS);
  try {
    const { connections = 1 } = flags;
    return { client: await IrisClient.connect({ addresses: [at], user, connections, tls, ...(token === undefined ? {} : { token }) }), at };
  } finally {
    clearTimeout(patience);
  }
}

interface Edge {
  readonly at: string;
  readonly tls: boolean | { readonly authorities: string };
}

/**
 * Where to connect, and how.
 * @throws UsageError for an address that is not host:port; IrisError CONNECTION_FAILED when no fleet or more than one runs here,
 * FILE_UNREADABLE without the file of `--ca`.
 */
function edgeOf(flags: EdgeFlags, io: CommandIo): Edge {
  const asked = flags.ca === undefined ? (flags.tls ?? false) : { authorities: readText(resolve(io.cwd, flags.ca)) };
  if (flags.at !== undefined) {
    if (!/^[^\s:]+:\d{1,5}$/.test(flags.at)) throw new UsageError(`--at is '${flags.at}', it must be host:port`);
    return { at: flags.at, tls: asked };
  }
  const { fleet, stateDirectory } = findRunningFleet(io.cwd, flags.state === undefined ? undefined : resolve(io.cwd, flags.state));
  const at = fleet.nodes.find(({ role }) => role === 'edge')?.listen.tcp;
  if (at === undefined) throw new IrisError('CONNECTION_FAILED', `the fleet in ${stateDirectory} has no edge`);
  return { at, tls: asked === false && fleet.authorityPath !== undefined ? { authorities: readText(fleet.authorityPath) } : asked };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new IrisError('FILE_UNREADABLE', `${path} cannot be read: ${errorLine(cause)}`);
  }
}
