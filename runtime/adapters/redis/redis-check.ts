import { IrisError } from '../../contract/errors.ts';
import { DIRECTORY_RETRY_FIRST_MS } from '../../contract/limits.ts';
import type { RedisSettings } from '../../contract/redis-settings.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { RedisConnection } from './redis-connection.ts';
import { redisError } from './redis-errors.ts';

/** Redis and Valkey both tell the Redis that they speak like. */
const OLDEST = [6, 2] as const;
/** What a server calls how it runs, by what it has to be named as. */
const RUNS_AS: Readonly<Record<string, RedisSettings['mode']>> = { standalone: 'single', cluster: 'cluster', sentinel: 'sentinel' };

/**
 * Whether the servers named are what a node can use, told before one starts: a node itself waits for what is away.
 * @throws IrisError ENGINE_INVALID with what is wrong and the remedy, ENGINE_UNAVAILABLE after `timeoutMs`.
 */
export async function checkRedis(settings: RedisSettings, { clock, timeoutMs }: { clock: Clock; timeoutMs: number }): Promise<void> {
  let failure: IrisError | undefined;
  const connection = await RedisConnection.open({ settings, clock, telemetry: hearing((error) => (failure = error)) });
  try {
    const untilMs = clock.monotonicMs() + timeoutMs;
    while (!connection.isUp) {
      if (failure?.code === 'ENGINE_INVALID') throw failure;
      if (clock.monotonicMs() > untilMs) throw failure ?? redisError(settings, new Error(`no answer within ${timeoutMs} ms`));
      await new Promise<void>((resolve) => void clock.after(DIRECTORY_RETRY_FIRST_MS, resolve));
    }
    checkServer(settings, String(await connection.command('info', 'server')));
  } finally {
    connection.close();
  }
}

function checkServer({ mode, addresses }: RedisSettings, info: string): void {
  const at = `Redis at ${addresses.join(', ')}`;
  const version = /redis_version:(\d+)\.(\d+)\S*/.exec(info);
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    const found = version?.[0].split(':')[1] ?? 'of no known version';
    throw new IrisError('ENGINE_INVALID', `${at} is ${found}; Redis 6.2 or Valkey 7.2 is needed`);
  }
  const runsAs = RUNS_AS[/redis_mode:(\w+)/.exec(info)?.[1] ?? 'standalone'] ?? 'single';
  // Who is behind sentinels runs alone.
  const isAsked = mode === 'sentinel' ? runsAs === 'single' : runsAs === mode;
  if (!isAsked) throw new IrisError('ENGINE_INVALID', `${at} runs as ${runsAs}, it is named as ${mode}; name it as ${runsAs}`);
}

/** What a connection tells of its tries, as errors. */
function hearing(failed: (error: IrisError) => void): Telemetry {
  const warn = (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
    if (event !== 'directory-failed') return;
    failed(new IrisError(fields['code'] === 'ENGINE_INVALID' ? 'ENGINE_INVALID' : 'ENGINE_UNAVAILABLE', String(fields['reason'])));
  };
  return { log: { info: () => undefined, warn, error: () => undefined }, counter: () => ({ value: 0 }), gauge: () => undefined };
}
