import { PUSH_CREDIT_BYTES, PUSH_CREDIT_FIRST_BYTES } from '../contract/limits.ts';
import type { InboxSubscription } from '../ports/inbox-feed.ts';
import type { Connection } from '../ports/transport.ts';

/** Owed credit that is worth a frame. */
const GRANT_BYTES_MIN = PUSH_CREDIT_FIRST_BYTES / 4;

/**
 * Gives the owner credit for what the client has taken: a slow reader stops its own pushes and nothing else (L8). The window starts
 * small and doubles while the client leaves nothing waiting, so that only those who read fast may have much under way.
 */
export class PushWindow {
  private readonly connection: Connection;
  private readonly queuedBytesMax: number;
  private window = PUSH_CREDIT_FIRST_BYTES;
  private owed = 0;

  constructor(connection: Connection, queuedBytesMax: number) {
    this.connection = connection;
    this.queuedBytesMax = queuedBytesMax;
  }

  /** What the owner may push when it starts anew: the window less what the client has not taken yet. */
  get creditBytes(): number {
    return Math.max(0, this.window - this.owed);
  }

  took(bytes: number): void {
    this.owed += bytes;
  }

  /** Grants what is owed once it is worth a frame and the client keeps up. */
  settle(subscription: InboxSubscription | undefined): void {
    if (this.owed < GRANT_BYTES_MIN || this.connection.queuedBytes > this.queuedBytesMax) return;
    const growth = this.connection.queuedBytes === 0 ? Math.min(this.window, PUSH_CREDIT_BYTES - this.window) : 0;
    this.window += growth;
    subscription?.grant(this.owed + growth);
    this.owed = 0;
  }
}
