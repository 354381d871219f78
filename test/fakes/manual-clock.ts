import type { Clock, Random, Timer } from '../../runtime/ports/clock.ts';

interface Due {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that stands still until a test moves it. Promises and `soon` callbacks run between any two timers, as on a real machine. */
export class ManualClock implements Clock {
  private monotonic = 0;
  private wallOffset: number;
  private readonly timers = new Set<Due>();
  private bursts: (() => void)[] = [];

  constructor(startMs = 1_800_000_000_000) {
    this.wallOffset = startMs;
  }

  /** Timers that wait: what is left after everything was stopped leaks. */
  get waiting(): number {
    return this.timers.size;
  }

  nowMs(): number {
    return this.monotonic + this.wallOffset;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  after(ms: number, callback: () => void): Timer {
    const due = { atMs: this.monotonic + Math.max(0, ms), callback };
    this.timers.add(due);
    return { stop: () => void this.timers.delete(due) };
  }

  soon(callback: () => void): void {
    this.bursts.push(callback);
  }

  /** Moves the wall clock alone, forwards or back (F11). */
  jump(ms: number): void {
    this.wallOffset += ms;
  }

  /** Runs what can run without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.bursts.length > 0) quiet = -1;
      for (const callback of this.bursts.splice(0)) callback();
    }
  }

  /** Lets `ms` pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const endMs = this.monotonic + ms;
    await this.settle();
    for (let due = this.next(endMs); due !== undefined; due = this.next(endMs)) {
      this.timers.delete(due);
      this.monotonic = Math.max(this.monotonic, due.atMs);
      due.callback();
      await this.settle();
    }
    this.monotonic = endMs;
  }

  private next(endMs: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.timers) if (due.atMs <= endMs && (first === undefined || due.atMs < first.atMs)) first = due;
    return first;
  }
}

/** The same numbers on every run; `fraction` is always the middle, so that jitter is none. */
export function fixedRandom(): Random {
  let next = 1;
  return { fraction: () => 0.5, bytes: (count) => Buffer.alloc(count, next++ & 0xff) };
}
