/**
 * The one error table. `wire` is what a FAULT frame carries and is never reused; `retry` says whether the same request may succeed
 * later without a change. docs/error-codes.md is generated from it.
 */
export const ERROR_CODES = {
  // 1xxx: the frame or the request is wrong.
  FRAME_TOO_LARGE: { wire: 1001, retry: false, meaning: 'a frame, batch, message or name is longer than its limit' },
  FRAME_TRUNCATED: { wire: 1002, retry: false, meaning: 'a frame ends inside a field' },
  FRAME_MALFORMED: { wire: 1003, retry: false, meaning: 'a field holds a value outside its range' },
  OPCODE_UNKNOWN: { wire: 1004, retry: false, meaning: 'the opcode is not part of the negotiated version' },
  VERSION_UNSUPPORTED: { wire: 1005, retry: false, meaning: 'client and server share no protocol version' },
  HELLO_EXPECTED: { wire: 1006, retry: false, meaning: 'a frame came before a successful HELLO' },
  NAME_INVALID: { wire: 1007, retry: false, meaning: 'a user name is empty or holds control characters' },
  SEQUENCE_INVALID: { wire: 1008, retry: false, meaning: 'a sequence number does not grow within its device' },
  // 2xxx: the service cannot do it now.
  SHARD_UNAVAILABLE: { wire: 2001, retry: true, meaning: 'the owner of the recipient’s shard cannot be reached' },
  OVERLOADED: { wire: 2002, retry: true, meaning: 'a bounded queue is full; retry after the given time' },
  REFUSED_IN_ORDER: { wire: 2003, retry: true, meaning: 'an earlier message to the same recipient was refused; resend from that one' },
  STORE_FAILED: { wire: 2004, retry: true, meaning: 'the store could not commit; nothing was acknowledged' },
  DRAINING: { wire: 2005, retry: true, meaning: 'the node is leaving; reconnect elsewhere' },
  INBOX_FULL: {
    wire: 2006,
    retry: true,
    meaning: 'the recipient’s inbox holds as much as it may; it opens again when the recipient reads',
  },
  OUTBOX_FULL: {
    wire: 2007,
    retry: true,
    meaning: 'the outbox to the recipient’s region holds as much as it may; it opens again when the region is reached',
  },
  SIGNALS_LIMITED: {
    wire: 2008,
    retry: true,
    meaning: 'too many reads, typing signals or queries in a short time; this one was passed over',
  },
  FETCH_UNSUPPORTED: {
    wire: 2010,
    retry: false,
    meaning: 'the inbox’s owner is of a release that does not share buckets among connections; read them over one',
  },
  RATE_LIMITED: {
    wire: 2011,
    retry: true,
    meaning: 'more in a minute than one user or one address may; it opens again after the given time',
  },
  WATCHES_LIMITED: {
    wire: 2012,
    retry: true,
    meaning: 'the session watches as many users as it may, or the user has as many watchers',
  },
  NOT_OWNER: { wire: 2020, retry: true, meaning: 'this node is a standby; another one owns the shards' },
  NOT_DELIVERED: {
    wire: 2009,
    retry: true,
    meaning: 'a best-effort message was not handed over: the recipient is away or slow, or its owner cannot be reached',
  },
  SHARD_MOVED: { wire: 2030, retry: true, meaning: 'the recipient’s shard lives elsewhere by a newer or older slot map; send it again' },
  // 3xxx: identity.
  AUTHENTICATION_FAILED: { wire: 3001, retry: false, meaning: 'the token is missing, wrong, expired or for another user' },
  SESSION_REPLACED: { wire: 3002, retry: false, meaning: 'the same user logged in elsewhere and took the inbox over' },
  LINK_REFUSED: { wire: 3003, retry: false, meaning: 'a node of another environment or version tried to link' },
  // 4xxx: configuration and commands, never on a client’s wire.
  CONFIG_INVALID: { wire: 4001, retry: false, meaning: 'a node config or slot map breaks its schema or a rule' },
  ENVIRONMENT_INVALID: { wire: 4002, retry: false, meaning: 'an environment breaks its schema or a rule' },
  ENVIRONMENT_UNKNOWN: { wire: 4003, retry: false, meaning: 'no preset and no readable file has this name' },
  STATE_IN_USE: { wire: 4004, retry: false, meaning: 'another process holds the state folder' },
  ADDRESS_IN_USE: { wire: 4005, retry: true, meaning: 'a listener’s port is taken' },
  TOO_LARGE_FOR_MACHINE: { wire: 4006, retry: false, meaning: 'the environment needs more than this machine has' },
  PACKAGE_FAILED: { wire: 4007, retry: false, meaning: 'the runtime package could not be built or its hash is wrong' },
  SYNTH_FAILED: { wire: 4008, retry: false, meaning: 'a template breaks a rule or a limit of its service' },
  NODE_FAILED: { wire: 4009, retry: false, meaning: 'a node did not start or kept dying' },
  FILE_UNREADABLE: { wire: 4010, retry: false, meaning: 'a file is missing or is not what it should be' },
  TIMED_OUT: { wire: 4011, retry: true, meaning: 'no answer came within the time given' },
  CONNECTION_FAILED: { wire: 4012, retry: true, meaning: 'no connection to the address given' },
  AWS_REFUSED: { wire: 4015, retry: true, meaning: 'a question to AWS was refused or not answered' },
  ENGINE_UNAVAILABLE: { wire: 4016, retry: true, meaning: 'an engine (Kafka, the CQL store, Redis, etcd, Consul) does not answer in time' },
  ENGINE_INVALID: {
    wire: 4017,
    retry: false,
    meaning: 'an engine answers and is not what is needed: login, topic, keyspace, schema or version',
  },
  COMMAND_INVALID: { wire: 4013, retry: false, meaning: 'a command to a node is unknown or its input has the wrong shape' },
  OWNERSHIP_LOST: {
    wire: 4020,
    retry: false,
    meaning: 'the lease of the shard group ran out; the node ends and starts again as a standby',
  },
} as const satisfies Record<string, { wire: number; retry: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The one error class. Messages: lower case, no full stop, what is wrong + the value got + the limit or remedy. */
export class IrisError extends Error {
  readonly code: ErrorCode;
  /** Milliseconds after which a retry makes sense; 0 when the code says nothing about time. */
  readonly retryAfterMs: number;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'IrisError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

const BY_WIRE = new Map<number, ErrorCode>(Object.entries(ERROR_CODES).map(([code, row]) => [row.wire, code as ErrorCode]));

/** The code a FAULT's number stands for; undefined for a number of a newer release. */
export function errorCodeOfWire(wire: number): ErrorCode | undefined {
  return BY_WIRE.get(wire);
}

/** What went wrong, as one line without a stack; a chain of causes is joined by `: `. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause !== undefined ? `: ${errorLine(error.cause)}` : '';
  return `${message}${cause}`.replaceAll('\n', ' ');
}
