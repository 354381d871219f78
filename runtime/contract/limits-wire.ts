/** What a client may put into a frame, and how large frames are; part of limits.ts. */

/** Bytes of a user name; the original’s limit (v1 LOGIN, SEND). */
export const USER_BYTES_MAX = 256;
/** Bytes of an inbox’s name: a user’s, or a bucket’s, which adds its generation, number and salt. */
export const INBOX_NAME_BYTES_MAX = USER_BYTES_MAX + 24;
/** Bytes of one message: what v1’s 16-bit length can say. The same in v2, so that batches cross versions unopened. */
export const MESSAGE_BYTES_MAX = 65_535;
/** Messages of one batch (P2). */
export const BATCH_MESSAGES_MAX = 1_000;
/** Bytes of one batch’s messages with their lengths (P2). */
export const BATCH_BYTES_MAX = 1_048_576;
/**
 * The highest sequence of a message, also of the last one of a batch. Well below 2^53, where numbers cease to be exact: what is counted from it
 * still fits the fields of links and stores.
 */
export const SEQUENCE_MAX = 2 ** 52 - 1;
/** Bytes of an envelope up to which the next message of its sender to the same recipient joins it: what one read of a socket brings. */
export const JOINED_BYTES_MAX = 65_536;
/** Bytes of a link frame that gathers the appends of a burst: as much as one read of a socket brings, so that most lie within one. */
export const APPENDS_BYTES_MAX = 65_536;
/** Bytes of one frame: a full batch, two names and headers. A longer length is refused before its body is read (A6). */
export const FRAME_BYTES_MAX = BATCH_BYTES_MAX + 2_048;
/** Bytes of an authentication token; RFC 8725’s 9 KB attack must fail early. */
export const TOKEN_BYTES_MAX = 4_096;
