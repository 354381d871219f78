import { errorLine, IrisError } from '../../contract/errors.ts';
import type { RedisSettings } from '../../contract/redis-settings.ts';

/** What a server says that no retry mends, and what mends it. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/WRONGPASS|invalid username-password|invalid password/i, 'it refuses the login; check the user and password of credentialsPath'],
  [
    /NOAUTH|without any password configured/i,
    'its login and that of the config differ: one has a password and the other none; check credentialsPath',
  ],
  [/NOPERM/, 'its user may not do what a session directory does; give it +@all -@admin -@dangerous, ~* and &*'],
  [/MOVED|ASK /, 'it is a node of a cluster; set mode to cluster'],
  [/cluster support disabled/i, 'it is no cluster; set mode to single'],
  [/unknown command.*sentinel/i, 'it is no sentinel; set mode to single'],
  [/Unknown RESP type|Protocol error/i, 'not as Redis does; check host and port'],
  [/unknown command|wrong number of arguments/i, 'it is too old; Redis 6.2 or Valkey 7.2 is needed'],
];

/** One line that names the servers, what is wrong and what to do; never a password. */
export function redisError({ addresses }: RedisSettings, error: unknown): IrisError {
  if (error instanceof IrisError) return error;
  const said = deepest(error);
  const at = addresses.join(', ');
  const remedy = REMEDIES.find(([pattern]) => pattern.test(said))?.[1];
  if (remedy !== undefined) return new IrisError('ENGINE_INVALID', `Redis at ${at} answers, but ${remedy}`);
  return new IrisError('ENGINE_UNAVAILABLE', `Redis at ${at} does not answer: ${said}`);
}

/** A cluster tells only that all failed; the last node’s error says why. */
function deepest(error: unknown): string {
  const last = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : undefined;
  return last instanceof Error ? `${errorLine(error)} ${errorLine(last)}` : errorLine(error);
}
