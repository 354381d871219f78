/** D11, A8, L8: the limits of one edge, and what becomes of them while Redis is away or tells of other edges. */
import { ProcessRateLimits } from '../../../runtime/adapters/rate-limits-process.ts';
import { RedisRateLimits } from '../../../runtime/adapters/rate-limits-redis.ts';
import type { RedisEngine } from '../../../runtime/adapters/redis/redis-connection.ts';
import * as limits from '../../../runtime/contract/limits.ts';
import { limitedAddresses } from '../../../runtime/servers/limited-addresses.ts';
import { describeRateLimitsContract, RATES } from '../../contract/rate-limits-contract.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { MemoryTelemetry } from '../../fakes/memory-telemetry.ts';

describeRateLimitsContract('the limits of one edge', async () => {
  const clock = new ManualClock();
  return { rates: new ProcessRateLimits({ rates: RATES, clock, telemetry: new MemoryTelemetry() }), clock, dispose: async () => undefined };
});

/** Counts what it is told of, and adds `elsewhere`. */
function engine(state: { isUp: boolean; elsewhere: number; told: number[] }): RedisEngine {
  const nothing = () => undefined;
  return {
    get isUp() {
      return state.isUp;
    },
    onReady: nothing,
    script: () => async (_, args) => {
      if (!state.isUp) throw new Error('away');
      state.told.push(args.reduce<number>((sum, arg, i) => sum + (i % 2 === 1 ? Number(arg) : 0), 0));
      return [0, state.told.reduce((sum, count) => sum + count, 0) + state.elsewhere];
    },
    command: async () => null,
    publishCommand: 'PUBLISH' as const,
    isSpread: false,
    subscribe: () => true,
    unsubscribe: nothing,
    pulse: nothing,
    close: nothing,
  };
}

function shared(elsewhere: number) {
  const [clock, state] = [new ManualClock(), { isUp: true, elsewhere, told: [] as number[] }];
  const parts = { clock, telemetry: new MemoryTelemetry(), environment: 'unit', region: 'tokyo', rates: RATES };
  const rates = new RedisRateLimits({ ...parts, connection: engine(state) });
  return {
    clock,
    state,
    rates,
    take: (count: number) => Array.from({ length: count }, () => rates.take('messages', 'alice')).filter((ms) => ms === 0).length,
  };
}

it('what other edges counted is known a second later, and what one edge counted is told once', async () => {
  const { clock, state, take } = shared(60);
  expect(take(20)).toBe(20);
  await clock.advance(limits.RATE_SYNC_MS);
  expect(take(100)).toBe(20);
  await clock.advance(limits.RATE_SYNC_MS);
  expect(state.told).toEqual([20, 20]);
});

it('while Redis is away each edge counts for itself, and nobody waits', async () => {
  const { clock, state, take } = shared(100);
  state.isUp = false;
  expect(take(200)).toBe(100);
  await clock.advance(70_000);
  expect(take(200)).toBe(100);
  expect(state.told).toEqual([]);
});

it('who is far from a limit costs no exchange', async () => {
  const { clock, state, take } = shared(0);
  take(RATES.messages * limits.RATE_SYNC_SHARE - 1);
  await clock.advance(5 * limits.RATE_SYNC_MS);
  expect(state.told).toEqual([]);
});

it('above RATE_KEYS_MAX those longest unheard of begin anew, and no more is kept', () => {
  const rates = new ProcessRateLimits({ rates: { messages: 1 }, clock: new ManualClock(), telemetry: new MemoryTelemetry() });
  expect([rates.take('messages', 'alice'), rates.take('messages', 'alice') > 0]).toEqual([0, true]);
  for (let i = 0; i < 2 * limits.RATE_KEYS_MAX + 1; i++) rates.take('messages', `user-${i}`);
  expect(rates.take('messages', 'alice')).toBe(0);
});

it.each([
  ['198.51.100.7:4711', '198.51.100.7'],
  ['::ffff:198.51.100.7:4711', '198.51.100.7'],
  ['[2001:db8:1:2:3:4:5:6]:4711', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:3:4:5:6:4711', '2001:db8:1:2::/64'],
  ['2001:db8::6:4711', '2001:db8:0:0::/64'],
  ['::1:4711', '0:0:0:0::/64'],
  ['gone:0', 'gone'],
  ['100.64.3.4:1', undefined],
  ['2001:db8:ffff::1:1', undefined],
])('the connections of %s are counted as %s', (remoteAddress, key) => {
  expect(limitedAddresses(['100.64.0.0/10', '2001:db8:ffff::/48'])(remoteAddress)).toBe(key);
});
