/** Structured log lines; never one per message. `event` is a fixed word, the fields hold what varies. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Numbers that only grow (`Counters`) or are read when asked (`gauges`), by metric name. */
export interface Telemetry {
  readonly log: Log;
  /** A counter to add to: `counter.value += n`. The same name gives the same counter. */
  counter(name: string, help: string): { value: number };
  /** `read` is called when metrics are collected. */
  gauge(name: string, help: string, read: () => number): void;
}
