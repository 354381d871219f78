import type { Publication } from './bus.ts';

/** Knows where users live. */
export interface MessageRouter {
  /** Sends an envelope to its recipient’s log, or to this region’s outbox where the recipient is homed in another (L9). */
  publish(publication: Publication): void;
  /** The link address of the core that owns the user’s inbox, in whatever region. */
  ownerOf(user: Uint8Array): string;
}
