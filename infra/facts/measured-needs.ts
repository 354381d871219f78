/**
 * What the runtime was measured to need (`docs/performance.md`, `docs/economy.md`), on 2 virtual CPUs of a Xeon at 2.8 GHz in November 2026;
 * a Graviton core is taken for as fast. Memory in bytes, processor time in microseconds.
 */
export const MEASURED_NEEDS_TAKEN = { date: '2026-11', source: 'npm run benchmark -- idle, s-1, s-2, floors; docs/economy.md' } as const;

/** An idle connection in the edge’s process, and in the kernel: socket, file and epoll entry. */
export const EDGE_CONNECTION_BYTES = 5_100 + 4_000;
/** The same user’s inbox being read, at its core. */
export const CORE_READER_BYTES = 2_800;
/** System, process and the stocks that they share: 256 MiB for fast readers of an edge; 128 MiB of log blocks and 40 MiB of marks of a core. */
export const EDGE_BASE_BYTES = 600e6;
export const CORE_BASE_BYTES = 520e6;
/** Index of what waits in a core’s inboxes, at its bounds: 36 bytes an envelope, 300 an inbox; of a tenth of its daily users with four each. */
export const CORE_WAITING_BYTES_PER_USER = 0.1 * (300 + 4 * 36);

/** One packet in and one out. */
const RELAY_MICROS = 11.3;
/** A message at its two edges: SEND in and SENT out, DELIVER out and ACK in, and what the protocol takes. */
export const EDGE_MESSAGE_MICROS = 2 * RELAY_MICROS + 0.94;
/** PING in and PONG out. */
export const EDGE_HEARTBEAT_MICROS = RELAY_MICROS;
/** A message of its own at its owner: two thirds of 5.3. */
export const CORE_MESSAGE_MICROS = 3.5;

/** Headers of IPv4 and TCP of one packet. Edges take no timestamps, which would be 12 more: both counted at an interface, 152 and 140 bytes for 100. */
const HEADER_BYTES = 40;
/**
 * Bytes that go to clients beside a message of its own, counted at the socket with names of 15 bytes: 91 of DELIVER and 16 of SENT, and the
 * headers of three packets, the third of which acknowledges the reader’s ACK. Asking for its status costs 92 more.
 */
export const DELIVERY_OVERHEAD_BYTES = 91 + 16 + 3 * HEADER_BYTES;
/** Bytes that clients send for it: SEND and ACK with theirs, and the acknowledgement of SENT. */
export const SENDING_OVERHEAD_BYTES = 41 + 19 + 3 * HEADER_BYTES;
/** A PONG with its headers. */
export const HEARTBEAT_BYTES = 13 + HEADER_BYTES;
/** An envelope’s header with two names of 15 bytes and the length of its message. */
export const ENVELOPE_BYTES = 72;
