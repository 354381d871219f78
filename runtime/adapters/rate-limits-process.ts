import { RATE_KEYS_MAX, RATE_WINDOW_MS } from '../contract/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { RATE_LIMITS, type RateLimit, type RateLimits, type RatesPerMinute } from '../ports/rate-limits.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { RateWindow } from './rate-window.ts';

export interface RateParts {
  readonly rates: RatesPerMinute;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Hears of each window that has grown. */
type Counted = (limit: RateLimit, key: string, window: RateWindow) => void;

/** The counts of one edge. Nothing is kept, or looked up, of what is not limited. */
export class ProcessRateLimits implements RateLimits {
  private readonly rates: RatesPerMinute;
  private readonly clock: Clock;
  private readonly windows: Readonly<Record<RateLimit, RecentWindows>>;
  private readonly refused: { value: number };
  private readonly counted: Counted;

  constructor({ rates, clock, telemetry }: RateParts, counted: Counted = () => undefined) {
    this.rates = rates;
    this.clock = clock;
    this.counted = counted;
    this.refused = telemetry.counter(
      'iris_rate_limited_total',
      'Messages, requests, connections and logins refused for their number in a minute',
    );
    this.windows = Object.fromEntries(RATE_LIMITS.map((limit) => [limit, new RecentWindows()])) as Record<RateLimit, RecentWindows>;
  }

  take(limit: RateLimit, key: string | Buffer, count = 1): number {
    const max = this.rates[limit];
    if (max === undefined) return 0;
    const nowMs = this.clock.monotonicMs();
    const name = typeof key === 'string' ? key : key.toString('latin1');
    const window = this.windows[limit].of(name, nowMs);
    const waitMs = window.waitMs(nowMs, max);
    if (waitMs > 0) {
      this.refused.value += count;
      return waitMs;
    }
    window.add(nowMs, count);
    this.counted(limit, name, window);
    return 0;
  }

  waitMs(limit: RateLimit, key: string | Buffer): number {
    const max = this.rates[limit];
    if (max === undefined) return 0;
    const nowMs = this.clock.monotonicMs();
    const waitMs = this.windows[limit].known(typeof key === 'string' ? key : key.toString('latin1'))?.waitMs(nowMs, max) ?? 0;
    if (waitMs > 0) this.refused.value++;
    return waitMs;
  }

  close(): void {}
}

/** Windows in two generations: one that was not asked for in a whole window is gone with the older. */
class RecentWindows {
  private young = new Map<string, RateWindow>();
  private old = new Map<string, RateWindow>();
  private turnedMs = 0;

  known(key: string): RateWindow | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }

  of(key: string, nowMs: number): RateWindow {
    if (nowMs - this.turnedMs > 2 * RATE_WINDOW_MS || this.young.size >= RATE_KEYS_MAX) this.turn(nowMs);
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const window = this.old.get(key) ?? new RateWindow();
    this.young.set(key, window);
    return window;
  }

  private turn(nowMs: number): void {
    this.old = this.young;
    this.young = new Map();
    this.turnedMs = nowMs;
  }
}
