import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';

const LOGGED_EVERY_MS = 1_000;

/** Counts connections that the system could not hand over. Logged once a second: without a free descriptor every try fails. */
export function acceptFailures(telemetry: Telemetry, clock: Clock): (reason: string) => void {
  const count = telemetry.counter('iris_accepts_failed_total', 'Connections that the system could not hand over');
  let loggedMs = Number.NEGATIVE_INFINITY;
  return (reason) => {
    count.value++;
    if (clock.monotonicMs() - loggedMs < LOGGED_EVERY_MS) return;
    loggedMs = clock.monotonicMs();
    telemetry.log.error('accept-failed', { reason, failures: count.value });
  };
}
