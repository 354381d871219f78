import { RedisConnection } from '../adapters/redis/redis-connection.ts';
import { createProcessSessionDirectory } from '../adapters/session-directory-process.ts';
import { RedisSessionDirectory } from '../adapters/session-directory-redis.ts';
import type { EdgeConfig } from '../contract/node-config.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { SessionDirectory } from '../ports/session-directory.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export interface DirectoryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** The directory that an edge’s config asks for; waits for no server. @throws IrisError ENGINE_INVALID */
export async function openSessionDirectory(config: EdgeConfig, parts: DirectoryParts): Promise<SessionDirectory> {
  const { directory, environment, region, node } = config;
  switch (directory.kind) {
    case 'process':
      return createProcessSessionDirectory({ node, region });
    case 'redis': {
      const connection = await RedisConnection.open({ ...parts, settings: directory.redis });
      return new RedisSessionDirectory({ ...parts, connection, environment, region, node });
    }
  }
}
