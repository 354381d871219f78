import { POSITIONS_MARGIN_MS, POSITIONS_PER_MS_MAX, POSITIONS_SINCE_MS } from './limits.ts';

/** A position above all that any core can have given out by then; milliseconds since 1970. */
export function positionsBy(nowMs: number): number {
  return Math.max(0, nowMs + POSITIONS_MARGIN_MS - POSITIONS_SINCE_MS) * POSITIONS_PER_MS_MAX;
}
