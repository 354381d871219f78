import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisServers } from '../../infra/local/engines/redis.ts';
import { systemClock, systemRandom } from '../../runtime/adapters/clock-system.ts';
import { enterScript } from '../../runtime/adapters/redis/directory-scripts.ts';
import { RedisConnection } from '../../runtime/adapters/redis/redis-connection.ts';
import { RedisSessionDirectory } from '../../runtime/adapters/session-directory-redis.ts';
import { DIRECTORY_ENTRY_TTL_MS, DIRECTORY_UNDER_WAY_MAX } from '../../runtime/contract/limits.ts';
import { redisSettings } from '../../runtime/contract/redis-settings.ts';
import type { BenchmarkIo } from '../benchmark.ts';
import type { Figure } from '../report.ts';
import { besideBare, type Side } from './beside-bare.ts';
import { MemoryMetrics } from './memory-metrics.ts';

/** Logins of one wave: what an edge has due after a failover of its region. */
const USERS = Array.from({ length: 8_192 }, (_, i) => `user-${i}`);
const DEVICE = 'abababababababab';

/** The session directory beside the bare driver: the same script with the same values to the same Redis, as many under way. */
export async function redisFigures(rounds: number, milliseconds: number, io: BenchmarkIo): Promise<Figure[]> {
  const directory = mkdtempSync(join(io.stateRoot, 'iris-redis-'));
  const redis = await RedisServers.start({ mode: 'single', directory, onProgress: (text) => io.note(text) });
  const metrics = new GaugeMetrics();
  const parts = { clock: systemClock, random: systemRandom, telemetry: metrics };
  const settings = { ...redisSettings.parse({ addresses: redis.addresses }), addresses: redis.addresses };
  const sessions = new RedisSessionDirectory({
    ...parts,
    connection: await RedisConnection.open({ ...parts, settings }),
    environment: 'benchmark',
    region: 'tokyo',
    node: 'edge-0',
  });
  const [host, port] = (redis.addresses[0] as string).split(':') as [string, string];
  const bare = new Redis({ host, port: Number(port) });
  try {
    while (metrics.value('iris_directory_up') !== 1) await delay(5);
    const what = `logins of ${USERS.length.toLocaleString('en')} users, again and again`;
    const figures = await besideBare(
      { engine: 'redis', what, unit: 'login', rounds, milliseconds },
      { adapter: enterAll(sessions, metrics), bare: runScript(bare) },
    );
    const bytes = Number(await bare.call('memory', 'usage', `iris:benchmark:tokyo:session:{${USERS[0]}}`));
    return figures.map((figure) => ({ ...figure, details: { ...figure.details, 'bytes of a session in Redis': bytes } }));
  } finally {
    await sessions.close();
    bare.disconnect();
    await redis.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function enterAll(sessions: RedisSessionDirectory, metrics: GaugeMetrics): Side {
  let stamp = 0;
  return async (milliseconds) => {
    const startedMs = performance.now();
    let waves = 0;
    for (; performance.now() - startedMs < milliseconds; waves++) {
      stamp++;
      for (const user of USERS)
        sessions.enter({ user, loginStamp: stamp, protocol: 'v2.4', device: DEVICE, sinceMs: stamp }, { replaced: () => undefined });
      while (metrics.value('iris_directory_due') > 0) await delay(10);
    }
    return waves * USERS.length;
  };
}

type Script = (...args: readonly (string | number | Buffer)[]) => Promise<unknown>;

function runScript(client: Redis): Side {
  client.defineCommand('enter', { lua: enterScript('PUBLISH'), numberOfKeys: 1 });
  const enter = (client as unknown as { enter: Script }).enter.bind(client);
  let stamp = 0;
  const place = ['edge-0', 'run', 'tokyo', DIRECTORY_ENTRY_TTL_MS, 'bare:taken:'];
  return async (milliseconds) => {
    const startedMs = performance.now();
    let waves = 0;
    for (; performance.now() - startedMs < milliseconds; waves++) {
      stamp++;
      for (let from = 0; from < USERS.length; from += DIRECTORY_UNDER_WAY_MAX) {
        const part = USERS.slice(from, from + DIRECTORY_UNDER_WAY_MAX);
        const login = [...place, stamp, '', DEVICE, 'v2.4', stamp];
        await Promise.all(part.map((user) => enter(under('session', user), ...login, user, under('presence', user))));
      }
    }
    return waves * USERS.length;
  };
}

function under(kind: string, user: string): string {
  return `bare:${kind}:{${user}}`;
}

/** Keeps the gauges: they say when everything is told. */
class GaugeMetrics extends MemoryMetrics {
  private readonly gauges = new Map<string, () => number>();

  value(name: string): number {
    return this.gauges.get(name)?.() ?? 0;
  }

  override gauge(name = '', _help = '', value: () => number = () => 0): void {
    this.gauges.set(name, value);
  }
}
