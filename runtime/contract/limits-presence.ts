/** The bounds of presence subscriptions; part of limits.ts. */

/** Users that one session may watch: a contact list; and users of one WATCH or UNWATCH. */
export const SESSION_WATCHES_MAX = 256;
export const WATCH_USERS_MAX = 100;
/** Sessions of one edge that may watch the same user: a celebrity’s followers are readers of messages, not of presence. */
export const USER_WATCHERS_MAX = 1_024;
/** Watches, of one session and one user each, that an edge keeps; and of one edge and one user each, that a core keeps. */
export const EDGE_WATCHES_MAX = 131_072;
export const CORE_WATCHES_MAX = 131_072;
/** Milliseconds in which changes are told together, and frames of one such burst: 20,000 a second; of what waits only the last state is told. */
export const PRESENCE_FLUSH_MS = 100;
export const PRESENCE_FRAMES_AT_ONCE = 2_000;
/** Milliseconds a user who has left may be back before anyone is told: a client that changes edges, or an edge that finds its core again. */
export const PRESENCE_GRACE_MS = 2_000;
/** Watched users of whom an owner of an older release is asked in LINK_PING_MS. */
export const PRESENCE_POLLED_AT_ONCE = 256;
/** Bytes of the names of those who may see a user: a contact list, 256 names of 30 bytes. */
export const AUDIENCE_BYTES_MAX = 8_192;
/** Bytes of such lists, of users who are watched, that an edge or a core keeps at hand; of a user beyond it nobody sees anything. */
export const AUDIENCES_BYTES_MAX = 64 * 1_048_576;
/** Users of a core who change at the same time who may see them; a further one tries again in a second. */
export const AUDIENCE_CHANGES_MAX = 1_024;
