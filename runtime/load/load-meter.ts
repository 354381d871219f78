import * as limits from '../contract/limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { LoadLevel, Sheddable } from '../ports/load-level.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { LagWindow } from './lag-window.ts';

/** A measure of load: the levels begin where `read` gives the three values. */
export interface LoadSignal {
  readonly name: string;
  readonly from: readonly [number, number, number];
  read(): number;
}

export interface LoadMeterParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Beside the delay of the event loop, which every node has. */
  readonly signals: readonly LoadSignal[];
}

type Level = LoadLevel['level'];
const SHED_FROM: Readonly<Record<Sheddable, Level>> = { typing: 1, presence: 2, receipts: 3 };

/**
 * Measures a node’s load every LOAD_SAMPLE_MS and turns it into a level (X21). The level follows the worst signal up at once, and down one
 * step after LOAD_CALM_MS below it, so that it does not flutter. Owns one timer.
 */
export class LoadMeter implements LoadLevel {
  level: Level = 0;
  private readonly parts: LoadMeterParts;
  private readonly signals: readonly LoadSignal[];
  private readonly lag = new LagWindow(limits.LOAD_LAG_SAMPLES);
  private lagP99 = 0;
  private readonly shed: Readonly<Record<Sheddable, { value: number }>>;
  private dueMs: number;
  private calmSinceMs = 0;
  private timer: Timer;

  constructor(parts: LoadMeterParts) {
    this.parts = parts;
    const { telemetry } = parts;
    this.signals = [{ name: 'event-loop', from: limits.LOAD_LAG_MS, read: () => this.lagP99 }, ...parts.signals];
    this.shed = {
      typing: telemetry.counter('iris_shed_typing_total', 'Typing frames left out under load'),
      presence: telemetry.counter(
        'iris_shed_presence_total',
        'Presence questions refused, and changes of watched users that waited, under load',
      ),
      receipts: telemetry.counter('iris_shed_receipts_total', 'Receipts delayed under load'),
    };
    telemetry.gauge('iris_load_level', '0 calm, 1 sheds typing, 2 presence, 3 receipts', () => this.level);
    telemetry.gauge('iris_event_loop_lag_ms', 'Delay of the event loop, 99th percentile of the last 10 s', () => this.lagP99);
    this.dueMs = parts.clock.monotonicMs() + limits.LOAD_SAMPLE_MS;
    this.timer = parts.clock.after(limits.LOAD_SAMPLE_MS, () => this.sample());
  }

  sheds(kind: Sheddable): boolean {
    if (this.level < SHED_FROM[kind]) return false;
    this.shed[kind].value++;
    return true;
  }

  retryAfterMs(baseMs: number): number {
    return baseMs * 2 ** this.level;
  }

  stop(): void {
    this.timer.stop();
  }

  private sample(): void {
    const now = this.parts.clock.monotonicMs();
    this.lag.add(now - this.dueMs);
    this.lagP99 = this.lag.p99;
    this.dueMs = now + limits.LOAD_SAMPLE_MS;
    this.timer = this.parts.clock.after(limits.LOAD_SAMPLE_MS, () => this.sample());
    this.settle(now);
  }

  private settle(now: number): void {
    let [wanted, why]: [Level, LoadSignal | undefined] = [0, undefined];
    for (const signal of this.signals) {
      const level = levelOf(signal);
      if (level > wanted) [wanted, why] = [level, signal];
    }
    if (wanted >= this.level) {
      this.calmSinceMs = now;
      if (wanted > this.level) this.become(wanted, why);
    } else if (now - this.calmSinceMs >= limits.LOAD_CALM_MS) {
      this.calmSinceMs = now;
      this.become((this.level - 1) as Level, why);
    }
  }

  private become(level: Level, why: LoadSignal | undefined): void {
    const fields = { from: this.level, to: level, signal: why?.name ?? 'none', value: why?.read() ?? 0 };
    if (level > this.level) this.parts.telemetry.log.warn('load-rises', fields);
    else this.parts.telemetry.log.info('load-falls', fields);
    this.level = level;
  }
}

function levelOf(signal: LoadSignal): Level {
  const { from } = signal;
  const value = signal.read();
  if (value >= from[2]) return 3;
  if (value >= from[1]) return 2;
  return value >= from[0] ? 1 : 0;
}
