import { BUCKET_CREDIT_BYTES_MIN, PUSH_CREDIT_BYTES, PUSH_CREDIT_FAST_BYTES, PUSH_CREDIT_FIRST_BYTES } from '../contract/limits.ts';
import type { InboxSubscription } from '../ports/inbox-feed.ts';
import type { Connection } from '../ports/transport.ts';

/** Owed credit that is worth a frame. */
const GRANT_BYTES = PUSH_CREDIT_FIRST_BYTES / 4;

/** Credit beyond PUSH_CREDIT_BYTES that the sessions of one edge share. */
export interface PushStock {
  bytes: number;
}

/**
 * Gives the owner credit for what the client has taken: a slow reader stops its own pushes and nothing else (L8). The window starts
 * small and doubles while the client leaves nothing waiting, so that only those who read fast may have much under way.
 */
export class PushWindow {
  private readonly connection: Connection;
  private readonly queuedBytesMax: number;
  private readonly stock: PushStock;
  private window = PUSH_CREDIT_FIRST_BYTES;
  private owed = 0;
  private grantBytesMin = GRANT_BYTES;

  constructor(connection: Connection, queuedBytesMax: number, stock: PushStock) {
    this.connection = connection;
    this.queuedBytesMax = queuedBytesMax;
    this.stock = stock;
  }

  /** What the owner may push when it starts anew: the window less what the client has not taken yet. */
  get creditBytes(): number {
    return Math.max(0, this.window - this.owed);
  }

  /** So many reads share the window: none may stand still with its share used up while less is owed than is worth a frame. */
  dividedBy(reads: number): void {
    this.grantBytesMin = Math.min(GRANT_BYTES, Math.max(BUCKET_CREDIT_BYTES_MIN, Math.floor(this.window / reads)) / 2);
  }

  took(bytes: number): void {
    this.owed += bytes;
  }

  /** Grants what is owed once it is worth a frame and the client keeps up. */
  settle(subscription: InboxSubscription | undefined): void {
    if (this.owed < this.grantBytesMin || this.connection.queuedBytes > this.queuedBytesMax) return;
    const growth = this.connection.queuedBytes === 0 ? this.grow() : 0;
    subscription?.grant(this.owed + growth);
    this.owed = 0;
  }

  /** The session is over: what it had of the stock goes back. */
  close(): void {
    this.stock.bytes += Math.max(0, this.window - PUSH_CREDIT_BYTES);
    this.window = Math.min(this.window, PUSH_CREDIT_BYTES);
  }

  /** Doubles the window where its bound and the stock let it; returns by how much. */
  private grow(): number {
    const growth = Math.min(this.window, PUSH_CREDIT_FAST_BYTES - this.window);
    const fromStock = Math.max(0, this.window + growth - Math.max(PUSH_CREDIT_BYTES, this.window));
    if (fromStock > this.stock.bytes) return 0;
    this.stock.bytes -= fromStock;
    this.window += growth;
    return growth;
  }
}
