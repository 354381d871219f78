import type { Log, Telemetry } from '../../runtime/ports/telemetry.ts';

/** Keeps log lines and metrics for a test to look at. */
export class MemoryTelemetry implements Telemetry {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  private readonly counters = new Map<string, { value: number }>();
  private readonly gauges = new Map<string, () => number>();
  readonly log: Log = {
    info: (event, fields = {}) => void this.lines.push({ level: 'info', event, fields }),
    warn: (event, fields = {}) => void this.lines.push({ level: 'warn', event, fields }),
    error: (event, fields = {}) => void this.lines.push({ level: 'error', event, fields }),
  };

  counter(name: string): { value: number } {
    const counter = this.counters.get(name) ?? { value: 0 };
    this.counters.set(name, counter);
    return counter;
  }

  gauge(name: string, _help: string, read: () => number): void {
    this.gauges.set(name, read);
  }

  /** A counter’s or gauge’s value; undefined when nobody registered it. */
  value(name: string): number | undefined {
    return this.counters.get(name)?.value ?? this.gauges.get(name)?.();
  }

  /** How many lines carried this event. */
  count(event: string): number {
    return this.lines.filter((line) => line.event === event).length;
  }
}
