import type { InboxHandle, StoredEnvelope } from '../ports/inbox-store.ts';
import { envelopeCount } from '../wire/envelope.ts';

/** Where an envelope belongs: an inbox of this core, or the outbox to another group. */
export type Destination =
  | { readonly kind: 'inbox'; readonly handle: InboxHandle | undefined }
  | {
      readonly kind: 'outbox';
      readonly group: string;
      /** What was readdressed comes here on several ways: in any order, and only its inbox can tell what came before. */
      readonly isPassage?: boolean;
    };

/** Whose inbox only the envelope says. */
export const INBOX: Destination = { kind: 'inbox', handle: undefined };

/** Where an envelope goes; `recipient` is its own, one byte a character. */
export interface Way {
  readonly envelope: Buffer;
  readonly destination: Destination;
  readonly recipient: string;
}

/** Something that entered a log: one object for each message until it is announced. */
export class Placed implements StoredEnvelope {
  readonly destination: Destination;
  /** One byte a character. */
  readonly recipient: string;
  readonly position: number;
  readonly envelope: Buffer;
  readonly firstIndex = 0;
  /** In the envelope, and its bytes: told apart, since after the commit the envelope itself is far from the processor. */
  readonly messages: number;
  readonly bytes: number;

  constructor(destination: Destination, recipient: string, position: number, envelope: Buffer) {
    this.destination = destination;
    this.recipient = recipient;
    this.position = position;
    this.envelope = envelope;
    this.messages = envelopeCount(envelope);
    this.bytes = envelope.length;
  }
}
