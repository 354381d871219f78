/** The bounds of the session directory; part of limits.ts. */

/**
 * Milliseconds an entry of the session directory lives without being renewed (R18), and between two renewals of all of an edge’s; milliseconds
 * after which an edge that says nothing counts as gone with all its sessions, and between two signs of its life: two may be lost.
 */
export const DIRECTORY_ENTRY_TTL_MS = 24 * 3_600_000;
export const DIRECTORY_RENEWAL_MS = 3_600_000;
export const DIRECTORY_NODE_TTL_MS = 5_000;
export const DIRECTORY_BEAT_MS = 1_500;
/** Milliseconds a command to the directory’s engine, and a connection to it, may take; and before a lost one is tried again, first and last. */
export const DIRECTORY_TIMEOUT_MS = 2_000;
export const DIRECTORY_RETRY_FIRST_MS = 50;
export const DIRECTORY_RETRY_LAST_MS = 1_000;
/** Milliseconds between two looks at which node of a cluster has what, and between two log lines about an engine that fails. */
export const DIRECTORY_SLOTS_REFRESH_MS = 5_000;
export const DIRECTORY_LOG_MS = 10_000;
/** Milliseconds that changes wait to be written together, and changes under way at a time: 100,000 entries take a second or two. */
export const DIRECTORY_FLUSH_MS = 50;
export const DIRECTORY_UNDER_WAY_MAX = 1_024;
/** Users whose change waits for the engine: above it what waits is forgotten, and every session of the edge is written anew under a new name. */
export const DIRECTORY_DUE_MAX = 131_072;
/** Channels that one edge hears. */
export const DIRECTORY_CHANNELS_MAX = 16_384;
