import { IrisError } from '../contract/errors.ts';
import { BUCKETS_MAX } from '../contract/limits.ts';
import { checkUserName } from '../wire/user-name.ts';
import type { AdminCommand } from './admin-commands.ts';
import type { CoreNode } from './core-node.ts';

/**
 * `{"user": "<name>", "buckets": n}` gives a user’s inbox n buckets, with `"force": true` also beside nodes that cannot read them; answers `{user, generation, buckets}`, or `{home}` with the group whose core
 * has to be asked instead.
 * @throws IrisError COMMAND_INVALID, NAME_INVALID, SHARD_UNAVAILABLE on a standby, OVERLOADED while an earlier change is under way
 */
export function promotionCommand(core: () => CoreNode | undefined): AdminCommand {
  return async (input) => {
    const { user, buckets, force = false } = (input ?? {}) as { user?: unknown; buckets?: unknown; force?: unknown };
    if (typeof user !== 'string' || typeof buckets !== 'number' || typeof force !== 'boolean')
      throw new IrisError(
        'COMMAND_INVALID',
        `the input must be {"user": "<name>", "buckets": 1 to ${BUCKETS_MAX}, "force": true or false}`,
      );
    const name = Buffer.from(user, 'utf8');
    checkUserName(name);
    const owner = core();
    if (owner === undefined) throw new IrisError('SHARD_UNAVAILABLE', 'this core is a standby; ask the owner');
    return owner.homeOf(name) ?? (await owner.promote(name, buckets, { isForced: force }));
  };
}
