/** Every bound of the runtime, with its unit and reason. A queue, frame, retry or timeout without a name here is a defect (law L8). */

/** Slots of the frozen user hash (requirements C12): about 21 per shard at 50,000 shards, so shards differ by at most one slot, 5 %. */
export const SLOTS = 2 ** 20;
/** A slot table entry is 16 bits, and planet needs 50,000. */
export const SHARDS_MAX = 65_535;

/** Bytes of a user name; the original’s limit (v1 LOGIN, SEND). */
export const USER_BYTES_MAX = 256;
/** Bytes of one message: what v1’s 16-bit length can say. The same in v2, so that batches cross versions unopened. */
export const MESSAGE_BYTES_MAX = 65_535;
/** Messages of one batch (P2). */
export const BATCH_MESSAGES_MAX = 1_000;
/** Bytes of one batch’s messages with their lengths (P2). */
export const BATCH_BYTES_MAX = 1_048_576;
/** Bytes of one frame: a full batch, two names and headers. A longer length is refused before its body is read (A6). */
export const FRAME_BYTES_MAX = BATCH_BYTES_MAX + 2_048;
/** Bytes of an authentication token; RFC 8725’s 9 KB attack must fail early. */
export const TOKEN_BYTES_MAX = 4_096;

/** Milliseconds a connection may stay without a successful login (A7). */
export const LOGIN_TIMEOUT_MS = 10_000;
/** Milliseconds between pings that a client sends; below the load balancer’s 350 s idle timeout. */
export const PING_INTERVAL_MS = 30_000;
/** Milliseconds without a byte after which a v2 session is closed: three missed pings. v1 clients never ping, so they are exempt. */
export const SESSION_IDLE_MS = 95_000;

/** Bytes a session may hold for a client that reads too slowly; then its credit ends and the rest waits in the inbox. */
export const SESSION_QUEUED_BYTES_MAX = 1_048_576 * 2;
/** Bytes of pushes a core may have under way to one session before the edge grants more. One full frame must fit. */
export const PUSH_CREDIT_BYTES = 1_048_576;
/** Envelopes a session may have sent without an answer; the next one waits in the socket. */
export const SESSION_IN_FLIGHT_MAX = 1_024;
/** Bytes a session may have sent without an answer. */
export const SESSION_IN_FLIGHT_BYTES_MAX = 8 * 1_048_576;
/** Refused (recipient) marks a session keeps; above it the session ends, since order could not be kept. */
export const SESSION_FENCES_MAX = 1_024;
/** Delivered v1 messages whose ACK is awaited one by one; above it an ACK counts for everything before it. */
export const V1_UNACKED_MAX = 262_144;

/** Bytes that may wait on one link for its owner; then sends are refused as OVERLOADED. */
export const LINK_QUEUED_BYTES_MAX = 64 * 1_048_576;
/** Envelopes that may wait for an answer on one link. */
export const LINK_IN_FLIGHT_MAX = 131_072;
/** Milliseconds an append may wait for its answer before the sender is told SHARD_UNAVAILABLE. */
export const APPEND_TIMEOUT_MS = 10_000;
/** Milliseconds between attempts to reach a node: first and last of an exponential row with jitter. */
export const LINK_RETRY_FIRST_MS = 50;
export const LINK_RETRY_LAST_MS = 2_000;
/** Milliseconds between a link’s heartbeats, and the silence after which it is taken for dead. */
export const LINK_PING_MS = 2_000;
export const LINK_SILENT_MS = 8_000;

/** Bytes and envelopes that may wait for the next commit of a core; then appends are refused as OVERLOADED. */
export const COMMIT_QUEUED_BYTES_MAX = 128 * 1_048_576;
export const COMMIT_QUEUED_MAX = 262_144;
/** Bytes of one commit; more waits for the next, so that one commit stays short. */
export const COMMIT_BYTES_MAX = 16 * 1_048_576;
/** Bytes waiting in one user’s inbox; above it senders get INBOX_FULL. Undelivered messages are never trimmed. */
export const INBOX_BYTES_MAX = 1_073_741_824;
/** Milliseconds a duplicate is recognised: seven days (X2). */
export const DEDUP_WINDOW_MS = 7 * 24 * 3_600_000;
/** Senders’ sequence marks kept in memory per core; older ones are read from the store for frames marked as retries. */
export const DEDUP_MEMORY_MAX = 200_000;
/** Envelopes and bytes of one page read from an inbox or an outbox. */
export const PAGE_ENVELOPES_MAX = 512;
export const PAGE_BYTES_MAX = 262_144;
/** Envelopes a bridge has under way to another region before it waits for their acknowledgement. */
export const BRIDGE_WINDOW = 4_096;
/** Bytes an outbox may hold; above it cross-region sends are refused as OVERLOADED (X22). */
export const OUTBOX_BYTES_MAX = 8 * 1_073_741_824;

/** Milliseconds a leaving node takes to say GOAWAY to its clients and to flush; then it closes what is left. */
export const DRAIN_TIMEOUT_MS = 10_000;
/** Milliseconds over which GOAWAY spreads the clients’ reconnects. */
export const GOAWAY_SPREAD_MS = 2_000;
/** Open connections of one edge beyond which new ones are refused; the plan gives an edge its own figure. */
export const CONNECTIONS_MAX = 100_000;
