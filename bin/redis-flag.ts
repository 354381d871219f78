import { UsageError } from './command.ts';

/** What `--redis` of `iris up` names: one server, or `cluster:` or `sentinel:` and several; laid over what the environment says of its own. */
export interface RedisChoice {
  readonly kind: 'redis';
  readonly redis: {
    readonly mode: 'single' | 'cluster' | 'sentinel';
    readonly addresses: readonly string[];
    readonly tls: false;
    readonly caPath: null;
    readonly login: null;
  };
}

/** @throws UsageError */
export function redisChoice(text: string): RedisChoice {
  const [, prefix, list = ''] = /^(?:(cluster|sentinel):)?(.*)$/.exec(text) as RegExpExecArray;
  const addresses = list.split(',');
  const mode = (prefix as 'cluster' | 'sentinel' | undefined) ?? 'single';
  const isListed = addresses.every((address) => /^[A-Za-z0-9.-]{1,253}:\d{1,5}$/.test(address));
  if (!isListed || (mode === 'single' && addresses.length > 1))
    throw new UsageError(`--redis is '${text}', it must be host:port, or cluster: or sentinel: and host:port,…`);
  return { kind: 'redis', redis: { mode, addresses, tls: false, caPath: null, login: null } };
}
