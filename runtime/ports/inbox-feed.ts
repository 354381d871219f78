import type { Audience } from '../contract/audience.ts';
import type { InboxGap } from '../contract/inbox-gap.ts';
import type { Layout } from '../contract/layout.ts';
import type { SequenceSet } from '../contract/sequence-set.ts';
import type { Refusal } from './bus.ts';

/** Everything of `bucket` up to this message, inclusive. */
export interface InboxCursor {
  readonly bucket: number;
  readonly position: number;
  readonly index: number;
}

/** What became of one device’s messages to one recipient (L6). */
export interface MessageStatus {
  /** 8 bytes. */
  readonly device: Buffer;
  readonly recipient: Buffer;
  readonly delivered: SequenceSet;
  readonly read: SequenceSet;
}

/** Messages of a sender’s device that a person has seen. */
export interface ReadMessages {
  /** 8 bytes. */
  readonly device: Uint8Array;
  readonly sender: Uint8Array;
  readonly sequences: SequenceSet;
}

/** What goes to a user’s reader past the log. The numbers travel between nodes. */
export const EphemeralKind = {
  /** Best-effort messages. */
  message: 0,
  /** One entry of one byte: 1 typing, 0 not any more. */
  typing: 1,
  /** v1’s READ_RECEIPT; one entry, the message id as the reader named it. */
  receipt: 2,
} as const;
export type EphemeralKind = (typeof EphemeralKind)[keyof typeof EphemeralKind];

/** Hears once what became of an ephemeral: undefined when it was handed to the reader’s link. */
export type HandedOver = (refusal: Refusal | undefined) => void;

/** Who reads an inbox: a client’s session. */
export interface InboxSubscriber {
  /** The next envelope, `buffer[start … end)`, in the order of its bucket; messages before `firstIndex` were acknowledged earlier. */
  pushed(at: { bucket: number; position: number; firstIndex: number }, buffer: Buffer, start: number, end: number): void;
  /** Something that is not in the inbox, `buffer[start … end)` an envelope; it comes once and is not acknowledged. */
  handed(kind: EphemeralKind, buffer: Buffer, start: number, end: number): void;
  /** Messages that will never come, before what follows them; again at each attach until a cursor at or past it is acknowledged (L4). */
  gap(gap: InboxGap): void;
  /** Messages that this user has sent reached a further status, or `askStatus` is answered. Whole rows, of any of the user’s devices. */
  statusGrown(status: MessageStatus): void;
  /** The read was broken for a while and goes on: statuses may have been missed. */
  resumed(): void;
  /** `replaced`: another session reads the inbox now. `flushed`: the answer to `detach({ flush: true })`. */
  ended(reason: 'replaced' | 'flushed'): void;
  /**
   * The user’s inbox is promoted: this is where its messages are. Comes after the attach and with each change. Of two sessions the one
   * with the higher `readStamp` may read the buckets.
   */
  laidOut(layout: Layout, readStamp: number): void;
  /** Of a bucket or a promoted inbox: what was stored has been pushed. With `isEnd` nothing will ever follow. May come more than once. */
  caughtUp(isEnd: boolean): void;
  /** The inbox lives with another owner now; the read ends here. Only between owner and link: a feed attaches there by itself. */
  moved?(): void;
}

/** A running read. Survives lost links by itself: it attaches again after the last envelope pushed. */
export interface InboxSubscription {
  /** Lets the owner push `bytes` more. */
  grant(bytes: number): void;
  /** Everything up to the cursor may be forgotten. */
  acknowledge(cursor: InboxCursor): void;
  /** This one envelope may be forgotten (v1 acknowledges one by one). */
  remove(bucket: number, position: number): void;
  /** Tells the senders that their messages were read; lost when the link is down, so it is told again after `resumed`. */
  markRead(messages: ReadMessages): void;
  /** Asks what became of this user’s messages; answered by `statusGrown`, not at all when the link is down. */
  askStatus(device: Uint8Array, recipient: Uint8Array): void;
  /** Ends the read. With `flush`, what was acknowledged is durable before `ended('flushed')` comes. */
  detach(options: { flush: boolean }): void;
}

export interface AttachOptions {
  /** The owner’s link address. */
  readonly address: string;
  readonly user: Buffer;
  /** What the application has already. */
  readonly cursors: readonly InboxCursor[];
  /** Bytes the owner may push at first; asked anew at each attach. */
  readonly credit: { readonly creditBytes: number };
  /** True when the client can be shown what is not in the inbox. */
  readonly takesEphemerals: boolean;
  /** True when acknowledgements come one by one and out of order (v1): a take-over then starts after what this session was shown. */
  readonly isSelective: boolean;
  /** The edge’s stamp of the login: of two readers that attach again after a lost link, the later login keeps the inbox. */
  readonly loginStamp: number;
  /** True where a reader of a higher stamp keeps the inbox from the first attach on, not only after a lost link. */
  readonly yieldsToLater?: boolean;
}

/** What the session that reads an inbox knows of its buckets. */
export interface Reading {
  readonly layout: Layout;
  /** See `InboxSubscriber.laidOut`. */
  readonly readStamp: number;
}

export interface UserStatus {
  readonly isOnline: boolean;
  /** Seconds since 1970; 0 when online or never seen. */
  readonly lastSeenSeconds: number;
  /** Who may see this; everyone where there is none. Whoever shows it to a user asks `seenBy` first. */
  readonly audience?: Audience;
}

/** Reads inboxes at their owners, wherever they are: from a cursor to the tail and on, repeatably and in order (L4). */
export interface InboxFeed {
  attach(options: AttachOptions, subscriber: InboxSubscriber): InboxSubscription;
  /**
   * Hands an envelope to the reader of its recipient, in order per link, past every log: it is lost with any connection on its way. An owner
   * that cannot be reached refuses at once.
   */
  hand(address: string, kind: EphemeralKind, envelope: Buffer, answer?: HandedOver): void;
  /**
   * What a session is told of its buckets, for a further connection of its client. `other`: not this session reads the inbox now, or it was not
   * told yet. `unknown`: the owner is of a release that is not asked. Undefined when it does not answer.
   */
  reading(address: string, user: Buffer, loginStamp: number): Promise<Reading | 'other' | 'unknown' | undefined>;
  /** Whether someone reads the user’s inbox. Undefined when the owner does not answer within the deadline of STATUS_TIMEOUT_MS. */
  status(address: string, user: Buffer): Promise<UserStatus | undefined>;
  /** Who may see how the user is; with `change` from now on, durably. Undefined when the owner does not answer, or is of a release that cannot. */
  audience(address: string, user: Buffer, change?: AudienceChange): Promise<AudienceAnswer | undefined>;
}

export interface AudienceChange {
  /** Undefined: everyone. */
  readonly audience: Audience | undefined;
  /** The edge’s stamp of the login: of two changes that of the later login counts. */
  readonly loginStamp: number;
}

export interface AudienceAnswer {
  /** Of ERROR_CODES; 0: done. */
  readonly code: number;
  readonly audience: Audience | undefined;
}
