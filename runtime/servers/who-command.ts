import { IrisError } from '../contract/errors.ts';
import { USER_BYTES_MAX } from '../contract/limits.ts';
import type { SessionDirectory } from '../ports/session-directory.ts';
import type { AdminCommand } from './admin-commands.ts';

/** `{user}` => where the user is connected, or `{}`. */
export function whoCommand(directory: SessionDirectory): AdminCommand {
  return async (input) => {
    const user = typeof input === 'object' && input !== null && 'user' in input ? input.user : undefined;
    if (typeof user !== 'string' || user === '' || Buffer.byteLength(user) > USER_BYTES_MAX)
      throw new IrisError('COMMAND_INVALID', `user must be a name of 1 to ${USER_BYTES_MAX} bytes`);
    const place = await directory.find(Buffer.from(user).toString('latin1'));
    return place === undefined ? {} : { ...place, user };
  };
}
