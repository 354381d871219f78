/** Seconds of silence that one look takes. */
export const IDLE_SECONDS = 1;
/** Looks at the most: what a warm-up leaves to clean up takes some seconds. */
const LOOKS_MAX = 10;
/** Share of a CPU for each process below which nothing is left to do but timers. */
const QUIET_SHARE = 0.02;

/**
 * CPU seconds a second that idle servers burn: the least of some looks, until one finds them quiet. A single look while they still work off
 * what came before would be taken off every second of the measurement: `s-2` came out up to half too low.
 */
export async function leastBurn(look: () => Promise<number>, processes: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let looks = 0; looks < LOOKS_MAX && least > QUIET_SHARE * processes; looks++) least = Math.min(least, await look());
  return least;
}
