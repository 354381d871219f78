import { type Access, redisAccess } from '../infra/local/engine-access.ts';
import { DIRECTORY_VARIABLE } from '../runtime/contract/engine-addresses.ts';
import { UsageError } from './command.ts';

/** What `--redis` of `iris up` names: one server, or `cluster:` or `sentinel:` and several; laid over what the environment says of its own. */
export interface RedisChoice {
  readonly kind: 'redis';
  readonly redis: {
    readonly mode: 'single' | 'cluster' | 'sentinel';
    /** Or the variable in which the nodes find it: the port of one that is started with them is not known before it runs. */
    readonly addresses: readonly string[] | { readonly env: string };
    readonly tls: boolean;
    readonly caPath: string | null;
    readonly login: { readonly kind: 'password'; readonly credentialsPath: string } | null;
  };
}

/** The one that `iris up` starts itself. */
export const REDIS_OF_FLEET: RedisChoice = redisAt('single', { env: DIRECTORY_VARIABLE });

/** @throws UsageError */
export function redisChoice(text: string, access?: Access): RedisChoice {
  const [, prefix, list = ''] = /^(?:(cluster|sentinel):)?(.*)$/.exec(text) as RegExpExecArray;
  const addresses = list.split(',');
  const mode = (prefix as 'cluster' | 'sentinel' | undefined) ?? 'single';
  const isListed = addresses.every((address) => /^[A-Za-z0-9.-]{1,253}:\d{1,5}$/.test(address));
  if (!isListed || (mode === 'single' && addresses.length > 1))
    throw new UsageError(`--redis is '${text}', it must be host:port, or cluster: or sentinel: and host:port,…`);
  return redisAt(mode, addresses, access);
}

function redisAt(mode: RedisChoice['redis']['mode'], addresses: RedisChoice['redis']['addresses'], access?: Access): RedisChoice {
  return { kind: 'redis', redis: { mode, addresses, ...redisAccess(access) } };
}
