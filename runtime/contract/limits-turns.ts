/** How long work of many items holds the event loop; part of limits.ts. */

/**
 * Bytes that are worked on before whoever else is there has a turn, and what an item counts beside its own: together some 2 ms of a commit, in
 * small messages and in large ones.
 */
export const TURN_BYTES = 1_048_576;
export const TURN_ITEM_BYTES = 512;
/** With a full queue a turn is longer by so many times: what comes in must not outrun what is finished. */
export const TURN_GROWTH = 16;
