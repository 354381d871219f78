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
  [/unknown command|wrong number of arguments/i, 'it is too old; Redis 6.2, in a cluster 7.0, or Valkey 7.2 is needed'],
];

/** The same of TLS; Node says it in words, and OpenSSL. */
const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/altnames/i, 'shows a certificate for another name; name it as the certificate does, or have one made for this name'],
  [/certificate|unable to verify/i, 'shows a certificate that is not trusted; name who signs it with `caPath`'],
  [/wrong version number|packet length too long|record layer/i, 'speaks no TLS on this port; name its TLS port, or leave out `tls`'],
];

/** One line that names the servers, what is wrong and what to do; never a password. */
export function redisError({ addresses, tls }: RedisSettings, error: unknown): IrisError {
  if (error instanceof IrisError) return error;
  const said = deepest(error);
  const at = addresses.join(', ');
  const remedy = REMEDIES.find(([pattern]) => pattern.test(said))?.[1];
  if (remedy !== undefined) return new IrisError('ENGINE_INVALID', `Redis at ${at} answers, but ${remedy}`);
  const tlsRemedy = tls ? TLS_REMEDIES.find(([pattern]) => pattern.test(said))?.[1] : undefined;
  if (tlsRemedy !== undefined) return new IrisError('ENGINE_INVALID', `Redis at ${at} ${tlsRemedy}`);
  return new IrisError('ENGINE_UNAVAILABLE', `Redis at ${at} does not answer: ${said}${hintOf(said, tls)}`);
}

/** What a port of the other kind does, and a server that ends or hangs too: it may pass. */
function hintOf(said: string, tls: boolean): string {
  if (!tls && said.includes('ECONNRESET')) return '; if it goes on and it speaks TLS only, set `tls`';
  return tls && said.includes('ETIMEDOUT') ? '; if it goes on, name its TLS port, or leave out `tls`' : '';
}

/** A cluster tells only that all failed; the last node’s error says why. */
function deepest(error: unknown): string {
  const last = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : undefined;
  return last instanceof Error ? `${errorLine(error)} ${errorLine(last)}` : errorLine(error);
}
