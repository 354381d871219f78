import { GOAWAY_SPREAD_MS } from '../contract/limits.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { ClientConnection } from '../session/client-connection.ts';
import type { Bursts } from '../wire/bursts.ts';

export interface DrainParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly bursts: Bursts;
  readonly timeoutMs: number;
}

/**
 * Tells every client to connect elsewhere, each after a delay of its own so that they do not arrive at once (F13, X5), and waits until
 * they have gone or the time is over; then it ends what is left. Messages taken in are answered meanwhile.
 */
export async function drainClients(clients: ReadonlySet<ClientConnection>, parts: DrainParts): Promise<void> {
  const spreadMs = Math.min(GOAWAY_SPREAD_MS, parts.timeoutMs / 2);
  for (const client of clients) client.session?.goAway(Math.floor(parts.random.fraction() * spreadMs));
  parts.bursts.flushNow();
  const endMs = parts.clock.monotonicMs() + parts.timeoutMs;
  while (clients.size > 0 && parts.clock.monotonicMs() < endMs) await pause(parts.clock, 20);
  for (const client of clients) client.end();
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
