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
/** Milliseconds after which a token of 15 minutes is followed by the next. */
export const DIRECTORY_TOKEN_MS = 600_000;
/** Milliseconds between two looks at the file of a login: so long may a changed password take, and a server that knows both waits for it. */
export const DIRECTORY_LOGIN_READ_MS = 5_000;
/** Milliseconds between two looks at which node of a cluster has what, and between two log lines about an engine that fails. */
export const DIRECTORY_SLOTS_REFRESH_MS = 5_000;
export const DIRECTORY_LOG_MS = 10_000;
/** Milliseconds that changes wait to be written together, and changes under way at a time: 100,000 entries take a second or two. */
export const DIRECTORY_FLUSH_MS = 50;
export const DIRECTORY_UNDER_WAY_MAX = 1_024;
/** Logins of one command, where all keys are on one server: a sixth of the CPU of one each, and the server stands still for others for a fifth of a millisecond. */
export const DIRECTORY_LOGINS_AT_ONCE = 32;
/** Users whose change waits for the engine: above it what waits is forgotten, and every session of the edge is written anew under a new name. */
export const DIRECTORY_DUE_MAX = 131_072;
/** Channels that one edge hears. */
export const DIRECTORY_CHANNELS_MAX = 16_384;

/**
 * Milliseconds of a rate limit’s window (D11), and its slots with one more than fit, so that no 60 s have more than the limit: what is counted goes
 * 60 to 65 s later, a slot at a time.
 */
export const RATE_WINDOW_MS = 60_000;
export const RATE_SLOT_MS = 5_000;
export const RATE_SLOTS = RATE_WINDOW_MS / RATE_SLOT_MS + 1;
/** Users and addresses whose minute an edge counts, of each limit; above it those longest unheard of begin anew. 400 bytes each. */
export const RATE_KEYS_MAX = 131_072;
/** Milliseconds between two exchanges of counts with Redis, share of a limit below which a count is not exchanged, and counts of one exchange. */
export const RATE_SYNC_MS = 1_000;
export const RATE_SYNC_SHARE = 0.1;
export const RATE_GROWN_MAX = 16_384;
