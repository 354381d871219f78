import type { Layout } from '../contract/layout.ts';
import type { BucketReport, MarkQuestion } from './bucket-owners.ts';
import type { Refusal } from './bus.ts';
import type { PullAnswer, PullRequest } from './handover.ts';
import type { EphemeralKind, InboxCursor, InboxSubscriber, InboxSubscription, Reading, UserStatus } from './inbox-feed.ts';
import type { StoredMark } from './inbox-store.ts';
import type { PresenceOwner } from './presence.ts';

/** Where an append came from and its answer goes: one link. */
export interface AppendOrigin {
  appended(correlation: number, durability: number): void;
  refused(correlation: number, recipient: Buffer, refusal: Refusal): void;
  /** No further answer follows in this burst. */
  settled(): void;
  /** Where messages to this user should go from now on; an empty layout: ask again. */
  laidOut(user: Buffer, layout: Layout): void;
  /** The link must end: its order can no longer be kept. */
  cut(reason: string): void;
}

export interface AppendRequest {
  readonly origin: AppendOrigin;
  readonly correlation: number;
  readonly publisherId: number;
  /** SEND_RETRY, SEND_FRESH. */
  readonly flags: number;
  /** Kept until answered; checked by `checkEnvelope`. */
  readonly envelope: Buffer;
}

export interface ReadRequest {
  readonly user: Buffer;
  readonly creditBytes: number;
  readonly isSelective: boolean;
  readonly takesEphemerals: boolean;
  readonly loginStamp: number;
  /** The reader had attached before and lost its link; it may have been taken over since. */
  readonly isReattached: boolean;
  readonly acknowledged: readonly InboxCursor[];
  /** What the reader was given before its link broke; pushing starts after it. */
  readonly shown: readonly InboxCursor[];
}

export interface UndeliveredEnvelope {
  readonly bucket: number;
  readonly position: number;
  readonly tries: number;
  readonly reason: string;
}

/** A read at the owner. */
export interface OwnedSubscription extends InboxSubscription {
  /** The reader could not be given this envelope, `tries` times: it is set aside, so that what follows gets through. */
  undelivered(envelope: UndeliveredEnvelope): void;
}

/** What the owner of shards does for the nodes that link to it. */
export interface ShardOwner {
  /** Answers once, after the commit it names; in order per origin, publisher and recipient. */
  append(request: AppendRequest): void;
  publisherEnded(origin: AppendOrigin, publisherId: number): void;
  originClosed(origin: AppendOrigin): void;
  attach(request: ReadRequest, subscriber: InboxSubscriber): OwnedSubscription;
  /** Hands an envelope to its recipient’s reader, past the log. Returns why not. */
  hand(kind: EphemeralKind, envelope: Buffer): Refusal | undefined;
  status(user: Buffer): Promise<UserStatus>;
  /** What the session that logged in with this stamp was told of its buckets; undefined when another one reads the inbox, or none. */
  reading(user: Buffer, loginStamp: number): Reading | undefined;
  /** How a bucket stands; with `seal` it takes no more messages, durably, before the answer. */
  bucket(inbox: Buffer, options: { seal: boolean }): Promise<BucketReport>;
  /** Undefined when it cannot be known now. @throws IrisError STORE_FAILED */
  finalMarks(question: MarkQuestion): Promise<(StoredMark | undefined)[] | undefined>;
  /** Who watches the users. */
  readonly presence: PresenceOwner;
  /** A part of what is kept of a user who lives with the asker by a newer slot map. Rejects with STORE_FAILED. */
  pull(request: PullRequest): Promise<PullAnswer>;
}
