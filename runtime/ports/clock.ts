/** Time and its events. The whole runtime takes its time from here, so that a simulator can run it (L8: every timer has an owner that stops it). */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  nowMs(): number;
  /** Milliseconds since some start; never goes back. */
  monotonicMs(): number;
  /** Calls back once after `ms`; `stop` before that prevents it. */
  after(ms: number, callback: () => void): Timer;
  /** Calls back when the current burst of input has been handled. */
  soon(callback: () => void): void;
}

export interface Timer {
  stop(): void;
}

/** Random numbers: for jitter and ids, never for secrets. */
export interface Random {
  /** 0 ≤ x < 1. */
  fraction(): number;
  bytes(count: number): Buffer;
}
