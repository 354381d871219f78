import type { Telemetry } from '../../runtime/ports/telemetry.ts';

/** Counts and tells nobody. */
export class MemoryMetrics implements Telemetry {
  readonly log = { info: () => undefined, warn: () => undefined, error: () => undefined };

  counter(): { value: number } {
    return { value: 0 };
  }

  gauge(): void {
    // Nobody asks.
  }
}
