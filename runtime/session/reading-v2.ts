import type { Layout } from '../contract/layout.ts';
import type { InboxCursor, InboxSubscriber, InboxSubscription } from '../ports/inbox-feed.ts';
import { BucketReads } from './bucket-reads.ts';
import type { PushWindow } from './push-window.ts';
import type { SessionParts } from './session-parts.ts';

export interface ReadingLogin {
  readonly user: Buffer;
  readonly version: number;
  readonly cursors: readonly InboxCursor[];
  readonly loginStamp: number;
}

/** What one v2 session reads: the user’s own inbox, and its buckets once it is promoted. */
export class ReadingV2 {
  subscription: InboxSubscription;
  private readonly parts: SessionParts;
  private readonly pushWindow: PushWindow;
  private readonly session: InboxSubscriber;
  private readonly user: Buffer;
  /** What the client had of its buckets when it logged in. */
  private readonly cursors: readonly InboxCursor[];
  private reads: BucketReads | undefined;
  /** It said BYE before its buckets were known. */
  private isLeaving = false;

  constructor(parts: SessionParts, session: InboxSubscriber, options: { login: ReadingLogin; pushWindow: PushWindow }) {
    const { user, cursors, version, loginStamp } = options.login;
    this.parts = parts;
    this.session = session;
    this.pushWindow = options.pushWindow;
    this.user = user;
    this.cursors = cursors.filter((cursor) => cursor.bucket !== 0);
    const to = { address: parts.router.ownerOf(user), user, cursors, credit: this.pushWindow };
    this.subscription = parts.feed.attach({ ...to, loginStamp, isSelective: false, takesEphemerals: version >= 3 }, session);
  }

  /** The inbox is promoted: from now on its buckets are read as well. */
  laidOut(layout: Layout, readStamp: number): void {
    const reads = this.reads ?? this.readBuckets();
    reads.laidOut(layout, readStamp);
    if (this.isLeaving) reads.detach({ flush: true });
    this.isLeaving = false;
  }

  /** Nothing more will enter the user’s own inbox. */
  homeEnded(): void {
    this.reads?.homeEnded();
  }

  /** The client leaves in order: what it acknowledged becomes durable first. */
  leave(): void {
    // Where the buckets are that its cursors name, only the layout says; without one the farewell stays out.
    this.isLeaving = this.cursors.length > 0 && this.reads === undefined;
    if (!this.isLeaving) this.subscription.detach({ flush: true });
  }

  private readBuckets(): BucketReads {
    const { feed, router, clock } = this.parts;
    const { pushWindow, user, cursors, subscription: home, session: subscriber } = this;
    this.reads = new BucketReads({ home, clock, feed, router, pushWindow, user, cursors, isSelective: false, subscriber });
    this.subscription = this.reads;
    return this.reads;
  }
}
