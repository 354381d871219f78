import type { StoredEnvelope } from '../ports/inbox-store.ts';
import { envelopeCount } from '../wire/envelope.ts';

/** Where an envelope belongs: an inbox of this core, or the outbox to another group. */
export type Destination =
  | { readonly kind: 'inbox' }
  | {
      readonly kind: 'outbox';
      readonly group: string;
      /** What was readdressed comes here on several ways: in any order, and only its inbox can tell what came before. */
      readonly isPassage?: boolean;
    };

export const INBOX: Destination = { kind: 'inbox' };

/** Where an envelope goes; `recipient` is its own, one byte a character. */
export interface Way {
  readonly envelope: Buffer;
  readonly destination: Destination;
  readonly recipient: string;
}

/** Something that entered a log. */
export interface Placed {
  readonly destination: Destination;
  /** One byte a character. */
  readonly recipient: string;
  readonly entry: StoredEnvelope;
  /** In the envelope, and its bytes: told apart, since after the commit the envelope itself is far from the processor. */
  readonly messages: number;
  readonly bytes: number;
}

export function placed(destination: Destination, recipient: string, entry: StoredEnvelope): Placed {
  const { envelope } = entry;
  return { destination, recipient, entry, messages: envelopeCount(envelope), bytes: envelope.length };
}
