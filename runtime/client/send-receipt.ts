import type { DurabilityName } from '../wire/durability.ts';

/** What the sender holds once a message is stored. */
export interface SendReceipt {
  readonly to: string;
  /** What the message survives (L1): D0 memory, D1 kill -9, D2 power loss, D2q the same on a quorum. */
  readonly durability: DurabilityName;
  /** The first message’s sequence within this client. */
  readonly sequence: number;
  /** Messages acknowledged. */
  readonly count: number;
  /** Milliseconds since 1970, by this machine’s clock. */
  readonly acknowledgedAtMs: number;
}
