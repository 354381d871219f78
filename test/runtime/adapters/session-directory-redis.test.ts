/** R17, R18, L8: what an edge owes Redis while it is away, and what it tells when it is back. The laws against real servers: test/live/redis. */
import type { RedisEngine, RedisScript } from '../../../runtime/adapters/redis/redis-connection.ts';
import { RedisSessionDirectory } from '../../../runtime/adapters/session-directory-redis.ts';
import * as limits from '../../../runtime/contract/limits.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

/** Takes every command, and remembers what it was told. */
class FakeEngine implements RedisEngine {
  isUp = false;
  readonly publishCommand = 'PUBLISH';
  readonly isSpread = false;
  /** Logins of the commands it took. */
  readonly together: number[] = [];
  readonly entered: { stamp: number; run: string; user: string }[] = [];
  readonly left: number[] = [];
  beats = 0;
  private known: unknown = null;
  private ready = () => {};
  private scripts = 0;
  isSlow = false;
  /** An entry that is on its way arrives. */
  arrive = () => {};

  onReady(listener: () => void): void {
    this.ready = listener;
  }
  /** The first is ENTER, the second LEAVE. */
  script(): RedisScript {
    const isEnter = this.scripts++ === 0;
    return async (keys, args) => {
      if (!this.isUp) throw new Error('away');
      if (isEnter && this.isSlow) await new Promise<void>((resolve) => (this.arrive = resolve));
      if (!isEnter) return this.left.push(Number(args[0]));
      this.together.push(keys.length);
      for (let i = 5; i < args.length; i += 7)
        this.entered.push({ stamp: Number(args[i]), run: String(args[1]), user: String(args[i + 5]) });
      return keys.map(() => [1]);
    };
  }
  async command(name: string, _key: unknown, value?: unknown): Promise<unknown> {
    if (name !== 'SET') return null;
    this.beats++;
    const before = this.known;
    this.known = value;
    return before;
  }
  subscribe(): boolean {
    return true;
  }
  unsubscribe(): void {}
  pulse(): void {}
  close(): void {}

  connect(): void {
    this.isUp = true;
    this.ready();
  }
  forget(): void {
    this.known = null;
  }
}

function open() {
  const [engine, clock, telemetry] = [new FakeEngine(), new ManualClock(), new MemoryTelemetry()];
  let runs = 0;
  const random = { fraction: () => 0.5, bytes: (count: number) => Buffer.alloc(count, ++runs) };
  const place = { environment: 'unit', region: 'tokyo', node: 'tokyo-edge-0' };
  const directory = new RedisSessionDirectory({ ...place, connection: engine, clock, random, telemetry });
  const enter = (user: string, loginStamp = 1) =>
    directory.enter({ user, loginStamp, protocol: 'v1', device: '00', sinceMs: 0 }, { replaced: () => undefined });
  return { engine, clock, telemetry, directory, enter };
}

it('while Redis is away nothing is sent, and the latest of each user waits; back, everyone who is here is told once, under a new run', async () => {
  const { engine, clock, telemetry, enter } = open();
  enter('alice').leave();
  enter('alice', 2);
  enter('bob');
  await clock.advance(60_000);
  expect([engine.entered, telemetry.value('iris_directory_due'), telemetry.value('iris_directory_stale_ms')]).toEqual([[], 2, 60_000]);
  engine.connect();
  await clock.advance(2 * limits.DIRECTORY_BEAT_MS);
  const users = new Set(engine.entered.map(({ user, stamp }) => `${user} ${stamp}`));
  expect([...users].sort()).toEqual(['alice 2', 'bob 1']);
  expect(new Set(engine.entered.map(({ run }) => run)).size).toBe(1);
  expect(telemetry.value('iris_directory_due')).toBe(0);
  engine.connect();
  await clock.advance(limits.DIRECTORY_BEAT_MS);
  expect(new Set(engine.entered.map(({ run }) => run)).size).toBe(2);
});

it('an entry that was held up over a new connection does not stay: the last that the engine has is of the present run', async () => {
  const { engine, clock, enter } = open();
  engine.connect();
  engine.isSlow = true;
  enter('alice');
  await clock.advance(limits.DIRECTORY_FLUSH_MS);
  engine.isSlow = false;
  engine.connect();
  await clock.advance(limits.DIRECTORY_BEAT_MS);
  const present = engine.entered.at(-1)?.run;
  engine.arrive();
  await clock.advance(limits.DIRECTORY_BEAT_MS);
  const runs = engine.entered.map(({ run }) => run);
  expect([runs[0], runs[1] === present, runs.at(-1)]).toEqual([present, false, present]);
});

it('logins go together, DIRECTORY_LOGINS_AT_ONCE at the most; what waits only for room goes on when half of it is free', async () => {
  const { engine, clock, telemetry, enter } = open();
  engine.connect();
  await clock.advance(limits.DIRECTORY_FLUSH_MS);
  const users = 2 * limits.DIRECTORY_UNDER_WAY_MAX + limits.DIRECTORY_LOGINS_AT_ONCE + 1;
  for (let i = 0; i < users; i++) enter(`user-${i}`);
  await clock.advance(limits.DIRECTORY_FLUSH_MS);
  expect(new Set(engine.entered.map(({ user }) => user)).size).toBe(users);
  expect([Math.max(...engine.together), engine.together.at(-1)]).toEqual([limits.DIRECTORY_LOGINS_AT_ONCE, 1]);
  expect(telemetry.value('iris_directory_due')).toBe(0);
});

it('an engine that has forgotten the edge is told everything again; one that has not is not, until the entries need renewal', async () => {
  const { engine, clock, enter } = open();
  engine.connect();
  enter('alice');
  await clock.advance(20 * limits.DIRECTORY_BEAT_MS);
  const told = engine.entered.length;
  await clock.advance(20 * limits.DIRECTORY_BEAT_MS);
  expect(engine.entered.length).toBe(told);
  engine.forget();
  await clock.advance(2 * limits.DIRECTORY_BEAT_MS);
  expect(engine.entered.length).toBe(told + 1);
  await clock.advance(limits.DIRECTORY_RENEWAL_MS);
  expect(engine.entered.length).toBe(told + 2);
  expect(limits.DIRECTORY_ENTRY_TTL_MS).toBeGreaterThan(4 * limits.DIRECTORY_RENEWAL_MS);
});

it('above DIRECTORY_DUE_MAX what waits is forgotten with its removals: a new run voids them, and who is here is told', async () => {
  const { engine, clock, telemetry, enter } = open();
  enter('alice');
  for (let i = 0; i <= limits.DIRECTORY_DUE_MAX; i++) enter(`user-${i}`).leave();
  expect(telemetry.count('directory-behind')).toBe(1);
  expect(telemetry.value('iris_directory_due')).toBeLessThan(3);
  engine.connect();
  await clock.advance(limits.DIRECTORY_BEAT_MS);
  expect(engine.entered.map(({ user }) => user)).toContain('alice');
  expect(engine.left.length).toBeLessThan(3);
});
