import * as limits from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { RateLimit, RateLimits, RatesPerMinute } from '../ports/rate-limits.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { ProcessRateLimits } from './rate-limits-process.ts';
import type { RateWindow } from './rate-window.ts';
import { COUNT } from './redis/rate-script.ts';
import type { RedisEngine, RedisScript } from './redis/redis-connection.ts';

export interface RedisRateParts {
  readonly connection: RedisEngine;
  readonly environment: string;
  readonly region: string;
  readonly rates: RatesPerMinute;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * The counts of all edges of a region. Each edge answers from what it knows; what it counted goes to Redis every RATE_SYNC_MS, one round trip
 * a user however much was sent, and the sum of all edges comes back. While Redis is away each edge counts for itself.
 */
export class RedisRateLimits implements RateLimits {
  private readonly parts: RedisRateParts;
  private readonly own: ProcessRateLimits;
  private readonly script: RedisScript;
  private readonly grown = new Map<RateWindow, string>();
  private syncing: Timer;

  constructor(parts: RedisRateParts) {
    this.parts = parts;
    this.own = new ProcessRateLimits(parts, (limit, key, window) => this.counted(limit, key, window));
    this.script = parts.connection.script(COUNT);
    this.syncing = parts.clock.after(limits.RATE_SYNC_MS, () => this.sync());
  }

  take(limit: RateLimit, key: string | Buffer, count = 1): number {
    return this.own.take(limit, key, count);
  }

  waitMs(limit: RateLimit, key: string | Buffer): number {
    return this.own.waitMs(limit, key);
  }

  close(): void {
    this.syncing.stop();
  }

  /** Who is far from the limit is nobody’s business yet: that spares Redis nearly every user. */
  private counted(limit: RateLimit, key: string, window: RateWindow): void {
    const max = this.parts.rates[limit] as number;
    if (window.total(this.parts.clock.monotonicMs()) < max * limits.RATE_SYNC_SHARE || this.grown.size >= limits.RATE_GROWN_MAX) return;
    this.grown.set(window, `${limit}:{${key}}`);
  }

  private sync(): void {
    this.syncing = this.parts.clock.after(limits.RATE_SYNC_MS, () => this.sync());
    if (!this.parts.connection.isUp) return;
    for (const [window, key] of this.grown) void this.tell(window, key);
    this.grown.clear();
  }

  private async tell(window: RateWindow, key: string): Promise<void> {
    const { environment, region, clock } = this.parts;
    const unsent = window.takeUnsent(clock.monotonicMs());
    try {
      const all = await this.script([Buffer.from(`iris:${environment}:${region}:rate:${key}`, 'latin1')], unsent);
      window.heard(clock.monotonicMs(), all as number[]);
    } catch {
      // Counted and told by the connection; it goes with the next exchange.
      window.forgetSent();
      if (this.grown.size < limits.RATE_GROWN_MAX) this.grown.set(window, key);
    }
  }
}
