import { PUSH_CREDIT_BYTES } from '../contract/limits.ts';
import type { InboxSubscription } from '../ports/inbox-feed.ts';
import type { Connection } from '../ports/transport.ts';

/** Gives the owner credit for what the client has taken: a slow reader stops its own pushes and nothing else (L8). */
export class PushWindow {
  private readonly connection: Connection;
  private readonly queuedBytesMax: number;
  private owed = 0;

  constructor(connection: Connection, queuedBytesMax: number) {
    this.connection = connection;
    this.queuedBytesMax = queuedBytesMax;
  }

  took(bytes: number): void {
    this.owed += bytes;
  }

  /** Grants what is owed once it is worth a frame and the client keeps up. */
  settle(subscription: InboxSubscription | undefined): void {
    if (this.owed < PUSH_CREDIT_BYTES / 4 || this.connection.queuedBytes > this.queuedBytesMax) return;
    subscription?.grant(this.owed);
    this.owed = 0;
  }
}
