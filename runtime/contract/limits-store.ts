/** Bounds of what a core keeps in a CQL store; the others are in `limits.ts`. */

/**
 * How a core writes its rows to the CQL store: statements and bytes under way at once, which keep a cluster of nine nodes busy and hold at most
 * so much memory; changes and bytes of one batch to one partition, far below the 16 MiB that a node’s commit log takes as one mutation.
 */
export const ROWS_IN_FLIGHT_MAX = 256;
export const ROWS_IN_FLIGHT_BYTES_MAX = 16 * 1_048_576;
/**
 * Milliseconds after which the answer to a write says that the store is behind: half as many are under way then, down to ROWS_IN_FLIGHT_FEW, and one more after
 * each quick answer. A lease’s question waits in the same queue, for CQL_LEASE_TIMEOUT_MS at the most.
 */
export const ROWS_SLOW_MS = 500;
export const ROWS_IN_FLIGHT_FEW = 8;
export const ROWS_BATCH_CHANGES_MAX = 256;
export const ROWS_BATCH_BYTES_MAX = 262_144;
/**
 * Bytes of the log that are put into the rows as one when a group is opened, while it serves: the more, the fewer rows and statements they come to; up to
 * then nothing of them makes room for commits.
 */
export const GROUP_REPLAY_BYTES = 16 * 1_048_576;
/** Changes that become statements at a time: some 10 MB, whatever the rows lack. */
export const GROUP_APPLY_CHANGES_MAX = 16_384;
/** Parts into which what a group knows of users and senders is spread: partitions of some megabytes, read side by side. Stored, so never another number. */
export const ROWS_PARTS = 64;
/** Parts that one reading of everything asks for at once, rows of one page of them. */
export const ROWS_PARTS_AT_ONCE = 8;
export const ROWS_PAGE = 2_000;
/** Envelopes of the first page of a reading: at a megabyte each they are 16 MB; the next is sized by what they were. */
export const ROWS_PAGE_FIRST = 16;
/** Positions whose envelopes to another group share a partition: 4 MB at 1 KB each. Stored, so never another number. */
export const OUTGOING_CHUNK_POSITIONS = 4_096;
/** Emptied chunks that one checkpoint looks at. */
export const OUTGOING_CHUNKS_SWEPT_MAX = 64;
/** Milliseconds by which the store’s own expiry comes after retention has taken a message out and reported it: a week to notice that it does not. */
export const ROWS_EXPIRY_SLACK_MS = 7 * 24 * 3_600_000;
/**
 * Milliseconds one question to the CQL store may go unanswered, tries of it in a row on other nodes, milliseconds after which no further try is begun,
 * and the first and last pause between tries. A node is given up in 2 s; its restart takes longer, and is waited for by who asked.
 */
export const CQL_ANSWER_TIMEOUT_MS = 2_000;
export const CQL_NODES_TRIED_MAX = 3;
export const CQL_GIVE_UP_MS = 8_000;
export const CQL_RETRY_FIRST_MS = 50;
export const CQL_RETRY_LAST_MS = 1_000;
/** Milliseconds between two tries to reach a node that is away, at most. */
export const CQL_RECONNECT_MS = 2_000;
/** Milliseconds a lease’s question to the store may take: a renewal has 2 s. */
export const CQL_LEASE_TIMEOUT_MS = 1_500;
/** Milliseconds between two looks at the file of a login: a changed one is used within them. */
export const CQL_LOGIN_READ_MS = 5_000;
/** Seconds for which a schema migration holds its lock without saying that it goes on; milliseconds one of its statements may take until all nodes know of it. */
export const SCHEMA_LOCK_SECONDS = 120;
export const SCHEMA_STATEMENT_TIMEOUT_MS = 30_000;
