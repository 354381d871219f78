import { ProcessRateLimits } from '../adapters/rate-limits-process.ts';
import { RedisRateLimits } from '../adapters/rate-limits-redis.ts';
import { RedisConnection } from '../adapters/redis/redis-connection.ts';
import { createProcessSessionDirectory } from '../adapters/session-directory-process.ts';
import { RedisSessionDirectory } from '../adapters/session-directory-redis.ts';
import type { EdgeConfig } from '../contract/node-config.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { RateLimits } from '../ports/rate-limits.ts';
import type { SessionDirectory } from '../ports/session-directory.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export interface DirectoryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** What edges of a region tell each other about users: who is here, and how much each did in the last minute. */
export interface KnownUsers {
  readonly directory: SessionDirectory;
  readonly rates: RateLimits;
}

/** What an edge’s config asks for; waits for no server. @throws IrisError ENGINE_INVALID */
export async function openKnownUsers(config: EdgeConfig, parts: DirectoryParts): Promise<KnownUsers> {
  const { directory, environment, region, node, rateLimits: rates } = config;
  switch (directory.kind) {
    case 'process':
      return { directory: createProcessSessionDirectory({ node, region }), rates: new ProcessRateLimits({ ...parts, rates }) };
    case 'redis': {
      const connection = await RedisConnection.open({ ...parts, settings: directory.redis });
      const common = { ...parts, connection, environment, region };
      return { directory: new RedisSessionDirectory({ ...common, node }), rates: new RedisRateLimits({ ...common, rates }) };
    }
  }
}
