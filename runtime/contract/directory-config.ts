import { z } from 'zod';
import { resolveHosts } from './host-list.ts';
import { type RedisSettings, redisSettings } from './redis-settings.ts';

/** Who is connected where: what each edge knows by itself, or what all edges of the region tell Redis. */
export const directoryConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('process') }),
  z.strictObject({ kind: z.literal('redis'), redis: redisSettings }),
]);

/** As read: addresses known. */
export type DirectoryConfig = { readonly kind: 'process' } | { readonly kind: 'redis'; readonly redis: RedisSettings };

/** @throws IrisError CONFIG_INVALID for a variable that holds no addresses. */
export function resolveDirectory(
  config: z.output<typeof directoryConfig>,
  env: Readonly<Record<string, string | undefined>>,
): DirectoryConfig {
  if (config.kind === 'process') return config;
  const addresses = resolveHosts('directory.redis.addresses', config.redis.addresses, env);
  return { kind: 'redis', redis: { ...config.redis, addresses } };
}
