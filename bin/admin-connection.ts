import { resolve } from 'node:path';
import { AdminAccess } from '../infra/local/admin-access.ts';
import { findRunningFleet } from '../infra/local/fleet-file.ts';
import { type CommandIo, UsageError } from './command.ts';

/** The options of every command that speaks to nodes’ admin listeners, as `parseArgs` takes them and as `--help` explains them. */
export const ADMIN_OPTIONS = { admin: { type: 'string' }, 'token-file': { type: 'string' }, state: { type: 'string' } } as const;
export const ADMIN_OPTION_HELP = [
  ['--admin <host:port>', 'the admin listener of one node; default: every node of the local fleet that runs below this folder'],
  ['--token-file <path>', 'the file with the admin token, together with --admin'],
  ['--state <dir>', 'the state folder of the local fleet, where several run; default: .iris/*'],
] as const;

interface AdminFlags {
  readonly admin?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly state?: string | undefined;
}

/**
 * The nodes that the flags name.
 * @throws UsageError for flags that do not go together; IrisError CONNECTION_FAILED when no fleet or more than one runs here.
 */
export function adminAccess(flags: AdminFlags, io: CommandIo): AdminAccess {
  const { admin, 'token-file': tokenPath, state } = flags;
  if (admin === undefined && tokenPath === undefined)
    return AdminAccess.ofFleet(findRunningFleet(io.cwd, state === undefined ? undefined : resolve(io.cwd, state)));
  if (admin === undefined || tokenPath === undefined) throw new UsageError('--admin and --token-file go together');
  if (!/^[^\s:]+:\d{1,5}$/.test(admin)) throw new UsageError(`--admin is '${admin}', it must be host:port`);
  return AdminAccess.ofNode(admin, resolve(io.cwd, tokenPath));
}
