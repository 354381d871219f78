import type { Clock, Timer } from '../ports/clock.ts';
import { STAMPS_PER_MS } from '../wire/envelope.ts';

const STEPS_PER_TURN = 1_024;

interface Event {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

/** Milliseconds since 1970 at which every simulation begins: some day, always the same. */
const START_MS = Math.floor((2 ** 50 * 1.6) / STAMPS_PER_MS);

/** The one time of a simulated world. Events run in the order of their moment, then of their making, so a seed gives one history. */
export class VirtualTime {
  nowMs = 0;
  private readonly heap: Event[] = [];
  private made = 0;
  /** Events run so far. */
  steps = 0;

  /** Milliseconds since 1970, by a right clock. */
  get wallMs(): number {
    return START_MS + Math.floor(this.nowMs);
  }

  schedule(atMs: number, run: () => void): void {
    this.push({ atMs: Math.max(atMs, this.nowMs), order: this.made++, run });
  }

  /** Runs everything up to `untilMs`. */
  async run(untilMs: number): Promise<void> {
    for (let event = this.heap[0]; event !== undefined && event.atMs <= untilMs; event = this.heap[0]) {
      this.pop();
      this.nowMs = event.atMs;
      this.steps++;
      event.run();
      await settled(this.steps);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

/**
 * Every promise that the last event settled runs before the next event: a tick comes after all of them. Now and then the process gets
 * its turn too, to hear signals and to draw.
 */
function settled(steps: number): Promise<void> {
  return new Promise((resolve) => {
    if (steps % STEPS_PER_TURN === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

export interface Crash {
  steps: number;
  counts(): boolean;
  kill(): void;
}

/** One process’s view of the time. Ends with its process, stands still while that is stopped, and its wall clock may be wrong (F11, F22). */
export class ProcessClock implements Clock {
  private readonly time: VirtualTime;
  private isAlive = true;
  private resumeMs = 0;
  /** Milliseconds by which the wall clock is wrong. */
  skewMs = 0;
  private crash: Crash | undefined;

  constructor(time: VirtualTime) {
    this.time = time;
  }

  /** The process is gone: nothing of it runs any more. */
  kill(): void {
    this.isAlive = false;
  }

  /**
   * Kills the process at its so-manyth step from now: before it goes on after a wait, or in the middle of what it does, at a write to a
   * connection or a disk. So every await of the code under test is a place where it may end. Only steps for which `counts` holds count.
   */
  crashAfter(crash: Crash | undefined): void {
    this.crash = crash === undefined ? undefined : { ...crash };
  }

  /** Counts a step; false when the process is dead, or died of it: what it was about to do does not happen. */
  step(): boolean {
    const { crash } = this;
    if (crash !== undefined && this.isAlive && crash.counts() && --crash.steps <= 0) {
      this.crash = undefined;
      crash.kill();
    }
    return this.isAlive;
  }

  /** The process stands still until then (SIGSTOP). */
  stopUntil(atMs: number): void {
    this.resumeMs = Math.max(this.resumeMs, atMs);
  }

  get isRunning(): boolean {
    return this.isAlive;
  }

  nowMs(): number {
    return this.time.wallMs + this.skewMs;
  }

  monotonicMs(): number {
    return this.time.nowMs;
  }

  after(ms: number, callback: () => void): Timer {
    let isStopped = false;
    this.at(this.time.nowMs + Math.max(0, ms), () => {
      if (!isStopped) callback();
    });
    return {
      stop: () => {
        isStopped = true;
      },
    };
  }

  soon(callback: () => void): void {
    this.at(this.time.nowMs, callback);
  }

  /** Runs the callback in this process at a moment, or when it goes on after a stop. */
  at(atMs: number, callback: () => void): void {
    this.time.schedule(atMs, () => {
      if (!this.isAlive) return;
      if (this.time.nowMs < this.resumeMs) this.at(this.resumeMs, callback);
      else if (this.step()) callback();
    });
  }
}
