import type { ErrorCode } from '../contract/errors.ts';

/** Why something was refused, ready for a FAULT. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs: number;
}

/** Who publishes and hears what became of it: a client’s session or a bridge. */
export interface Publisher {
  /** Unique within this node’s run; the owner keeps order per publisher and recipient (L3). */
  readonly publisherId: number;
  /** `sequence … sequence + count - 1` are durable as `durability` says. */
  published(sequence: number, count: number, durability: number): void;
  /** They were not appended, or it is not known; `recipient` is a view. */
  refused(sequence: number, count: number, recipient: Buffer, refusal: Refusal): void;
  /** True while an earlier message to `recipient` stands refused, so that a later one must not overtake it. */
  isFenced(recipient: Buffer): boolean;
}

/** One envelope on its way. Filled anew for each call; the bus copies what it needs before it returns. */
export interface Publication {
  publisher: Publisher;
  /** SEND_RETRY, SEND_FRESH. */
  flags: number;
  /** The publisher may hear of it together with what it published right before, to whomever: in one `published`, or `refused` of one recipient. */
  mayJoin: boolean;
  count: number;
  sequence: number;
  previous: number;
  stamp: number;
  device: Uint8Array;
  sender: Uint8Array;
  recipient: Buffer;
  /** The entries are `buffer[start … end)`. */
  buffer: Buffer;
  start: number;
  end: number;
}

/** An envelope passed on whole. */
export interface Forwarding {
  readonly flags: number;
  readonly token: number;
  readonly envelope: Buffer;
}

/**
 * Carries envelopes to the log that owns their recipient: at least once, in order per publisher and recipient, in no order between
 * recipients. Every publication ends in exactly one `published` or `refused`, within APPEND_TIMEOUT_MS. Never drops silently (L7).
 */
export interface Bus {
  /** `address` is the owner’s link address. */
  publish(address: string, publication: Publication): void;
  /** The same for an envelope that exists already; it is copied. The publisher hears `token` and a count of 1. */
  forward(address: string, publisher: Publisher, forwarding: Forwarding): void;
  /** The publisher is gone: what is under way may still be appended, nobody hears of it. */
  forget(publisher: Publisher): void;
}
