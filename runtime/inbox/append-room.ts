import { userTextOfInbox } from '../contract/bucket-name.ts';
import { FULL_RETRY_MS, PARKED_BYTES_MAX, STORE_FULL_RETRY_MS, WAITING_ENVELOPES_MAX, WAITING_INBOXES_MAX } from '../contract/limits.ts';
import type { Refusal } from '../ports/bus.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import { envelopeRecipient } from '../wire/envelope.ts';
import type { Destination } from './destination.ts';
import type { ParkedEnvelopes } from './parked-envelopes.ts';

const INBOX_FULL: Refusal = {
  code: 'INBOX_FULL',
  message: 'the recipient’s inbox holds as much as it may until it is read',
  retryAfterMs: FULL_RETRY_MS,
};
const STORE_FULL: Refusal = {
  code: 'OVERLOADED',
  message: `${WAITING_ENVELOPES_MAX} envelopes or ${WAITING_INBOXES_MAX} inboxes wait in this core, the limits`,
  retryAfterMs: STORE_FULL_RETRY_MS,
};
const PARKED_FULL: Refusal = {
  code: 'OVERLOADED',
  message: `messages that wait for their predecessors take ${PARKED_BYTES_MAX} bytes, the limit`,
  retryAfterMs: 1_000,
};

/** What of a core may be full. */
export interface Room {
  readonly store: InboxStore;
  readonly parked: ParkedEnvelopes;
  /** Users of other regions whose inbox is full there, one byte a character: nothing more is taken for them. */
  readonly heldBack: ReadonlySet<string>;
}

/** Why there is no room for an envelope that is new; undefined where there is. `mustPark` says whether it has to wait for another. */
export function lackOfRoom(
  { store, parked, heldBack }: Room,
  {
    envelope,
    destination,
    recipient,
    mustPark,
  }: { envelope: Buffer; destination: Destination; recipient: string; mustPark: () => boolean },
): Refusal | undefined {
  if (store.isFull) return STORE_FULL;
  if (destination.kind === 'outbox') {
    if (heldBack.has(userTextOfInbox(recipient))) return INBOX_FULL;
    return store.isOutboxFull(destination.group) ? outboxFull(destination.group) : undefined;
  }
  if (store.isInboxFull(envelopeRecipient(envelope), 0)) return INBOX_FULL;
  return parked.isFull && mustPark() ? PARKED_FULL : undefined;
}

function outboxFull(group: string): Refusal {
  return { code: 'OUTBOX_FULL', message: `the outbox to ${group} holds as much as it may`, retryAfterMs: FULL_RETRY_MS };
}
