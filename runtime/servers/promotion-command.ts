import { IrisError } from '../contract/errors.ts';
import { BUCKETS_MAX } from '../contract/limits.ts';
import { checkUserName } from '../wire/user-name.ts';
import type { AdminCommand } from './admin-commands.ts';
import type { CoreNode } from './core-node.ts';

/**
 * `{"user": "<name>", "buckets": n}` gives a user’s inbox n buckets; answers `{user, generation, buckets}`, or `{home}` with the group whose core
 * has to be asked instead.
 * @throws IrisError COMMAND_INVALID, NAME_INVALID, SHARD_UNAVAILABLE on a standby, OVERLOADED while an earlier change is under way
 */
export function promotionCommand(core: () => CoreNode | undefined): AdminCommand {
  return async (input) => {
    const { user, buckets } = (input ?? {}) as { user?: unknown; buckets?: unknown };
    if (typeof user !== 'string' || typeof buckets !== 'number')
      throw new IrisError('COMMAND_INVALID', `the input must be {"user": "<name>", "buckets": 1 to ${BUCKETS_MAX}}`);
    const name = Buffer.from(user, 'utf8');
    checkUserName(name);
    const owner = core();
    if (owner === undefined) throw new IrisError('SHARD_UNAVAILABLE', 'this core is a standby; ask the owner');
    return owner.homeOf(name) ?? (await owner.promote(name, buckets));
  };
}
