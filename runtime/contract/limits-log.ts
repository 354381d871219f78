/** The bounds of the logs of groups; part of limits.ts. */

/**
 * Logs of groups on an engine. Bytes that may wait for a log beside what is under way: two full commits, since a log takes one part at a time. Bytes of one
 * record batch, which a broker takes whole or not at all: a full envelope with its headers, and as much again. Bytes of it that entries may
 * take, each with LOG_RECORD_BYTES around it.
 */
export const LOG_APPENDS_WAITING_BYTES_MAX = 32 * 1_048_576;
export const LOG_BATCH_BYTES_MAX = 2 * 1_048_576;
export const LOG_PART_BYTES_MAX = LOG_BATCH_BYTES_MAX - 1_024;
export const LOG_RECORD_BYTES = 32;
/** Bytes that a reader of a log fetches and hands out at once; a batch above it comes whole. */
export const LOG_READ_BYTES_MAX = 4 * 1_048_576;
/**
 * Milliseconds after which opening a log, an append, and a read that gets nothing new end in ENGINE_UNAVAILABLE: twice the 9 s after which Kafka gives a silent
 * broker’s partitions to others. Milliseconds for one request of these, for one connection, and between two tries, whose number ends them too.
 */
export const LOG_TIMEOUT_MS = 18_000;
export const LOG_REQUEST_TIMEOUT_MS = 5_000;
export const LOG_CONNECT_TIMEOUT_MS = 3_000;
export const LOG_RETRY_MS = 100;
export const LOG_RETRIES_MAX = 200;
/** Entries after which a producer is made anew: Kafka numbers them in 31 bits, and the driver does not begin again at 0. */
export const LOG_PRODUCER_ENTRIES_MAX = 2 ** 30;
/** Milliseconds the machine’s own metadata service has to answer. */
export const METADATA_TIMEOUT_MS = 2_000;
